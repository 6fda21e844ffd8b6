/** `shardwatch types`: TypeScript declarations of what CustomResourceDefinition files define. */

import { writeFile } from 'node:fs/promises';
import { typeDeclarations } from '../openapi/index.js';
import { DefinitionError, readResourceTypes } from '../rest/index.js';

export interface TypesOptions {
  /** Where the text goes. Default: standard output. */
  readonly out?: string;
}

/** Resolves to the exit code: 0, or 1 where a file can't be used; then standard error says why. */
export async function types(files: readonly string[], options: TypesOptions): Promise<number> {
  let text: string;
  try {
    text = typeDeclarations(await readResourceTypes(files));
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    return 1;
  }
  if (options.out === undefined) {
    process.stdout.write(text);
    return 0;
  }
  try {
    await writeFile(options.out, text);
    return 0;
  } catch (error) {
    process.stderr.write(`error: --out ${options.out}: ${(error as Error).message}\n`);
    return 1;
  }
}
