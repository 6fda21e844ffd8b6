import test from 'ava';
import { isQualifiedName } from '../../lib/object/index.js';
import { DefinitionError, defineResource } from '../../lib/rest/definition/index.js';
import type { ResourceOptions } from '../../lib/rest/definition/index.js';

const minimal: ResourceOptions = { group: 'example.com', version: 'v1', kind: 'Widget' };

test('names, scope and the only version follow from group, version and kind', (t) => {
  t.deepEqual(defineResource(minimal), {
    group: 'example.com',
    resource: 'widgets',
    singular: 'widget',
    kind: 'Widget',
    listKind: 'WidgetList',
    namespaced: true,
    shortNames: [],
    categories: [],
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        deprecated: false,
        statusSubresource: false,
        printerColumns: [],
        selectableFields: [],
      },
    ],
  });
});

test('everything can be told', (t) => {
  const schema = {
    type: 'object',
    properties: { spec: { type: 'object', properties: { color: { type: 'string' } } } },
  };
  const type = defineResource({
    ...minimal,
    plural: 'widgetry',
    singular: 'wdg',
    listKind: 'Widgets',
    scope: 'Cluster',
    shortNames: ['wd'],
    categories: ['all'],
    schema,
    statusSubresource: true,
    printerColumns: [{ name: 'Color', type: 'string', jsonPath: '.spec.color', priority: 1 }],
    selectableFields: ['spec.color'],
    indexedLabels: ['app', 'example.com/tier'],
  });
  t.is(type.resource, 'widgetry');
  t.deepEqual(type.indexedLabels, ['app', 'example.com/tier']);
  t.is(type.singular, 'wdg');
  t.is(type.listKind, 'Widgets');
  t.false(type.namespaced);
  t.deepEqual(type.shortNames, ['wd']);
  t.deepEqual(type.categories, ['all']);
  t.deepEqual(type.versions, [
    {
      name: 'v1',
      served: true,
      storage: true,
      deprecated: false,
      schema,
      statusSubresource: true,
      printerColumns: [{ name: 'Color', type: 'string', priority: 1, jsonPath: '.spec.color' }],
      selectableFields: ['spec.color'],
    },
  ]);
});

test('several versions, one of them stored', (t) => {
  const { versions } = defineResource({
    group: 'example.com',
    kind: 'Widget',
    versions: [
      { name: 'v1', storage: true },
      { name: 'v1beta1', deprecated: true, deprecationWarning: 'use v1', served: false },
    ],
  });
  t.deepEqual(
    versions.map(({ name, served, storage, deprecated, deprecationWarning }) => {
      return { name, served, storage, deprecated, deprecationWarning };
    }),
    [
      {
        name: 'v1',
        served: true,
        storage: true,
        deprecated: false,
        deprecationWarning: undefined,
      },
      {
        name: 'v1beta1',
        served: false,
        storage: false,
        deprecated: true,
        deprecationWarning: 'use v1',
      },
    ],
  );
});

const plurals: readonly (readonly [string, string])[] = [
  ['Widget', 'widgets'],
  ['Policy', 'policies'],
  ['Gateway', 'gateways'],
  ['Class', 'classes'],
  ['Box', 'boxes'],
  ['Batch', 'batches'],
];

for (const [kind, plural] of plurals) {
  test(`the plural of ${kind}`, (t) => {
    t.is(defineResource({ ...minimal, kind }).resource, plural);
  });
}

test('a group may be the core group, or a single word', (t) => {
  t.is(defineResource({ ...minimal, group: '' }).group, '');
  t.is(defineResource({ ...minimal, group: 'apps' }).group, 'apps');
});

test('a definition is frozen, and apart from the options it was made of', (t) => {
  const shortNames = ['wd'];
  const schema = { type: 'object', properties: {} };
  const type = defineResource({ ...minimal, shortNames, schema });
  shortNames.push('x');
  t.deepEqual(type.shortNames, ['wd']);
  t.throws(() => (type.shortNames as string[]).push('y'));
  t.true(Object.isFrozen(type.versions[0]?.schema?.['properties']));
  t.false(Object.isFrozen(schema.properties));
});

const label = /lower case alphanumeric characters or '-', start with an alphabetic character/;
type Row = readonly [name: string, options: unknown, field: string, reason: string | RegExp];

const refused: readonly Row[] = [
  ['no kind', { group: 'example.com', version: 'v1' }, 'kind', 'is required'],
  ['an empty kind', { ...minimal, kind: '' }, 'kind', 'must not be empty'],
  ['a number for a kind', { ...minimal, kind: 7 }, 'kind', 'must be a string'],
  ['a kind with a space', { ...minimal, kind: 'My Widget', plural: 'w' }, 'kind', label],
  ['a bad plural', { ...minimal, plural: 'Widgets' }, 'plural', label],
  ['a bad singular', { ...minimal, singular: '1' }, 'singular', label],
  ['a bad short name', { ...minimal, shortNames: ['a', 'B'] }, 'shortNames[1]', label],
  ['short names as text', { ...minimal, shortNames: 'wd' }, 'shortNames', 'must be a list'],
  ['a bad category', { ...minimal, categories: ['-'] }, 'categories[0]', label],
  ['a bad list kind', { ...minimal, listKind: 'W L' }, 'listKind', label],
  [
    'kind as list kind',
    { ...minimal, listKind: 'Widget' },
    'listKind',
    'must differ from the kind',
  ],
  ['a bad group', { ...minimal, group: 'Example' }, 'group', /RFC 1123 subdomain/],
  ['a bad scope', { ...minimal, scope: 'Global' }, 'scope', 'must be one of Namespaced, Cluster'],
  ['no version', { group: 'example.com', kind: 'Widget' }, 'version', 'is required'],
  ['a bad version', { ...minimal, version: 'V1' }, 'version', label],
  ['an unknown option', { ...minimal, shortName: 'x' }, 'shortName', 'is not a known field'],
  [
    'a version beside versions',
    { ...minimal, versions: [{ name: 'v1' }] },
    'version',
    'must not stand beside versions',
  ],
  [
    'an unknown option of a version',
    { group: 'e.com', kind: 'W', versions: [{ name: 'v1', store: true }] },
    'versions[0].store',
    'is not a known field',
  ],
  ['no versions', { group: 'e.com', kind: 'W', versions: [] }, 'versions', 'must not be empty'],
  [
    'two stored versions',
    {
      group: 'e.com',
      kind: 'W',
      versions: [
        { name: 'v1', storage: true },
        { name: 'v2', storage: true },
      ],
    },
    'versions',
    'must have exactly one version with storage: true, has 2',
  ],
  [
    'no stored version of several',
    { group: 'e.com', kind: 'W', versions: [{ name: 'v1' }, { name: 'v2' }] },
    'versions',
    'must have exactly one version with storage: true, has 0',
  ],
  [
    'a version twice',
    { group: 'e.com', kind: 'W', versions: [{ name: 'v1', storage: true }, { name: 'v1' }] },
    'versions[1].name',
    '"v1" is there twice',
  ],
  [
    'a warning without deprecation',
    { group: 'e.com', kind: 'W', versions: [{ name: 'v1', deprecationWarning: 'x' }] },
    'versions[0].deprecationWarning',
    'must not be there unless deprecated is true',
  ],
  ['a schema of text', { ...minimal, schema: 'object' }, 'schema', 'must be an object'],
  [
    'a schema of strings',
    { ...minimal, schema: { type: 'string' } },
    'schema.type',
    'must be object',
  ],
  [
    'a status flag of text',
    { ...minimal, statusSubresource: 'yes' },
    'statusSubresource',
    'must be true or false',
  ],
  [
    'a column without a path',
    { ...minimal, printerColumns: [{ name: 'A', type: 'string' }] },
    'printerColumns[0].jsonPath',
    'is required',
  ],
  [
    'a column of an unknown type',
    { ...minimal, printerColumns: [{ name: 'A', type: 'text', jsonPath: '.a' }] },
    'printerColumns[0].type',
    'must be one of string, integer, number, boolean, date',
  ],
  [
    'a column with a bad format',
    { ...minimal, printerColumns: [{ name: 'A', type: 'string', format: 'x', jsonPath: '.a' }] },
    'printerColumns[0].format',
    /^must be one of int32,/,
  ],
  [
    'a column with a bad path',
    { ...minimal, printerColumns: [{ name: 'A', type: 'string', jsonPath: '.a[' }] },
    'printerColumns[0].jsonPath',
    'an index, a quoted name or a filter is missing at character 4',
  ],
  [
    'a column with a negative priority',
    { ...minimal, printerColumns: [{ name: 'A', type: 'date', jsonPath: '.a', priority: -1 }] },
    'printerColumns[0].priority',
    'must be a whole number, 0 or more',
  ],
  [
    'nine selectable fields',
    { ...minimal, selectableFields: [...'abcdefghi'].map((name) => `spec.${name}`) },
    'selectableFields',
    'must have at most 8 items',
  ],
  [
    'a selectable field twice',
    { ...minimal, selectableFields: ['spec.a', 'spec.a'] },
    'selectableFields[1]',
    'is there twice',
  ],
  [
    'metadata as a selectable field',
    { ...minimal, selectableFields: ['metadata.name'] },
    'selectableFields[0]',
    'must not lead to metadata, apiVersion or kind',
  ],
  [
    'an index in a selectable field',
    { ...minimal, selectableFields: ['spec.a[0]'] },
    'selectableFields[0]',
    'must be a plain path such as .spec.color',
  ],
  [
    'a selectable field that the schema lacks',
    { ...minimal, schema: { type: 'object' }, selectableFields: ['spec.a'] },
    'selectableFields[0]',
    'must lead to a string, integer or boolean of the schema',
  ],
  [
    'nine indexed labels',
    { ...minimal, indexedLabels: [...'abcdefghi'] },
    'indexedLabels',
    'must have at most 8 items',
  ],
  [
    'an indexed label twice',
    { ...minimal, indexedLabels: ['app', 'app'] },
    'indexedLabels[1]',
    'is there twice',
  ],
  [
    'an indexed label that no label is',
    { ...minimal, indexedLabels: ['-app'] },
    'indexedLabels[0]',
    `must be the key of a label: ${isQualifiedName('-app')[0]}`,
  ],
  [
    'an indexed label that is no text',
    { ...minimal, indexedLabels: [5] },
    'indexedLabels[0]',
    'must be a string',
  ],
  ['nothing at all', undefined, '', 'is required'],
];

for (const [name, options, field, reason] of refused) {
  test(`refused: ${name}`, (t) => {
    const error = t.throws(() => defineResource(options as ResourceOptions), {
      instanceOf: DefinitionError,
    });
    t.is(error?.problems.length, 1, error?.message);
    t.is(error?.problems[0]?.field, field);
    const told = error?.problems[0]?.reason ?? '';
    if (typeof reason === 'string') t.is(told, reason);
    else t.regex(told, reason);
  });
}

test('all problems are told at once', (t) => {
  const error = t.throws(
    () => defineResource({ group: 'E', version: 'V', kind: '', plural: 'w', singular: 'w' }),
    { instanceOf: DefinitionError },
  );
  t.deepEqual(
    error?.problems.map(({ field }) => field),
    ['group', 'version', 'kind'],
  );
  t.is(error?.message.split('\n').length, 3);
});

test('a kind so long that the kind of its list is too long is refused', (t) => {
  const error = t.throws(() => defineResource({ ...minimal, kind: 'A'.repeat(60), plural: 'a' }), {
    instanceOf: DefinitionError,
  });
  t.deepEqual(error?.problems, [
    { field: 'listKind', reason: 'must be no more than 63 characters' },
  ]);
});
