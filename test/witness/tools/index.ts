/**
 * Where the real programs are that `fetch.mjs` got: the door of this folder for tests.
 *
 * A program that is not there is an error with its reason, never a test that quietly does nothing.
 */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export type KubectlVersion = '1.32' | '1.35';

interface Found {
  readonly kubectl: { readonly [version: string]: string };
  readonly etcd?: string;
  readonly missing: { readonly [tool: string]: string };
}

/** The kubectl of that minor version. Throws where it was not fetched, and says why. */
export function kubectlPath(version: KubectlVersion): string {
  const found = readFound();
  return found.kubectl[version] ?? refuse(`kubectl ${version}`, found);
}

/** The etcd server, on machines that have the Debian package. Throws elsewhere, and says why. */
export function etcdPath(): string {
  const found = readFound();
  return found.etcd ?? refuse('etcd', found);
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
