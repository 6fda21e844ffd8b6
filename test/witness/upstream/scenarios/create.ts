/** POST: what may be in the URL, the body and its headers. */

import { gadget, get, post, scenario, widget } from '../scenario.js';
import type { Json, Scenario, Step } from '../scenario.js';

const W = '{{widgets}}';
const G = '{{gadgets}}';

const NAMES: readonly string[] = [
  'a.b-c.1',
  'UPPER',
  'under_score',
  '-a',
  'a-',
  'a..b',
  '.',
  '..',
  'a/b',
  'a%b',
  'ünïcode',
  'a b',
  'a'.repeat(253),
  'a'.repeat(254),
];

const BODIES: readonly (readonly [string, string])[] = [
  ['empty', ''],
  ['white space', ' \n'],
  ['malformed', '{"apiVersion":'],
  ['not JSON', 'hello'],
  ['an array', '[]'],
  ['a text', '"x"'],
  ['a number', '1'],
  ['null', 'null'],
  ['an empty object', '{}'],
  ['no kind', '{"apiVersion":"{{group}}/v1","metadata":{"name":"a"}}'],
  ['no apiVersion', '{"kind":"Widget","metadata":{"name":"a"}}'],
  ['another kind', '{"apiVersion":"{{group}}/v1","kind":"Gadget","metadata":{"name":"a"}}'],
  ['the list kind', '{"apiVersion":"{{group}}/v1","kind":"WidgetList","items":[]}'],
  ['another group', '{"apiVersion":"other.example/v1","kind":"Widget","metadata":{"name":"a"}}'],
  ['another version', '{"apiVersion":"{{group}}/v1beta1","kind":"Widget","metadata":{"name":"a"}}'],
  ['no such version', '{"apiVersion":"{{group}}/v9","kind":"Widget","metadata":{"name":"a"}}'],
  ['not served', '{"apiVersion":"{{group}}/v1alpha1","kind":"Widget","metadata":{"name":"a"}}'],
  ['apiVersion a number', '{"apiVersion":1,"kind":"Widget","metadata":{"name":"a"}}'],
  ['kind a number', '{"apiVersion":"{{group}}/v1","kind":1,"metadata":{"name":"a"}}'],
  ['bad apiVersion', '{"apiVersion":"a/b/c","kind":"Widget","metadata":{"name":"a"}}'],
  ['no metadata', '{"apiVersion":"{{group}}/v1","kind":"Widget"}'],
  ['metadata null', '{"apiVersion":"{{group}}/v1","kind":"Widget","metadata":null}'],
  ['metadata an array', '{"apiVersion":"{{group}}/v1","kind":"Widget","metadata":[]}'],
  ['metadata a text', '{"apiVersion":"{{group}}/v1","kind":"Widget","metadata":"x"}'],
  ['name a number', '{"apiVersion":"{{group}}/v1","kind":"Widget","metadata":{"name":1}}'],
  ['trailing garbage', '{"apiVersion":"{{group}}/v1","kind":"Widget","metadata":{"name":"t"}}x'],
  ['trailing object', '{"apiVersion":"{{group}}/v1","kind":"Widget","metadata":{"name":"u"}}{}'],
  ['trailing space', '{"apiVersion":"{{group}}/v1","kind":"Widget","metadata":{"name":"v"}} \n'],
  ['byte order mark', '\uFEFF{"apiVersion":"{{group}}/v1","kind":"Widget"}'],
  ['single quotes', "{'apiVersion':'{{group}}/v1'}"],
  ['control character', '{"apiVersion":"{{group}}/v1","kind":"Widget","metadata":{"name":"a\n"}}'],
];

/** Has the same key twice, in the spec and in metadata. */
const DUPLICATES =
  '{"apiVersion":"{{group}}/v1","kind":"Widget","metadata":{"name":"NAME","labels":{"a":"1","a":"2"}},' +
  '"spec":{"color":"red","color":"blue","list":[{"x":1,"x":2}]}}';

/** Has fields that metadata does not have. */
const UNKNOWN = (name: string): Json => widget(name, { bogus: 1, other: { x: 1 } });

const VALIDATIONS = ['Strict', 'Warn', 'Ignore', ''] as const;

const generated: Pick<Step, 'view' | 'ignore'> = {
  view: withGeneratedName,
  ignore: ['uid', 'resourceVersion'],
};

export const CREATE: readonly Scenario[] = [
  scenario(
    'create: plain',
    post(W, widget('a', {}, { spec: { color: 'red' } })),
    get(`${W}/a`),
    post(W, widget('a')),
    post(`${W}?pretty=true`, widget('b')),
    post(G, gadget('{{namespace}}')),
    get(`${G}/{{namespace}}`),
    post(G, gadget('{{namespace}}')),
  ),
  scenario('create: names', ...NAMES.map((name) => post(W, widget(name)))),
  scenario(
    'create: missing and generated names',
    post(W, { apiVersion: '{{group}}/v1', kind: 'Widget' }),
    post(W, { apiVersion: '{{group}}/v1', kind: 'Widget', metadata: {} }),
    post(W, widget('')),
    post(
      W,
      { apiVersion: '{{group}}/v1', kind: 'Widget', metadata: { generateName: 'g-' } },
      {
        ...generated,
      },
    ),
    post(W, widget('named', { generateName: 'g-' })),
    post(
      W,
      { apiVersion: '{{group}}/v1', kind: 'Widget', metadata: { generateName: '-' } },
      {
        ...generated,
      },
    ),
    post(
      W,
      { apiVersion: '{{group}}/v1', kind: 'Widget', metadata: { generateName: 'U_' } },
      {
        ...generated,
      },
    ),
    post(
      W,
      {
        apiVersion: '{{group}}/v1',
        kind: 'Widget',
        metadata: { generateName: `${'g'.repeat(252)}-` },
      },
      { ...generated },
    ),
  ),
  scenario(
    'create: namespaces',
    post(W, widget('a', { namespace: '{{namespace}}' })),
    post(W, widget('b', { namespace: 'other' })),
    post(W, widget('c', { namespace: '' })),
    post(G, gadget('{{namespace}}-n', { namespace: 'x' })),
    post('/apis/{{group}}/v1/widgets', widget('d', { namespace: '{{namespace}}' })),
    post('/apis/{{group}}/v1/widgets', widget('d')),
    post('/apis/{{group}}/v1/namespaces/{{namespace}}/gadgets', gadget('x')),
  ),
  scenario(
    'create: fields that are the servers own',
    post(W, widget('a', { resourceVersion: '5' })),
    post(W, widget('b', { resourceVersion: '0' })),
    post(W, widget('c', { resourceVersion: '' })),
    post(W, widget('d', { resourceVersion: 'x' })),
    post(W, widget('e', { uid: 'mine' })),
    post(W, widget('f', { generation: 7 })),
    post(W, widget('g', { creationTimestamp: '2001-01-01T00:00:00Z' })),
    post(W, widget('h', { creationTimestamp: 'x' })),
    post(W, widget('i', { creationTimestamp: null })),
    post(W, widget('j', { deletionTimestamp: '2001-01-01T00:00:00Z' })),
    post(W, widget('k', { deletionGracePeriodSeconds: 5 })),
    post(W, widget('l', { selfLink: '/x' })),
    post(W, widget('m', { managedFields: [] })),
    post(W, widget('n', {}, { status: { ready: true }, spec: { color: 'red' } })),
    post(W, widget('o', { generation: 'x' })),
    post(W, widget('p', { generation: 1.5 })),
    post(G, gadget('{{namespace}}', {}, { status: { ready: true } })),
  ),
  scenario(
    'create: dryRun',
    post(`${W}?dryRun=All`, widget('a')),
    get(`${W}/a`),
    post(`${W}?dryRun=all`, widget('a')),
    post(`${W}?dryRun=`, widget('a')),
    post(`${W}?dryRun=All&dryRun=All`, widget('a')),
    post(`${W}?dryRun=All&dryRun=x`, widget('a')),
    post(`${W}?dryRun=true`, widget('a')),
    get(`${W}/a`),
    post(W, widget('b')),
    post(`${W}?dryRun=All`, widget('b')),
    post(`${W}?dryRun=All`, widget('UPPER')),
    post(`${W}?dryRun=All`, widget('', { generateName: 'g-' }), { ...generated }),
  ),
  scenario(
    'create: fieldManager',
    post(`${W}?fieldManager=me`, widget('a')),
    post(`${W}?fieldManager=${'m'.repeat(128)}`, widget('b')),
    post(`${W}?fieldManager=${'m'.repeat(129)}`, widget('c')),
    post(`${W}?fieldManager=a%0Ab`, widget('d')),
    post(`${W}?fieldManager=`, widget('e')),
    post(`${W}?fieldManager=${'m'.repeat(129)}&dryRun=x&fieldValidation=y`, widget('f')),
  ),
  scenario(
    'create: fieldValidation',
    ...VALIDATIONS.flatMap((value) => [
      post(`${W}?fieldValidation=${value}`, UNKNOWN(`u${value.toLowerCase()}`)),
      post(`${W}?fieldValidation=${value}`, DUPLICATES.replace('NAME', `d${value.toLowerCase()}`)),
    ]),
    post(`${W}?fieldValidation=strict`, widget('a')),
    post(`${W}?fieldValidation=Bogus`, widget('a')),
    post(W, UNKNOWN('default')),
    post(W, DUPLICATES.replace('NAME', 'defaultduplicates')),
  ),
  scenario('create: bodies', ...BODIES.map(([, body]) => post(W, body)), get(W)),
  scenario(
    'create: content types',
    ...[
      'application/json; charset=utf-8',
      'APPLICATION/JSON',
      'application/yaml',
      'text/plain',
      'application/xml',
      'application/vnd.kubernetes.protobuf',
      'application/cbor',
      'application/merge-patch+json',
      'application/x-www-form-urlencoded',
      'nonsense',
      'application/json, text/plain',
      '',
    ].map((type, index) => ({
      ...post(W, widget(`c${index}`)),
      headers: { 'Content-Type': type },
    })),
    { method: 'POST', path: W, body: widget('none') },
  ),
  scenario(
    'create: YAML',
    yaml('apiVersion: {{group}}/v1\nkind: Widget\nmetadata:\n  name: a\nspec:\n  color: red\n'),
    yaml('apiVersion: {{group}}/v1\nkind: Widget\nmetadata: {name: b}\nspec: {a: 1, a: 2}\n'),
    yaml('apiVersion: {{group}}/v1\nkind: Widget\nmetadata: {name: c}\nspec: {on: yes, n: 010}\n'),
    yaml('---\napiVersion: {{group}}/v1\nkind: Widget\nmetadata: {name: d}\n---\nx: y\n'),
    yaml('a: [\n'),
    yaml('a: b: c\n'),
    yaml('just text\n'),
    yaml('- a\n'),
    yaml(''),
    yaml('apiVersion: {{group}}/v1\nkind: Widget\nmetadata: {name: e}\nspec: {1: x, true: y}\n'),
    yaml('apiVersion: {{group}}/v1\nkind: Widget\nmetadata: {name: f}\nspec: {t: 2001-01-01}\n'),
    yaml('apiVersion: {{group}}/v1\nkind: Widget\nmetadata: {name: g}\nspec: {n: 1.0, m: 1e3}\n'),
    yaml('apiVersion: {{group}}/v1\nkind: Widget\nmetadata: {name: h}\nspec: &a {x: 1}\ny: *a\n'),
    {
      ...post(`${W}?fieldValidation=Strict`, ''),
      headers: { 'Content-Type': 'application/yaml' },
      body: 'apiVersion: {{group}}/v1\nkind: Widget\nmetadata: {name: i}\nspec: {a: 1, a: 2}\n',
    },
  ),
  scenario(
    'create: bodies over 3 MiB',
    post(W, widget('a', {}, { spec: { text: 'x'.repeat(3 * 1024 * 1024) } })),
    get(`${W}/a`),
  ),
  scenario(
    'create: deep bodies',
    post(
      W,
      `{"apiVersion":"{{group}}/v1","kind":"Widget","metadata":{"name":"a"},"x":${deep(100)}}`,
    ),
    post(
      W,
      `{"apiVersion":"{{group}}/v1","kind":"Widget","metadata":{"name":"b"},"x":${deep(11_000)}}`,
    ),
    get(`${W}/b`),
  ),
  scenario(
    'create: versions',
    post('/apis/{{group}}/v1beta1/namespaces/{{namespace}}/widgets', {
      ...widget('a'),
      apiVersion: '{{group}}/v1beta1',
    }),
    post('/apis/{{group}}/v1beta1/namespaces/{{namespace}}/widgets', widget('b')),
    get(`${W}/a`),
    get('/apis/{{group}}/v1beta1/namespaces/{{namespace}}/widgets'),
    get('/apis/{{group}}/v1beta1/namespaces/{{namespace}}/widgets/none'),
    get('/apis/{{group}}/v1alpha1/namespaces/{{namespace}}/widgets'),
    get('/apis/{{group}}/v9/namespaces/{{namespace}}/widgets'),
  ),
];

function deep(levels: number): string {
  return '['.repeat(levels) + ']'.repeat(levels);
}

function yaml(body: string): ReturnType<typeof post> {
  return { method: 'POST', path: W, body, headers: { 'Content-Type': 'application/yaml' } };
}

// A generated name counts by its form, where it is told.

function withGeneratedName(body: unknown): unknown {
  const text = JSON.stringify(body);
  const [, name] = /"name":"([^"]*)"/.exec(text) ?? [];
  if (name === undefined || name.length < 5) return body;
  const shape = `${name.slice(0, -5)}.....`;
  return JSON.parse(text.replaceAll(name, shape)) as unknown;
}
