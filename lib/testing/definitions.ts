/** The `crds` of a test server: CustomResourceDefinitions as objects, as text, as files. */

import type { ResourceType } from '../object/index.js';
import {
  DefinitionError,
  parseResourceTypes,
  readResourceTypes,
  type DefinitionProblem,
} from '../rest/index.js';

/**
 * Reads all of them. Throws a DefinitionError with every problem of all of them: its file is the
 * path that was given, or `crds[2]` for what was given as an object or a text.
 */
export async function readDefinitions(
  crds: readonly (string | object)[],
): Promise<readonly ResourceType[]> {
  const types: ResourceType[] = [];
  const problems: DefinitionProblem[] = [];
  for (const [index, crd] of crds.entries()) {
    try {
      types.push(...(await readDefinition(crd, `crds[${index}]`)));
    } catch (error) {
      if (!(error instanceof DefinitionError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new DefinitionError(problems);
  return types;
}

async function readDefinition(
  crd: string | object,
  place: string,
): Promise<readonly ResourceType[]> {
  if (typeof crd === 'string' && !isDocument(crd)) return readResourceTypes([crd]);
  if (typeof crd === 'string') return parseResourceTypes(crd, place);
  // The name of a file tells its format, and JSON is read faster than YAML.
  try {
    return parseResourceTypes(JSON.stringify(crd), `${place}.json`);
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error;
    const problems = error.problems.map(({ document, ...problem }) => {
      void document;
      return { ...problem, file: place };
    });
    throw new DefinitionError(problems);
  }
}

/** Whether a text is a document and not the path of a file: it has lines, or is JSON. */
export function isDocument(text: string): boolean {
  return text.includes('\n') || text.trimStart().startsWith('{');
}
