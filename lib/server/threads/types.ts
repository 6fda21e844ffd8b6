/** Whether the types that a thread's module gives are those that the first thread serves. */

import { qualifiedResource, type ResourceType } from '../../object/index.js';
import { ServerError } from '../error.js';

/** What types say of themselves, by the names of their resources; functions have no say. */
export function describeTypes(types: readonly ResourceType[]): Record<string, string> {
  return Object.fromEntries(types.map((type) => [qualifiedResource(type), JSON.stringify(type)]));
}

/** Throws a ServerError `thread-mismatch` that names the first type that differs. */
export function requireSameTypes(
  types: readonly ResourceType[],
  expected: Readonly<Record<string, string>>,
): void {
  const given = describeTypes(types);
  for (const name of new Set([...Object.keys(expected), ...Object.keys(given)])) {
    if (given[name] === expected[name]) continue;
    const what = given[name] === undefined ? 'is missing' : 'differs from the first thread’s';
    throw new ServerError(
      'thread-mismatch',
      `the resource ${name} that the module of the threads gives ${what}: ` +
        'every thread serves the same types',
    );
  }
}
