/** Which indexes a cache has: what its options say, checked, or what they leave to the default. */

import type { EngineCacheOptions, IndexDeclaration } from './contract.js';

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
