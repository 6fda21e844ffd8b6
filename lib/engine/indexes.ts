/** Which indexes a cache has: what its options say, checked, or what they leave to the default. */

import type { EngineCacheOptions } from './contract.js';

/**
 * By which values a list, or a watch's initial state, finds its objects without looking at all of
 * them. An index takes memory for every object that has a value, and time of every write that
 * changes one.
 */
export interface IndexDeclaration {
  /** Some of the declared fields, each once. */
  readonly fields: readonly string[];
  /** Keys of labels, each once. */
  readonly labels: readonly string[];
}

/** All declared fields and no label, unless told otherwise. */
export function indexesOf({
  fields,
  indexes,
}: Pick<EngineCacheOptions, 'fields' | 'indexes'>): IndexDeclaration {
  return indexes ?? { fields: [...new Set(fields)], labels: [] };
}

/** How lists name the indexes that they walk, by their numbers: fields come first. */
export function indexNames({ fields, labels }: IndexDeclaration): readonly string[] {
  return [...fields.map((path) => `f:${path}`), ...labels.map((key) => `l:${key}`)];
}
