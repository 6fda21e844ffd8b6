/**
 * Selectable fields (KEP-4358): which fields of an object a field selector may name. A field is a
 * plain path to a string, integer or boolean of the schema; metadata has its own selectors.
 */

import type { JsonSchema } from '../../object/index.js';
import type { DefinitionField } from './field.js';
import { isRecord } from './field.js';

/** Each is kept for every object of the type; upstream's limit. */
const SELECTABLE_FIELDS_MAX = 8;

const PLAIN_PATH = /^\.[A-Za-z_][-A-Za-z0-9_]*(?:\.[A-Za-z_][-A-Za-z0-9_]*)*$/;
const SELECTABLE_TYPES: ReadonlySet<unknown> = new Set(['string', 'integer', 'boolean']);

/** Reads `selectableFields`: paths without the leading dot. */
export function readSelectableFields(
  list: DefinitionField,
  schema: JsonSchema | undefined,
): readonly string[] {
  const elements = list.elements();
  if (elements.length > SELECTABLE_FIELDS_MAX) {
    list.refuse(`must have at most ${SELECTABLE_FIELDS_MAX} items`);
  }
  const paths: string[] = [];
  for (const element of elements) {
    if (!element.isObject(['jsonPath'])) continue;
    const field = element.member('jsonPath');
    const text = field.requiredText();
    if (text === '') continue;
    const path = text.slice(1);
    if (!PLAIN_PATH.test(text)) {
      field.refuse('must be a plain path such as .spec.color');
    } else if (/^(?:metadata|apiVersion|kind)(?:\.|$)/.test(path)) {
      field.refuse('must not lead to metadata, apiVersion or kind');
    } else if (paths.includes(path)) {
      field.refuse('is there twice');
    } else if (schema !== undefined && !isSelectable(schema, path)) {
      field.refuse('must lead to a string, integer or boolean of the schema');
    } else {
      paths.push(path);
    }
  }
  return paths;
}

function isSelectable(schema: JsonSchema, path: string): boolean {
  let node: unknown = schema;
  for (const name of path.split('.')) {
    const properties: unknown = isRecord(node) ? node['properties'] : undefined;
    node = isRecord(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined;
  }
  return isRecord(node) && SELECTABLE_TYPES.has(node['type']);
}
