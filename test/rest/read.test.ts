/** GET and LIST: representations, selectors, pages, versions, and the errors of each option. */

import test from 'ava';
import { parse as parseYaml } from 'yaml';
import type { Json } from './fixture.js';
import { RACKS_URL, START, TestServer, widget, WIDGETS_URL } from './fixture.js';

const ALL_URL = '/apis/example.com/v1/widgets';
const TABLE = {
  Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
};
const PARTIAL = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
const PARTIAL_LIST = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';

async function withWidgets(): Promise<TestServer> {
  const server = await TestServer.start();
  for (const [index, name] of ['a', 'b', 'c', 'd', 'e'].entries()) {
    const namespace = index < 3 ? 'team-a' : 'team-b';
    const body = widget(name, {
      metadata: { labels: { parity: index % 2 === 0 ? 'even' : 'odd' } },
      spec: { color: index === 1 ? 'red' : 'blue', big: 1 },
    });
    await server.ask('POST', `/apis/example.com/v1/namespaces/${namespace}/widgets`, { body });
  }
  return server;
}

function names(list: Json): string[] {
  return list.items.map((item: Json) => item.metadata.name as string);
}

test('a list has the kind, version and order of its type, in compact JSON', async (t) => {
  const server = await withWidgets();
  const reply = await server.ask('GET', WIDGETS_URL);
  t.is(reply.status, 200);
  t.is(reply.header('content-type'), 'application/json');
  t.true(
    reply.text.startsWith(
      '{"kind":"WidgetList","apiVersion":"example.com/v1","metadata":{"resourceVersion":"6"},' +
        '"items":[{"apiVersion":"example.com/v1","kind":"Widget","metadata":{',
    ),
  );
  t.deepEqual(names(reply.json), ['a', 'b', 'c']);
  t.deepEqual(names((await server.ask('GET', ALL_URL)).json), ['a', 'b', 'c', 'd', 'e']);
  t.deepEqual((await server.ask('GET', RACKS_URL)).json.items, []);
});

test('selectors choose by labels, name, namespace and declared fields', async (t) => {
  const server = await withWidgets();
  const cases: readonly (readonly [query: string, expected: readonly string[]])[] = [
    ['labelSelector=parity%3Deven', ['a', 'c', 'e']],
    ['labelSelector=parity+in+(odd),!missing', ['b', 'd']],
    ['fieldSelector=metadata.name%3Dd', ['d']],
    ['fieldSelector=metadata.namespace%3Dteam-b', ['d', 'e']],
    ['fieldSelector=spec.color!%3Dblue', ['b']],
    ['fieldSelector=spec.color%3Dred&labelSelector=parity%3Deven', []],
  ];
  for (const [query, expected] of cases) {
    t.deepEqual(names((await server.ask('GET', `${ALL_URL}?${query}`)).json), expected, query);
  }
});

test('pages of one chain are one state, whatever happens meanwhile', async (t) => {
  const server = await withWidgets();
  const first = await server.ask('GET', `${ALL_URL}?limit=2`);
  t.deepEqual(names(first.json), ['a', 'b']);
  t.is(first.json.metadata.remainingItemCount, 3);
  await server.ask('DELETE', `${WIDGETS_URL}/c`);
  const token = encodeURIComponent(first.json.metadata.continue);
  const second = await server.ask('GET', `${ALL_URL}?limit=10&continue=${token}`);
  t.deepEqual(names(second.json), ['c', 'd', 'e']);
  t.is(second.json.metadata.resourceVersion, '6');
  t.is(second.json.metadata.continue, undefined);
});

test('resourceVersion and match mean what they mean upstream', async (t) => {
  const server = await withWidgets();
  const at = async (query: string): Promise<Json> =>
    (await server.ask('GET', `${ALL_URL}?${query}`)).json;
  t.is((await at('')).metadata.resourceVersion, '6');
  t.is((await at('resourceVersion=0')).metadata.resourceVersion, '6');
  t.deepEqual(names(await at('resourceVersion=3&resourceVersionMatch=Exact')), ['a', 'b']);
  t.deepEqual(names(await at('resourceVersion=3&limit=5')), ['a', 'b']);
  t.is(names(await at('resourceVersion=3&resourceVersionMatch=NotOlderThan')).length, 5);
});

test('a table has the printed columns, and degrades where it is not known', async (t) => {
  const server = await withWidgets();
  server.clock.advance(3 * 60_000);
  const list = await server.ask('GET', `${WIDGETS_URL}?limit=1`, { headers: TABLE });
  t.is(list.json.kind, 'Table');
  t.deepEqual(
    list.json.columnDefinitions.map((column: Json) => column.name),
    ['Name', 'Color'],
  );
  t.deepEqual(list.json.rows[0].cells, ['a', 'blue']);
  t.is(list.json.rows[0].object.kind, 'PartialObjectMetadata');
  t.truthy(list.json.metadata.continue);
  const one = await server.ask('GET', `${WIDGETS_URL}/b?includeObject=Object`, { headers: TABLE });
  t.is(one.json.rows[0].object.spec.color, 'red');
  t.is(one.json.metadata.resourceVersion, '3');
  const older = { Accept: 'application/json;as=Table;v=v1beta9;g=meta.k8s.io, application/json' };
  t.is((await server.ask('GET', WIDGETS_URL, { headers: older })).json.kind, 'WidgetList');
  const bad = await server.ask('GET', `${WIDGETS_URL}?includeObject=Half`, { headers: TABLE });
  t.is(bad.status, 400);
});

test('metadata alone, of an object and of a list', async (t) => {
  const server = await withWidgets();
  const one = await server.ask('GET', `${WIDGETS_URL}/b`, { headers: { Accept: PARTIAL } });
  t.like(one.json, { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' });
  t.is(one.json.metadata.name, 'b');
  t.is(one.json.spec, undefined);
  const list = await server.ask('GET', WIDGETS_URL, { headers: { Accept: PARTIAL_LIST } });
  t.is(list.json.kind, 'PartialObjectMetadataList');
  t.deepEqual(names(list.json), ['a', 'b', 'c']);
  t.is(list.json.metadata.resourceVersion, '6');
});

test('YAML keeps numbers as they are written', async (t) => {
  const server = await TestServer.start();
  const body = Buffer.from(
    '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"y"},' +
      '"spec":{"big":9223372036854775807,"one":1.0,"text":"1.0","word":"yes"}}',
  );
  await server.ask('POST', WIDGETS_URL, { body });
  const headers = { Accept: 'application/yaml' };
  const one = await server.ask('GET', `${WIDGETS_URL}/y`, { headers });
  t.is(one.header('content-type'), 'application/yaml');
  t.regex(one.text, /^ {2}big: 9223372036854775807\n {2}one: 1\.0\n {2}text: "1.0"\n/m);
  t.regex(one.text, /word: "yes"/);
  const list = await server.ask('GET', WIDGETS_URL, { headers });
  t.is(parseYaml(list.text).items[0].metadata.name, 'y');
});

test('people get indented JSON: asked for, or by their program', async (t) => {
  const server = await withWidgets();
  const plain = await server.ask('GET', WIDGETS_URL);
  const expected = `${JSON.stringify(plain.json, undefined, 2)}\n`;
  t.is((await server.ask('GET', `${WIDGETS_URL}?pretty=true`)).text, expected);
  const headers = { 'User-Agent': 'curl/8.5.0' };
  t.is((await server.ask('GET', WIDGETS_URL, { headers })).text, expected);
  t.is((await server.ask('GET', `${WIDGETS_URL}?pretty=0`, { headers })).text, plain.text);
  const one = await server.ask('GET', `${WIDGETS_URL}/a?pretty=1`);
  t.is(one.text, `${JSON.stringify(one.json, undefined, 2)}\n`);
});

test('HEAD has the head of GET and no body', async (t) => {
  const server = await withWidgets();
  for (const url of [WIDGETS_URL, `${WIDGETS_URL}/a`, `${WIDGETS_URL}/missing`]) {
    const get = await server.ask('GET', url);
    const head = await server.ask('HEAD', url);
    t.is(head.status, get.status);
    t.is(head.header('content-type'), get.header('content-type'));
    t.is(head.text, '');
  }
});

test('a read that can not become fresh in time is a 504 with its cause', async (t) => {
  const server = await withWidgets();
  for (const url of [`${WIDGETS_URL}?resourceVersion=99`, `${WIDGETS_URL}/a?resourceVersion=99`]) {
    const asked = server.ask('GET', url);
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    server.clock.advance(3_001);
    const reply = await asked;
    t.is(reply.status, 504);
    t.is(reply.header('retry-after'), '1');
    t.like(reply.json, {
      reason: 'Timeout',
      message: 'Timeout: Too large resource version: 99, current: 6',
      details: {
        causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
        retryAfterSeconds: 1,
      },
    });
  }
});

test('an exact revision that was compacted is a 410', async (t) => {
  const server = await TestServer.start({ historyEntriesMax: 2 });
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) {
    await server.ask('POST', WIDGETS_URL, { body: widget(name) });
    server.clock.advance(100_000);
  }
  const first = await server.ask('GET', `${WIDGETS_URL}?limit=1`);
  const token = encodeURIComponent(first.json.metadata.continue);
  await server.storage.compact(9n);
  for (const name of ['i', 'j', 'k', 'l', 'm', 'n', 'o']) {
    await server.ask('POST', WIDGETS_URL, { body: widget(name) });
    server.clock.advance(100_000);
  }
  await server.storage.compact(await server.storage.committedRevision());
  const query = 'resourceVersion=3&resourceVersionMatch=Exact';
  const reply = await server.ask('GET', `${WIDGETS_URL}?${query}`);
  t.is(reply.status, 410);
  t.like(reply.json, {
    reason: 'Expired',
    message: 'The resourceVersion for the provided list is too old.',
  });
  const page = await server.ask('GET', `${WIDGETS_URL}?limit=3&continue=${token}`);
  t.is(page.status, 410);
  t.regex(page.json.message, /^The provided continue parameter is too old to display a consistent/);
  const anew = encodeURIComponent(page.json.metadata.continue);
  const onward = await server.ask('GET', `${WIDGETS_URL}?limit=3&continue=${anew}`);
  t.deepEqual(names(onward.json), ['b', 'c', 'd']);
});

interface Refusal {
  readonly url: string;
  readonly headers?: { readonly [name: string]: string };
  readonly code: number;
  readonly message: string | RegExp;
}

const LIST_OPTIONS = 'ListOptions.meta.k8s.io "" is invalid: ';

const REFUSALS: readonly Refusal[] = [
  { url: '?limit=x', code: 400, message: 'strconv.ParseInt: parsing "x": invalid syntax' },
  {
    url: '?limit=9223372036854775808',
    code: 400,
    message: 'strconv.ParseInt: parsing "9223372036854775808": value out of range',
  },
  {
    url: '?timeoutSeconds=1.5',
    code: 400,
    message: 'strconv.ParseInt: parsing "1.5": invalid syntax',
  },
  { url: '?labelSelector=a%3D%3D%3Db', code: 400, message: /./ },
  { url: '?labelSelector=-bad-', code: 400, message: /./ },
  { url: '?fieldSelector=spec', code: 400, message: /./ },
  {
    url: '?fieldSelector=spec.size%3D1',
    code: 400,
    message: 'field label not supported: spec.size',
  },
  { url: '?resourceVersion=abc', code: 400, message: /^invalid resource version/ },
  { url: '/lamp?resourceVersion=abc', code: 400, message: /^invalid resource version/ },
  { url: '?continue=nonsense', code: 400, message: /continue/ },
  {
    url: '?continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6Mywic3RhcnQiOiJhXHUwMDAwIn0&resourceVersion=3',
    code: 400,
    message: 'specifying resource version is not allowed when using continue',
  },
  {
    url: '?resourceVersionMatch=Exact',
    code: 422,
    message:
      `${LIST_OPTIONS}resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless ` +
      'resourceVersion is provided',
  },
  {
    url: '?resourceVersionMatch=Exact&resourceVersion=0',
    code: 422,
    message:
      `${LIST_OPTIONS}resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden ` +
      'for resourceVersion "0"',
  },
  {
    url: '?resourceVersionMatch=Close&resourceVersion=1',
    code: 422,
    message:
      `${LIST_OPTIONS}resourceVersionMatch: Unsupported value: "Close": supported values: ` +
      '"Exact", "NotOlderThan", ""',
  },
  {
    url: '?sendInitialEvents=false&resourceVersionMatch=NotOlderThan&continue=x',
    code: 422,
    message:
      `${LIST_OPTIONS}[resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless ` +
      'resourceVersion is provided, resourceVersionMatch: Forbidden: resourceVersionMatch is ' +
      'forbidden when continue is provided, sendInitialEvents: Forbidden: sendInitialEvents is ' +
      'forbidden for list]',
  },
  {
    url: '',
    headers: { Accept: 'text/html' },
    code: 406,
    message: 'only the following media types are accepted: application/json, application/yaml',
  },
  {
    url: '',
    headers: { Accept: PARTIAL },
    code: 406,
    message: 'you requested PartialObjectMetadata, but the requested object is a list',
  },
  {
    url: '/lamp',
    headers: { Accept: PARTIAL_LIST },
    code: 406,
    message: 'you requested PartialObjectMetadataList, but the requested object is not a list',
  },
  { url: '/lamp', code: 404, message: 'widgets.example.com "lamp" not found' },
];

for (const { url, headers = {}, code, message } of REFUSALS) {
  test(`refuses ${url || 'the list'} ${headers['Accept'] ?? ''}: ${code}`, async (t) => {
    const server = await TestServer.start();
    const reply = await server.ask('GET', WIDGETS_URL + url, { headers });
    t.is(reply.status, code);
    if (typeof message === 'string') t.is(reply.json.message, message);
    else t.regex(reply.json.message, message);
    t.is(reply.json.code, code);
    if (code === 422) {
      t.like(reply.json.details, { group: 'meta.k8s.io', kind: 'ListOptions' });
    }
    const { json } = await server.ask('GET', WIDGETS_URL);
    t.deepEqual(json.items, [], 'the server goes on');
  });
}

test('a cache that is not filled yet says when to come again', async (t) => {
  const server = await TestServer.start();
  await server.store().cache.close();
  const reply = await server.ask('GET', WIDGETS_URL);
  t.is(reply.status, 429);
  t.is(reply.json.message, 'apiserver cacher is stopped');
  t.truthy(reply.header('retry-after'));
  const created = await server.ask('POST', WIDGETS_URL, { body: widget('x') });
  t.is(created.status, 201, 'writes do not need the cache');
  const patched = await server.ask('PATCH', `${WIDGETS_URL}/x`, {
    body: { spec: {} },
    headers: { 'Content-Type': 'application/merge-patch+json' },
  });
  t.is(patched.status, 200);
});

const ROUTES: readonly (readonly [method: string, url: string, code: number])[] = [
  ['GET', '/apis/example.com/v1/namespaces/team-a/gadgets', 404],
  ['GET', '/apis/example.com/v2/namespaces/team-a/widgets', 404],
  ['GET', '/apis/example.com/v1alpha1/namespaces/team-a/widgets', 404],
  ['GET', '/apis/other.com/v1/namespaces/team-a/widgets', 404],
  ['GET', '/apis/example.com/v1/widgets/lamp', 404],
  ['POST', '/apis/example.com/v1/widgets', 404],
  ['DELETE', '/apis/example.com/v1/widgets', 404],
  ['GET', '/apis/example.com/v1/namespaces/team-a/racks', 404],
  ['GET', '/healthz', 404],
  ['POST', `${WIDGETS_URL}/lamp`, 405],
  ['DELETE', `${WIDGETS_URL}/lamp/status`, 405],
  ['POST', `${WIDGETS_URL}/lamp/status`, 405],
  ['OPTIONS', WIDGETS_URL, 405],
];

for (const [method, url, code] of ROUTES) {
  test(`${method} ${url} is ${code}`, async (t) => {
    const server = await TestServer.start();
    const reply = await server.ask(method, url, { body: widget('lamp') });
    t.is(reply.status, code);
    if (code === 404) {
      t.is(reply.text, '404 page not found\n');
      return;
    }
    t.is(reply.json.reason, 'MethodNotAllowed');
    t.regex(reply.json.message, / is not supported on resources of kind "widgets\.example\.com"$/);
  });
}

for (const path of ['lamp/scale', 'lamp/none', 'lamp/scale/more']) {
  test(`a subresource that is not served is told as the object missing: ${path}`, async (t) => {
    const server = await TestServer.start();
    const reply = await server.ask('GET', `${WIDGETS_URL}/${path}`);
    t.is(reply.status, 404);
    t.is(reply.json.message, 'widgets.example.com "lamp" not found');
  });
}

test('failures come as YAML and indented to those who want that, and else as JSON', async (t) => {
  const server = await TestServer.start();
  const url = `${WIDGETS_URL}/none`;
  const yaml = await server.ask('GET', url, { headers: { Accept: 'application/yaml' } });
  t.is(yaml.header('content-type'), 'application/yaml');
  t.regex(yaml.text, /^kind: Status$/m);
  t.regex((await server.ask('GET', `${url}?pretty=true`)).text, /^\{\n {2}"kind": "Status"/);
  const other = await server.ask('GET', url, { headers: { Accept: 'text/plain' } });
  t.is(other.status, 406);
  t.is(other.header('content-type'), 'application/json');
});

test('ages in tables count from the injected clock', async (t) => {
  const server = await TestServer.start();
  const rack = { apiVersion: 'example.com/v1', kind: 'Rack', metadata: { name: 'r' } };
  await server.ask('POST', RACKS_URL, { body: rack });
  server.clock.advance(5 * 60_000 - (START % 1_000));
  const { json } = await server.ask('GET', RACKS_URL, { headers: TABLE });
  t.deepEqual(json.rows[0].cells, ['r', '5m']);
});
