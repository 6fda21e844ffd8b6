/**
 * TypeScript declarations of resource types: their text, and what a strict compiler makes of it.
 */

import { execFile } from 'node:child_process';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';

import type { JsonSchema } from '../../lib/object/index.js';
import { typeDeclarations } from '../../lib/openapi/index.js';
import { defineResource, readResourceTypes } from '../../lib/rest/index.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const spec = (properties: JsonSchema, more: JsonSchema = {}): JsonSchema => {
  return { type: 'object', properties: { spec: { type: 'object', properties, ...more } } };
};

const widgets = (schema: JsonSchema): string =>
  typeDeclarations([
    defineResource({ group: 'example.com', version: 'v1', kind: 'Widget', schema }),
  ]);

/** The members of the spec as they are declared, without indentation. */
function members(properties: JsonSchema, more: JsonSchema = {}): string[] {
  const [, body = ''] = /spec\?: \{\n([^]*?)\n {2}\};/.exec(widgets(spec(properties, more))) ?? [];
  return body.split('\n').map((line) => line.trim());
}

test('a type is declared with its version, its descriptions and an alias', (t) => {
  const text = typeDeclarations([
    defineResource({
      group: 'example.com',
      kind: 'Widget',
      versions: [
        {
          name: 'v1',
          storage: true,
          schema: {
            type: 'object',
            description: 'Widget is a thing.\nIt has */ in it.',
            required: ['spec'],
            properties: {
              apiVersion: { type: 'string' },
              metadata: { type: 'object' },
              spec: {
                type: 'object',
                description: 'What is wanted.',
                required: ['size'],
                properties: {
                  size: { type: 'integer', description: 'How big.', default: 1 },
                  color: { type: 'string' },
                },
              },
            },
          },
        },
        { name: 'v1beta1', deprecated: true, deprecationWarning: 'use v1' },
      ],
    }),
  ]);
  t.is(
    text,
    `/**
 * Written by \`shardwatch types\` from CustomResourceDefinitions. What is changed here is lost when
 * it is written anew.
 */

import type { ObjectMeta } from 'shardwatch/object';

/**
 * Widget is a thing.
 * It has *\\/ in it.
 *
 * An object of widgets.example.com in version v1.
 */
export interface WidgetV1 {
  apiVersion: 'example.com/v1';
  kind: 'Widget';
  metadata: ObjectMeta;
  /** What is wanted. */
  spec: {
    /**
     * How big.
     * @default 1
     */
    size: number;
    color?: string;
  };
}

/**
 * An object of widgets.example.com in version v1beta1.
 *
 * @deprecated use v1
 */
export interface WidgetV1beta1 {
  apiVersion: 'example.com/v1beta1';
  kind: 'Widget';
  metadata: ObjectMeta;
  [key: string]: unknown;
}

/** A Widget in the version that is stored, v1. */
export type Widget = WidgetV1;
`,
  );
});

const open: JsonSchema = { 'x-kubernetes-preserve-unknown-fields': true };
const rows: readonly (readonly [string, JsonSchema, readonly string[]])[] = [
  ['a string', { type: 'string' }, ['a?: string;']],
  ['an integer', { type: 'integer', format: 'int64' }, ['a?: number;']],
  ['a flag', { type: 'boolean' }, ['a?: boolean;']],
  ['what may be null', { type: 'string', nullable: true }, ['a?: string | null;']],
  ['an enumeration', { type: 'string', enum: ["it's", 'b"c'] }, [`a?: 'it\\'s' | 'b"c';`]],
  ['numbers', { type: 'integer', enum: [1, 2] }, ['a?: 1 | 2;']],
  ['null among values', { enum: ['x', null], nullable: true }, [`a?: 'x' | null;`]],
  ['a number or a string', { 'x-kubernetes-int-or-string': true }, ['a?: number | string;']],
  ['anything', open, ['a?: unknown;']],
  ['a list', { type: 'array', items: { type: 'string' } }, ['a?: string[];']],
  [
    'a list of values',
    { type: 'array', items: { type: 'string', enum: ['x', 'y'] } },
    [`a?: ('x' | 'y')[];`],
  ],
  [
    'a list of objects that may be null',
    { type: 'array', items: { type: 'object', nullable: true, properties: { b: {} } } },
    ['a?: ({', 'b?: unknown;', '} | null)[];'],
  ],
  ['a list of anything', { type: 'array' }, ['a?: unknown[];']],
  [
    'a map',
    { type: 'object', additionalProperties: { type: 'integer' } },
    ['a?: {', '[key: string]: number;', '};'],
  ],
  [
    'an object with more',
    { type: 'object', properties: { b: { type: 'string' } }, ...open },
    ['a?: {', 'b?: string;', '[key: string]: unknown;', '};'],
  ],
  ['an object of any members', { type: 'object' }, ['a?: {', '[key: string]: unknown;', '};']],
  [
    'an object of another type',
    { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { metadata: {}, b: {} } },
    [
      'a?: {',
      'apiVersion: string;',
      'kind: string;',
      'metadata?: ObjectMeta;',
      'b?: unknown;',
      '};',
    ],
  ],
];

for (const [what, schema, expected] of rows) {
  test(`a member that is ${what}`, (t) => {
    t.deepEqual(members({ a: schema }), expected);
  });
}

test('names that are no identifiers are quoted, required members have no question mark', (t) => {
  const properties = { 'a-b': { type: 'string' }, $c: { type: 'string' } };
  t.deepEqual(members(properties, { required: ['a-b'] }), [`'a-b': string;`, '$c?: string;']);
});

test('types come in one order, and kinds that two groups have begin with the group', (t) => {
  const gadget = defineResource({ group: 'b.example.com', version: 'v1', kind: 'Gadget' });
  const one = defineResource({ group: 'a.example.com', version: 'v1', kind: 'Widget' });
  const other = defineResource({ group: 'b.example.com', version: 'v1', kind: 'Widget' });
  const text = typeDeclarations([other, gadget, one]);
  t.is(typeDeclarations([gadget, one, other]), text);
  t.deepEqual(text.match(/export \w+ \w+/g), [
    'export interface AExampleComWidgetV1',
    'export type AExampleComWidget',
    'export interface GadgetV1',
    'export type Gadget',
    'export interface BExampleComWidgetV1',
    'export type BExampleComWidget',
  ]);
});

const USE = `
import { fieldRequired } from 'shardwatch/request';
import { defineResource } from 'shardwatch/rest';
import type { App } from './types.js';

const app: App = {
  apiVersion: 'platform.example.com/v1',
  kind: 'App',
  metadata: { name: 'shop' },
  spec: { image: 'shop:1', replicas: 2, tier: 'frontend' },
};

// @ts-expect-error a misspelt field
app.spec.replica = 3;
// @ts-expect-error a tier that there is not
app.spec.tier = 'middle';
// @ts-expect-error another kind
app.kind = 'Database';

defineResource<App>({
  group: 'platform.example.com',
  version: 'v1',
  kind: 'App',
  strategy: {
    prepareForCreate(object) {
      object.spec.replicas = 1;
      // @ts-expect-error a misspelt field
      object.spec.replcas = 1;
    },
    validate: ({ spec }) => (spec.image === '' ? [fieldRequired('spec.image')] : []),
  },
});
`;

test('the declarations of the examples compile strictly, and a misspelt field does not', async (t) => {
  const text = typeDeclarations(await readResourceTypes([join(ROOT, 'examples', 'crds')]));
  t.regex(text, /export interface AppV1 \{/);
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-types-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'src'));
  await writeFile(join(folder, 'src', 'types.ts'), text);
  await writeFile(join(folder, 'src', 'use.ts'), USE);
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        target: 'es2023',
        lib: ['es2023', 'esnext.disposable'],
        module: 'nodenext',
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        noEmit: true,
        skipLibCheck: true,
        types: ['node'],
        typeRoots: [join(ROOT, 'node_modules', '@types')],
        paths: { 'shardwatch/*': [join(ROOT, 'lib', '*', 'index.ts')] },
      },
      include: ['src'],
    }),
  );
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const run = promisify(execFile)(process.execPath, [compiler, '-p', folder]);
  const failure = await run.then(
    () => undefined,
    ({ stdout }: { stdout: string }) => stdout,
  );
  t.is(failure, undefined);
});
