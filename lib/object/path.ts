/**
 * Where in a document a key stands, as error messages write it: `spec.containers[0].name`. Made
 * from the containers that the scanner has open, and only when there is an error to tell.
 */

import { keyBytes } from './keys.js';
import type { JsonScanner } from './scanner.js';
import { FIRST, KIND, KIND_MASK, KIND_OBJECT, NEXT, NONE } from './tape.js';

/** The path to a key of the innermost container that the scanner has open. */
export function pathTo(scanner: JsonScanner, key: number): string {
  let path = '';
  for (let depth = 0; depth < scanner.depth; depth++) {
    const container = scanner.containers[depth] as number;
    const last = depth === scanner.depth - 1;
    const child = last ? key : (scanner.tails[depth] as number);
    const isObject = ((scanner.entries[container + KIND] as number) & KIND_MASK) === KIND_OBJECT;
    if (!isObject) path += `[${elementIndex(scanner, container)}]`;
    else path += `${path === '' ? '' : '.'}${keyText(scanner, child)}`;
  }
  return path;
}

// The index of the newest element of an open array.
function elementIndex(scanner: JsonScanner, container: number): number {
  let index = -1;
  for (let child = scanner.entries[container + FIRST] as number; child !== NONE; index++) {
    child = scanner.entries[child + NEXT] as number;
  }
  return index;
}

function keyText(scanner: JsonScanner, key: number): string {
  return Buffer.from(keyBytes(scanner, key)).toString('utf8');
}
