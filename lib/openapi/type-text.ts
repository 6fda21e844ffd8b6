/**
 * OpenAPI v3 schemas, as definitions carry them, as TypeScript types.
 *
 *  1. A type says what an object may look like, not every rule: patterns, ranges and what anyOf,
 *     oneOf, allOf and not demand are left to validation.
 *  2. What a schema leaves open is `unknown`, not refused: the server keeps it.
 *  3. The text follows from the schema alone, members in its order.
 */

import type { JsonSchema, JsonValue } from '../object/index.js';

const INDENT = '  ';

/** The type of a value; what stands on further lines is indented by `indent`. */
export function typeText(schema: JsonSchema, indent: string = ''): string {
  const type = plainTypeText(schema, indent);
  return schema['nullable'] === true && type !== 'unknown' && !mayBeNull(schema)
    ? `${type} | null`
    : type;
}

/** The members of an object type, each with its comment, on lines of their own. */
export function memberTexts(
  schema: JsonSchema,
  indent: string,
  isMember: (name: string) => boolean = () => true,
): string[] {
  const { properties } = schema;
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : []);
  return Object.entries(isSchema(properties) ? properties : {})
    .filter(([name]) => isMember(name))
    .map(([name, member]) => {
      const child: JsonSchema = isSchema(member) ? member : {};
      const key = `${propertyName(name)}${required.has(name) ? '' : '?'}`;
      return `${commentText(commentOf(child), indent)}${indent}${key}: ${typeText(child, indent)};\n`;
    });
}

/** A doc comment of these lines, or nothing where there are none. */
export function commentText(lines: readonly string[], indent: string): string {
  const safe = lines.map((line) => line.replaceAll('*/', '*\\/').trimEnd());
  if (safe.length === 0) return '';
  if (safe.length === 1) return `${indent}/** ${safe[0]} */\n`;
  const body = safe.map((line) => `${indent} *${line === '' ? '' : ` ${line}`}\n`);
  return `${indent}/**\n${body.join('')}${indent} */\n`;
}

/** What a schema says about itself, line by line. */
export function commentOf(schema: JsonSchema): string[] {
  const { description } = schema;
  const lines = typeof description === 'string' ? description.trim().split(/\r?\n/) : [];
  const told = lines.join('') === '' ? [] : lines;
  if (schema['default'] !== undefined) told.push(`@default ${JSON.stringify(schema['default'])}`);
  return told;
}

function plainTypeText(schema: JsonSchema, indent: string): string {
  const values = schema['enum'];
  if (Array.isArray(values) && values.length > 0) return union(values.map(literalText));
  if (schema['x-kubernetes-int-or-string'] === true) return 'number | string';
  switch (schema['type']) {
    case 'string':
      return 'string';
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'array':
      return arrayText(schema['items'], indent);
    case 'object':
      return objectText(schema, indent);
    default:
      return isSchema(schema['properties']) ? objectText(schema, indent) : 'unknown';
  }
}

function arrayText(items: JsonValue | undefined, indent: string): string {
  if (!isSchema(items)) return 'unknown[]';
  const element = typeText(items, indent);
  return isUnion(items) ? `(${element})[]` : `${element}[]`;
}

function isUnion(schema: JsonSchema): boolean {
  const values = schema['enum'];
  return (
    schema['nullable'] === true ||
    schema['x-kubernetes-int-or-string'] === true ||
    (Array.isArray(values) && values.length > 1)
  );
}

function objectText(schema: JsonSchema, indent: string): string {
  const inner = indent + INDENT;
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  const members = memberTexts(schema, inner, (name) => !isEmbedded || !OBJECT_FIELDS.has(name));
  if (isEmbedded) {
    const fields = ['apiVersion: string', 'kind: string', 'metadata?: ObjectMeta'];
    members.unshift(...fields.map((field) => `${inner}${field};\n`));
  }
  const rest = restText(schema, members.length > 0, inner);
  if (rest !== undefined) members.push(`${inner}[key: string]: ${rest};\n`);
  return `{\n${members.join('')}${indent}}`;
}

// Beside declared members only `unknown` holds for all that there may be.
function restText(schema: JsonSchema, hasMembers: boolean, indent: string): string | undefined {
  const { additionalProperties } = schema;
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return 'unknown';
  if (additionalProperties === true) return 'unknown';
  if (isSchema(additionalProperties)) {
    return hasMembers ? 'unknown' : typeText(additionalProperties, indent);
  }
  return hasMembers ? undefined : 'unknown';
}

/** What stands in every object, whatever its schema says. */
export const OBJECT_FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

function literalText(value: JsonValue): string {
  if (typeof value === 'string') return stringText(value);
  return typeof value === 'object' && value !== null ? 'unknown' : JSON.stringify(value);
}

/** A string as it stands in TypeScript, in single quotes. */
export function stringText(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${inner}'`;
}

function union(types: readonly string[]): string {
  return [...new Set(types)].join(' | ');
}

function mayBeNull(schema: JsonSchema): boolean {
  const values = schema['enum'];
  return Array.isArray(values) && values.includes(null);
}

function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : stringText(name);
}

function isSchema(value: JsonValue | undefined): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
