/** Files that flags name. */

import { readFile } from 'node:fs/promises';

import { FlagError } from './flag-error.js';

/** The text of a file that a flag names. Throws a FlagError that names both. */
export async function readFlagFile(flag: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new FlagError(`${flag} ${file}: ${(error as Error).message}`);
  }
}
