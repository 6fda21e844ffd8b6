/** Which indexes a cache has: what its options say, checked, or what they leave to the default. */

import type { EngineCacheOptions, IndexDeclaration } from './contract.js';

/** All declared fields and no label, unless told otherwise. */
export function indexesOf({
  fields,
  indexes,
}: Pick<EngineCacheOptions, 'fields' | 'indexes'>): IndexDeclaration {
  return indexes ?? { fields: [...new Set(fields)], labels: [] };
}
