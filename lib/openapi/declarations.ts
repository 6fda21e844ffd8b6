/**
 * TypeScript declarations of resource types: an interface for each kind and version, made of its
 * schema, and the kind by itself for the version that is stored.
 */

import { apiVersionOf, qualifiedResource, storageVersion } from '../object/index.js';
import type { JsonSchema, ResourceType, ResourceVersion } from '../object/index.js';
import { commentOf, commentText, memberTexts, OBJECT_FIELDS, stringText } from './type-text.js';

const HEADER = `/**
 * Written by \`shardwatch types\` from CustomResourceDefinitions. What is changed here is lost when
 * it is written anew.
 */

import type { ObjectMeta } from ${stringText('shardwatch/object')};
`;

/**
 * The text of a module that exports, for a kind Widget with a version v1, `WidgetV1` and `Widget`.
 * Kinds that several groups have begin with their group: `ExampleComWidgetV1`. The same types give
 * the same text.
 */
export function typeDeclarations(types: readonly ResourceType[]): string {
  const sorted = [...types].sort((left, right) => {
    return left.group === right.group
      ? compare(left.kind, right.kind)
      : compare(left.group, right.group);
  });
  const shared = new Set(sorted.map(({ kind }) => kind).filter(isRepeated));
  const texts = sorted.map((type) => {
    const name = shared.has(type.kind) ? `${groupName(type.group)}${type.kind}` : type.kind;
    return declarationsOf(type, name);
  });
  return [HEADER, ...texts].join('\n');
}

function declarationsOf(type: ResourceType, name: string): string {
  const stored = storageVersion(type).name;
  const alias =
    commentText([`A ${type.kind} in the version that is stored, ${stored}.`], '') +
    `export type ${name} = ${name}${capitalised(stored)};\n`;
  const interfaces = type.versions.map((version) => interfaceText(type, version, name));
  return [...interfaces, alias].join('\n');
}

function interfaceText(type: ResourceType, version: ResourceVersion, name: string): string {
  const schema: JsonSchema = version.schema ?? {};
  const apiVersion = apiVersionOf(type.group, version.name);
  const isOpen = Object.keys(schema).every((key) => key === 'type' || key === 'description');
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;
  return [
    commentText(comment(type, version, schema), ''),
    `export interface ${name}${capitalised(version.name)} {\n`,
    `  apiVersion: ${stringText(apiVersion)};\n`,
    `  kind: ${stringText(type.kind)};\n`,
    '  metadata: ObjectMeta;\n',
    ...memberTexts(schema, '  ', (member) => !OBJECT_FIELDS.has(member)),
    isOpen || preserves ? '  [key: string]: unknown;\n' : '',
    '}\n',
  ].join('');
}

function comment(type: ResourceType, version: ResourceVersion, schema: JsonSchema): string[] {
  const told = commentOf({ ...schema, default: undefined as never });
  const lines = told.length > 0 ? [...told, ''] : [];
  lines.push(`An object of ${qualifiedResource(type)} in version ${version.name}.`);
  if (!version.deprecated) return lines;
  const warning = version.deprecationWarning ?? 'Use another version.';
  return [...lines, '', `@deprecated ${warning}`];
}

function isRepeated(kind: string, index: number, kinds: readonly string[]): boolean {
  return kinds.indexOf(kind) !== index;
}

/** `ExampleCom` for `example.com`, `Core` for the core group. */
function groupName(group: string): string {
  return (group === '' ? 'core' : group).split(/[.-]/).map(capitalised).join('');
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

// By code units: the same everywhere, whatever the locale.
function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
