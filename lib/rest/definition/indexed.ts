/** Reading `indexedLabels`: by which labels lists find objects of a type. */

import { isQualifiedName } from '../../object/index.js';
import type { DefinitionField } from './field.js';

/** As many as selectable fields: every index takes memory for every object. */
const INDEXED_LABELS_MAX = 8;

/** Keys of labels, each once; undefined where the option is absent. */
export function readIndexedLabels(option: DefinitionField): readonly string[] | undefined {
  if (option.isAbsent) return undefined;
  const keys: string[] = [];
  for (const element of option.elements()) {
    const key = element.requiredText();
    const reason = key === '' ? undefined : isQualifiedName(key)[0];
    if (reason !== undefined) element.refuse(`must be the key of a label: ${reason}`);
    if (keys.includes(key)) element.refuse('is there twice');
    keys.push(key);
  }
  if (keys.length > INDEXED_LABELS_MAX) {
    option.refuse(`must have at most ${INDEXED_LABELS_MAX} items`);
  }
  return keys;
}
