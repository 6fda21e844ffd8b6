/**
 * Where the real programs are that `fetch.mjs` got: the door of this folder for tests.
 *
 * A program that is not there is an error with its reason, never a test that quietly does nothing.
 */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export type KubectlVersion = '1.32' | '1.35';

export interface Etcd {
  /** As it tells itself: `3.5.1`. */
  readonly version: string;
  readonly path: string;
}

interface Found {
  readonly kubectl: { readonly [version: string]: string };
  readonly etcd: readonly Etcd[];
  readonly missing: { readonly [tool: string]: string };
}

/** The kubectl of that minor version. Throws where it was not fetched, and says why. */
export function kubectlPath(version: KubectlVersion): string {
  const found = readFound();
  return found.kubectl[version] ?? refuse(`kubectl ${version}`, found);
}

/** The etcd servers that are here, the oldest first. Throws where there is none, and says why. */
export function etcds(): readonly [Etcd, ...Etcd[]] {
  const found = readFound();
  const [oldest, ...newer] = found.etcd;
  if (oldest === undefined) throw new Error(`etcd is not here: ${JSON.stringify(found.missing)}`);
  return [oldest, ...newer];
}

function refuse(tool: string, found: Found): never {
  throw new Error(`${tool} is not here: ${found.missing[tool] ?? 'it was never looked for'}`);
}

function readFound(): Found {
  const file = join(rootOf(import.meta.dirname), '.cache/tools/found.json');
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Found;
  } catch (cause) {
    throw new Error('no tools were fetched: run node test/witness/tools/fetch.mjs', { cause });
  }
}

function rootOf(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : rootOf(dirname(folder));
}
