/**
 * JSON Patch (RFC 6902), applied to losslessly decoded values.
 *
 *  1. Pure: target and operations stay as they are; the result shares nothing with them.
 *  2. All or nothing: the first operation that fails throws, and nothing has changed.
 *  3. `test` compares number lexemes, as upstream compares bytes: 1 is not 1.0.
 *  4. As upstream, and unlike the RFC, because clients have come to rely on it: `test` for null
 *     holds where there is no such member ("still not set"), `replace` adds a member that is not
 *     there, a value that is left out is null, and array indices below 0 count from the end.
 */

import { Pointer } from 'rfc6902';
import type { JsonValue } from '../object/index.js';
import {
  cloneJson,
  encodeJson,
  equalJson,
  getMember,
  isJsonObject,
  JsonError,
  setMember,
} from '../object/lossless/index.js';
import type { JsonObject } from '../object/lossless/index.js';
import { PatchError } from './error.js';

/** Operations in one patch; upstream's limit. */
export const JSON_PATCH_OPERATIONS_MAX = 10_000;

/** Bytes that the `copy` operations of one patch may copy in all: upstream's limit, 3 MiB. */
export const JSON_PATCH_COPY_BYTES_MAX: number = 3 * 1024 * 1024;

/** One operation as it came; which members it has is found out when it is applied. */
export type JsonPatchOperation = { readonly [member: string]: JsonValue };

/**
 * Takes a decoded document for a patch. Throws a PatchError `malformed` when it is no array of
 * objects with texts for `op`, `path` and `from`, and `too-many-operations` beyond
 * JSON_PATCH_OPERATIONS_MAX.
 */
export function parseJsonPatch(document: JsonValue): readonly JsonPatchOperation[] {
  if (!Array.isArray(document)) {
    throw new PatchError('malformed', 'a JSON patch must be an array of operations');
  }
  const operations = document as readonly JsonValue[];
  if (operations.length > JSON_PATCH_OPERATIONS_MAX) {
    throw new PatchError(
      'too-many-operations',
      `The allowed maximum operations in a JSON patch is ${JSON_PATCH_OPERATIONS_MAX}, ` +
        `got ${operations.length}`,
    );
  }
  return operations.map((operation, index) => {
    if (!isJsonObject(operation)) {
      throw new PatchError('malformed', `operation ${index} of the patch is not an object`, index);
    }
    for (const member of ['op', 'path', 'from']) {
      const value = getMember(operation, member) ?? null;
      if (value === null || typeof value === 'string') continue;
      throw new PatchError('malformed', `"${member}" of operation ${index} is no string`, index);
    }
    return operation;
  });
}

/**
 * The target after all operations. Throws a PatchError `test-failed`, `not-applicable` or
 * `copy-too-large` that names the operation.
 */
export function applyJsonPatch(
  target: JsonValue,
  operations: readonly JsonPatchOperation[],
): JsonValue {
  const patching = new Patching(cloneJson(target));
  for (const [index, operation] of operations.entries()) {
    try {
      patching.apply(operation, index);
    } catch (error) {
      // Copies can nest deeper than JSON may be here.
      if (!(error instanceof JsonError)) throw error;
      throw new PatchError('not-applicable', `operation ${index}: ${error.message}`, index);
    }
  }
  return patching.root;
}

interface Location {
  /** `undefined`: the whole document. */
  readonly parent: JsonObject | JsonValue[] | undefined;
  readonly key: string;
}

class Patching {
  root: JsonValue;
  #index = 0;
  #bytesCopied = 0;

  constructor(root: JsonValue) {
    this.root = root;
  }

  apply(operation: JsonPatchOperation, index: number): void {
    this.#index = index;
    const kind = getMember(operation, 'op');
    switch (kind) {
      case 'add':
        return this.#add(this.#pointer(operation, 'path'), cloneJson(this.#value(operation)));
      case 'replace':
        return this.#replace(this.#pointer(operation, 'path'), this.#value(operation));
      case 'remove':
        return void this.#remove(this.#pointer(operation, 'path'));
      case 'move':
        return this.#move(this.#pointer(operation, 'from'), this.#pointer(operation, 'path'));
      case 'copy':
        return this.#copy(this.#pointer(operation, 'from'), this.#pointer(operation, 'path'));
      case 'test':
        return this.#test(this.#pointer(operation, 'path'), this.#value(operation));
      default:
        throw this.#error(`unknown operation ${JSON.stringify(kind) ?? '(no "op")'}`);
    }
  }

  #add(path: string, value: JsonValue): void {
    const { parent, key } = this.#locate(path);
    if (parent === undefined) {
      this.root = value;
    } else if (Array.isArray(parent)) {
      // One more than there are: what is added may come last.
      const index = key === '-' ? parent.length : parseIndex(key, parent.length + 1);
      if (index === undefined) throw this.#error(`"${path}" is not an index of the array`);
      parent.splice(index, 0, value);
    } else {
      setMember(parent, key, value);
    }
  }

  #replace(path: string, value: JsonValue): void {
    const location = this.#locate(path);
    const { parent, key } = location;
    if (parent === undefined) {
      this.root = cloneJson(value);
    } else if (Array.isArray(parent)) {
      this.#existing(location, path);
      parent[parseIndex(key, parent.length) as number] = cloneJson(value);
    } else {
      setMember(parent, key, cloneJson(value));
    }
  }

  #remove(path: string): JsonValue {
    const location = this.#locate(path);
    const value = this.#existing(location, path);
    const { parent, key } = location;
    if (parent === undefined) throw this.#error('the whole document cannot be removed');
    if (Array.isArray(parent)) parent.splice(parseIndex(key, parent.length) as number, 1);
    else delete parent[key];
    return value;
  }

  #move(from: string, path: string): void {
    if (path.startsWith(`${from}/`)) {
      throw this.#error(`"${from}" cannot be moved into one of its own members`);
    }
    if (from === path) this.#existing(this.#locate(from), from);
    else this.#add(path, this.#remove(from));
  }

  #copy(from: string, path: string): void {
    const value = this.#existing(this.#locate(from), from);
    this.#bytesCopied += encodeJson(value).length;
    if (this.#bytesCopied > JSON_PATCH_COPY_BYTES_MAX) {
      throw this.#error(
        `the copy operations copy more than ${JSON_PATCH_COPY_BYTES_MAX} bytes`,
        'copy-too-large',
      );
    }
    this.#add(path, cloneJson(value));
  }

  #test(path: string, expected: JsonValue): void {
    const value = this.#find(this.#locate(path));
    if (equalJson(value ?? null, expected)) return;
    throw this.#error(`testing value ${path} failed`, 'test-failed');
  }

  #pointer(operation: JsonPatchOperation, member: 'path' | 'from'): string {
    const pointer = getMember(operation, member);
    if (typeof pointer !== 'string') throw this.#error(`"${member}" must be a string`);
    if (pointer !== '' && !pointer.startsWith('/')) {
      throw this.#error(`"${member}" is not a JSON pointer: ${pointer}`);
    }
    return pointer;
  }

  #value(operation: JsonPatchOperation): JsonValue {
    return getMember(operation, 'value') ?? null;
  }

  #locate(pointer: string): Location {
    const tokens = Pointer.fromJSON(pointer).tokens.slice(1);
    const key = tokens.pop();
    if (key === undefined) return { parent: undefined, key: '' };
    let parent: JsonValue | undefined = this.root;
    for (const token of tokens) parent = child(parent, token);
    if (Array.isArray(parent)) return { parent: parent as JsonValue[], key };
    if (isJsonObject(parent)) return { parent, key };
    throw this.#error(`there is nothing that could contain "${pointer}"`);
  }

  #find({ parent, key }: Location): JsonValue | undefined {
    return parent === undefined ? this.root : child(parent, key);
  }

  #existing(location: Location, pointer: string): JsonValue {
    const value = this.#find(location);
    if (value === undefined) throw this.#error(`there is no "${pointer}"`);
    return value;
  }

  #error(reason: string, code: PatchError['code'] = 'not-applicable'): PatchError {
    return new PatchError(code, `operation ${this.#index}: ${reason}`, this.#index);
  }
}

function child(parent: JsonValue | undefined, token: string): JsonValue | undefined {
  if (Array.isArray(parent)) {
    const entries = parent as JsonValue[];
    const index = parseIndex(token, entries.length);
    return index === undefined ? undefined : entries[index];
  }
  return isJsonObject(parent) ? getMember(parent, token) : undefined;
}

// RFC 6901: digits without leading zeros; a sign in front counts from the end.
function parseIndex(token: string, length: number): number | undefined {
  if (!/^-?(0|[1-9][0-9]{0,9})$/.test(token)) return undefined;
  const index = token.startsWith('-') ? length + Number(token) : Number(token);
  return index >= 0 && index < length ? index : undefined;
}
