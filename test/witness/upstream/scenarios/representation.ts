/** Accept headers, tables, metadata alone, YAML, pretty printing, compression, HEAD. */

import {
  accept,
  gadget,
  get,
  MERGE_PATCH,
  patch,
  post,
  remove,
  scenario,
  widget,
} from '../scenario.js';
import type { Scenario, Step } from '../scenario.js';

const W = '{{widgets}}';
const G = '{{gadgets}}';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

const objects: readonly Step[] = [
  post(
    W,
    widget(
      'a',
      { labels: { app: 'x' } },
      {
        spec: {
          color: 'red',
          size: 5,
          load: 1.5,
          on: true,
          since: '2020-01-01T00:00:00Z',
          wide: 'w',
          parts: [{ name: 'p' }, { name: 'q' }],
        },
      },
    ),
  ),
  post(W, widget('b')),
  post(W, widget('c', {}, { spec: { load: 'y', since: 'never', wide: { a: 1 }, parts: [] } })),
  post(W, widget('d', {}, { spec: { load: 3, on: false, since: 5, wide: [1, 'x'], parts: 'z' } })),
  post(W, widget('e', {}, { spec: { load: true, parts: [{ name: 5 }, { x: 1 }], wide: 1.5 } })),
  post(W, widget('f', {}, { spec: { load: null, parts: [{ name: 'p' }, 5], wide: null } })),
  patch(`${W}/a/status`, MERGE_PATCH, {
    status: {
      conditions: [
        { type: 'Other', status: 'False' },
        { type: 'Ready', status: 'True' },
      ],
    },
  }),
];

const TYPES: readonly string[] = [
  'application/json',
  'application/yaml',
  '*/*',
  'application/*',
  'text/*',
  'text/plain',
  'text/html',
  'image/png, application/json',
  'image/png, */*;q=0.1',
  'application/yaml;q=0.5, application/json;q=0.1',
  'application/json;q=0.1, application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/vnd.kubernetes.protobuf, application/json',
  'application/cbor',
  'application/cbor, application/json',
  'application/json;charset=utf-8',
  'application/json;pretty=1',
  'application/json;pretty=0',
  'application/json;stream=watch',
  'application/json;bogus=1',
  'nonsense',
  '',
];

const AS: readonly string[] = [
  TABLE,
  'application/json;as=Table;v=v1beta1;g=meta.k8s.io',
  'application/json;as=Table;v=v2;g=meta.k8s.io',
  'application/json;as=Table;g=meta.k8s.io',
  'application/json;as=Table;v=v1',
  'application/json;as=Table',
  'application/json;as=Bogus;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadata;v=v1beta1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadataList;v=v1beta1;g=meta.k8s.io',
  'application/yaml;as=Table;v=v1;g=meta.k8s.io',
  `${TABLE},application/json`,
  'application/json;as=Bogus;v=v1;g=meta.k8s.io,application/json',
  `application/json,${TABLE}`,
];

// White space, as far as it does not depend on what is in the object.
const asText: Pick<Step, 'view' | 'raw'> = {
  raw: true,
  view: (body) => [/^\{\n {2}"/.test(body as string), (body as string).endsWith('\n')],
};

const includeObjects = ['None', 'Metadata', 'Object', '', 'Bogus', 'none'];

export const REPRESENTATION: readonly Scenario[] = [
  scenario(
    'accept: media types',
    post(W, widget('a')),
    ...TYPES.flatMap((type) => [get(`${W}/a`, accept(type)), get(W, accept(type))]),
  ),
  scenario(
    'accept: media types of what is refused',
    ...['text/plain', 'application/yaml', '*/*', TABLE].flatMap((type) => [
      get(`${W}/none`, accept(type)),
      get(`${W}?limit=x`, accept(type)),
      get('/apis/{{group}}/v1/none', accept(type)),
      get('/nowhere', accept(type)),
    ]),
  ),
  scenario(
    'accept: transformations',
    post(W, widget('a', { labels: { a: 'b' }, finalizers: ['a.b/c'] }, { spec: { color: 'red' } })),
    ...AS.flatMap((type) => [get(`${W}/a`, accept(type)), get(W, accept(type))]),
  ),
  scenario(
    'accept: writes',
    post(W, widget('a'), { headers: { 'Content-Type': 'application/json', Accept: TABLE } }),
    post(W, widget('b'), {
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
      },
    }),
    post(W, widget('c'), {
      headers: { 'Content-Type': 'application/json', Accept: 'application/yaml' },
    }),
    post(W, widget('d'), { headers: { 'Content-Type': 'application/json', Accept: 'text/plain' } }),
    get(`${W}/d`),
    patch(`${W}/a`, MERGE_PATCH, {}, { headers: { Accept: TABLE } }),
    patch(`${W}/b`, MERGE_PATCH, {}, { headers: { Accept: 'text/plain' } }),
    remove(`${W}/a`, undefined, accept(TABLE)),
    remove(
      `${W}/b`,
      undefined,
      accept('application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io'),
    ),
    remove(`${W}/c`, undefined, accept('application/yaml')),
    remove(W, undefined, accept(TABLE)),
  ),
  scenario('table: cells', ...objects, get(W, accept(TABLE)), get(`${W}/a`, accept(TABLE))),
  scenario(
    'table: includeObject',
    post(W, widget('a', { labels: { a: 'b' } }, { spec: { color: 'red' } })),
    ...includeObjects.flatMap((value) => [
      get(`${W}?includeObject=${value}`, accept(TABLE)),
      get(`${W}/a?includeObject=${value}`, accept(TABLE)),
    ]),
    get(`${W}?limit=1`, accept(TABLE)),
    get(`${W}?labelSelector=none`, accept(TABLE)),
    get(`${W}/none`, accept(TABLE)),
  ),
  scenario(
    'table: pages',
    ...['a', 'b', 'c'].map((name) => post(W, widget(name))),
    get(`${W}?limit=1`, { ...accept(TABLE), save: 'page' }),
    get(`${W}?limit=2&continue={{page.metadata.continue}}`, accept(TABLE)),
    get(`${W}?limit=1`, accept('application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io')),
  ),
  scenario(
    'table: without columns of its own',
    post(G, gadget('{{namespace}}')),
    get(`${G}/{{namespace}}`, accept(TABLE)),
    get(`${G}?labelSelector=none`, accept(TABLE)),
    get('/apis/{{group}}/v1beta1/namespaces/{{namespace}}/widgets', accept(TABLE)),
    remove(`${G}/{{namespace}}`),
  ),
  ...['apps', 'databases', 'teams'].map((plural) =>
    scenario(
      `table: the example type ${plural}`,
      get(`/apis/platform.{{group}}/v1/${plural}`, accept(TABLE)),
      get(`/apis/platform.{{group}}/v1/${plural}`),
    ),
  ),
  scenario(
    'pretty printing',
    post(W, widget('a')),
    ...['true', '1', 'false', '', 'x'].map((value) => get(`${W}/a?pretty=${value}`, asText)),
    get(`${W}/a`, { ...asText, headers: { 'User-Agent': 'curl/8' } }),
    get(`${W}/a`, { ...asText, headers: { 'User-Agent': 'Mozilla/5.0' } }),
    get(`${W}/none?pretty=true`, asText),
  ),
  scenario(
    'HEAD and OPTIONS',
    post(W, widget('a')),
    ...['HEAD', 'OPTIONS', 'TRACE'].flatMap((method) => [
      { method, path: `${W}/a` },
      { method, path: W },
      { method, path: `${W}/none` },
      { method, path: '/healthz' },
      { method, path: '/version' },
      { method, path: '/apis' },
    ]),
  ),
  scenario(
    'compression',
    post(W, widget('a', {}, { spec: { text: 'x'.repeat(200_000) } })),
    get(`${W}/a`, { headers: { 'Accept-Encoding': 'gzip' }, view: nothing }),
    get(`${W}/a`, { headers: { 'Accept-Encoding': 'deflate' }, view: nothing }),
    get(`${W}/a`, { headers: { 'Accept-Encoding': 'gzip, deflate, br' }, view: nothing }),
    get(`${W}?limit=1`, { headers: { 'Accept-Encoding': 'gzip' }, view: nothing }),
    get(`${W}?labelSelector=none`, { headers: { 'Accept-Encoding': 'gzip' } }),
  ),
];

function nothing(): undefined {
  return undefined;
}
