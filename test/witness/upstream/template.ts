/** Fills the placeholders of scenarios: `{{name}}`, `{{saved.path.to.value}}`, `base64(…)`. */

import { encodeJsonText } from '../../../lib/object/lossless/index.js';

/** What placeholders stand for: texts, and decoded answers to look into. */
export type Values = ReadonlyMap<string, unknown>;

/** Throws when something is named that there is not. */
export function fill(template: string, values: Values): string {
  return template
    .replace(/\{\{([\w.-]+)\}\}/g, (_, path: string) => lookUp(path, values))
    .replace(/base64\(([^)]*)\)/g, (_, text: string) => Buffer.from(text).toString('base64url'));
}

function lookUp(path: string, values: Values): string {
  const [name = '', ...steps] = path.split('.');
  let value: unknown = values.get(name);
  for (const step of steps) value = (value as { [key: string]: unknown } | undefined)?.[step];
  if (value === undefined || value === null) throw new Error(`nothing to put in for {{${path}}}`);
  return typeof value === 'object' ? encodeJsonText(value) : String(value);
}
