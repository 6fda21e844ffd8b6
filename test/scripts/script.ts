/** Loads a script of the checkout: scripts are plain modules, not compiled with the tests. */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

export const ROOT: string = rootOf(import.meta.dirname);

export async function loadScript<Exports>(path: string): Promise<Exports> {
  return (await import(pathToFileURL(join(ROOT, path)).href)) as Exports;
}

function rootOf(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : rootOf(dirname(folder));
}
