/** GET and LIST of resources that have handlers: what they are told, and what clients see. */

import test from 'ava';
import { notFound, StatusError } from '../../lib/request/index.js';
import { defineResource } from '../../lib/rest/index.js';
import type { VirtualGetContext, VirtualList, VirtualListContext } from '../../lib/rest/index.js';
import { ALL_LAMPS_URL, lamp, LAMPS_URL, lamps, places, VirtualServer } from './fixture.js';
import type { Json, Lamp } from './fixture.js';

const TABLE = { Accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' };
const PARTIAL = { Accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' };
const PARTIAL_LIST = { Accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' };

test('an object gets its apiVersion and kind; one that is not there is 404', async (t) => {
  const server = new VirtualServer(t, [
    lamps({ get: ({ name }) => (name === 'a' ? lamp('shop', 'a', { color: 'red' }) : undefined) }),
  ]);
  const found = await server.get(`${LAMPS_URL}/a`);
  t.is(found.status, 200);
  t.deepEqual(found.json, {
    apiVersion: 'example.com/v1',
    kind: 'Lamp',
    metadata: { name: 'a', namespace: 'shop' },
    spec: { color: 'red' },
  });
  const missing = await server.get(`${LAMPS_URL}/b`);
  t.is(missing.status, 404);
  t.is(missing.json.message, 'lamps.example.com "b" not found');
  t.deepEqual(missing.json.details, { name: 'b', group: 'example.com', kind: 'lamps' });
});

test('a handler is told where, by whom and for which request', async (t) => {
  const asked: VirtualGetContext[] = [];
  const server = new VirtualServer(t, [
    lamps({
      get: (context) => {
        asked.push(context);
        return null;
      },
    }),
  ]);
  const headers = { 'Audit-Id': 'request-17' };
  const reply = await server.get(`${LAMPS_URL}/a?resourceVersion=7`, { headers });
  t.is(reply.header('Audit-Id'), 'request-17');
  t.is(asked.length, 1);
  const [context] = asked;
  t.like(context, {
    verb: 'get',
    subresource: '',
    namespace: 'shop',
    name: 'a',
    version: 'v1',
    resourceVersion: '7',
    requestId: 'request-17',
    dryRun: false,
  });
  t.is(context?.user.username, 'ana');
  t.is(context?.requestInfo?.resource, 'lamps');
  t.false(context?.signal.aborted);
});

test('an object is shown as a table, as metadata and as YAML', async (t) => {
  const server = new VirtualServer(t, [
    lamps({ get: () => lamp('shop', 'a', { color: 'red' }), list: () => [lamp('shop', 'a')] }),
  ]);
  const table = (await server.get(`${LAMPS_URL}/a`, { headers: TABLE })).json;
  t.is(table.kind, 'Table');
  t.deepEqual(table.rows[0].cells, ['a', 'red']);
  const partial = (await server.get(`${LAMPS_URL}/a`, { headers: PARTIAL })).json;
  t.is(partial.kind, 'PartialObjectMetadata');
  t.false('spec' in partial);
  const yaml = await server.get(`${LAMPS_URL}/a`, { headers: { Accept: 'application/yaml' } });
  t.regex(yaml.text, /^kind: Lamp$/m);
  const list = (await server.get(LAMPS_URL, { headers: PARTIAL_LIST })).json;
  t.is(list.kind, 'PartialObjectMetadataList');
  t.is(list.items[0].metadata.name, 'a');
  const rows = (await server.get(LAMPS_URL, { headers: TABLE })).json;
  t.deepEqual(rows.rows[0].cells, ['a', null]);
  t.is((await server.get(LAMPS_URL, { headers: PARTIAL })).status, 406);
});

test('what is listed whole is sorted as keys are, whatever order it comes in', async (t) => {
  const given = [lamp('team', 'a'), lamp('team-a', 'z'), lamp('shop', 'b'), lamp('shop', 'a')];
  const server = new VirtualServer(t, [lamps({ list: () => new Set(given) })]);
  const { json } = await server.get(ALL_LAMPS_URL);
  // As upstream: team-a/z comes before team/a, because - is a lower byte than /.
  t.deepEqual(places(json), ['shop/a', 'shop/b', 'team-a/z', 'team/a']);
  t.is(json.kind, 'LampList');
  t.is(json.apiVersion, 'example.com/v1');
  t.deepEqual(json.metadata, {}, 'no revision, no page');
  t.is(json.items[0].kind, 'Lamp');
});

test('an empty list has no items, not null', async (t) => {
  const server = new VirtualServer(t, [lamps({ list: () => [] })]);
  t.is(
    (await server.get(LAMPS_URL)).text,
    '{"kind":"LampList","apiVersion":"example.com/v1","metadata":{},"items":[]}\n',
  );
});

test('a limit is a wish: a handler may give all', async (t) => {
  const given = ['a', 'b', 'c'].map((name) => lamp('shop', name));
  const server = new VirtualServer(t, [lamps({ list: () => given })]);
  const { json } = await server.get(`${LAMPS_URL}?limit=2`);
  t.is(json.items.length, 3);
  t.is(json.metadata.continue, undefined);
});

const SELECTORS: readonly (readonly [query: string, places: readonly string[]])[] = [
  ['labelSelector=room=hall', ['shop/a', 'shop/c']],
  ['labelSelector=room!=hall', ['shop/b']],
  ['labelSelector=room in (hall, bath),!old', ['shop/a', 'shop/b']],
  ['fieldSelector=metadata.name=b', ['shop/b']],
  ['fieldSelector=metadata.name!=b', ['shop/a', 'shop/c']],
  ['fieldSelector=spec.color=red', ['shop/a']],
  ['fieldSelector=spec.color=', ['shop/c']],
  ['labelSelector=room=hall&fieldSelector=spec.color=red', ['shop/a']],
  ['fieldSelector=metadata.namespace=other', []],
];

const ROOMS = [
  lamp('shop', 'a', { labels: { room: 'hall' }, color: 'red' }),
  lamp('shop', 'b', { labels: { room: 'bath' }, color: 'blue' }),
  lamp('shop', 'c', { labels: { room: 'hall', old: '' } }),
];

for (const [query, expected] of SELECTORS) {
  test(`the server applies ${query}`, async (t) => {
    const server = new VirtualServer(t, [lamps({ list: () => ROOMS })]);
    t.deepEqual(places((await server.get(`${LAMPS_URL}?${query}`)).json), expected);
  });
}

test('a handler that has applied the selectors itself is believed', async (t) => {
  const asked: VirtualListContext[] = [];
  const server = new VirtualServer(t, [
    lamps({
      list: (context) => {
        asked.push(context);
        return { items: ROOMS, selected: true };
      },
    }),
  ]);
  const url = `${LAMPS_URL}?labelSelector=room=hall&fieldSelector=spec.color=red&limit=5`;
  t.is((await server.get(url)).json.items.length, 3);
  const [context] = asked;
  t.deepEqual(context?.labelSelector, {
    text: 'room=hall',
    requirements: [{ key: 'room', operator: 'In', values: ['hall'] }],
  });
  t.deepEqual(context?.fieldSelector, {
    text: 'spec.color=red',
    requirements: [{ path: 'spec.color', operator: 'Equals', value: 'red' }],
  });
  t.is(context?.limit, 5);
});

test('a field that can not be selected by is refused before the handler is asked', async (t) => {
  const server = new VirtualServer(t, [lamps({ list: () => t.fail() as never })]);
  const reply = await server.get(`${LAMPS_URL}?fieldSelector=spec.watts=5`);
  t.is(reply.status, 400);
  t.is(reply.json.message, 'field label not supported: spec.watts');
  t.is((await server.get(`${LAMPS_URL}?resourceVersionMatch=Exact`)).status, 422);
});

// Pages of as many lamps as are asked for; the handler's text is the number of the next lamp.
function paged(asked: (string | undefined)[] = []) {
  const all = ['a', 'b', 'c', 'd', 'e'].map((name) => lamp('shop', name));
  return ({ continue: token, limit = all.length }: VirtualListContext): VirtualList<Lamp> => {
    asked.push(token);
    const from = Number(token ?? 0);
    const next = from + limit;
    const more = next < all.length;
    return {
      items: all.slice(from, next),
      resourceVersion: '42',
      ...(more ? { continue: String(next), remainingItemCount: all.length - next } : {}),
    };
  };
}

test('a handler may give pages: clients get tokens, the handler its own text', async (t) => {
  const asked: (string | undefined)[] = [];
  const server = new VirtualServer(t, [lamps({ list: paged(asked) })]);
  const first = (await server.get(`${LAMPS_URL}?limit=2`)).json;
  t.deepEqual(places(first), ['shop/a', 'shop/b']);
  t.is(first.metadata.resourceVersion, '42');
  t.is(first.metadata.remainingItemCount, 3);
  const names: string[] = [...places(first)];
  let { continue: token } = first.metadata as { continue?: string };
  while (token !== undefined) {
    const page: Json = (await server.get(`${LAMPS_URL}?limit=2&continue=${token}`)).json;
    names.push(...places(page));
    token = page.metadata.continue as string | undefined;
  }
  t.deepEqual(names, ['shop/a', 'shop/b', 'shop/c', 'shop/d', 'shop/e']);
  t.deepEqual(asked, [undefined, '2', '4']);
});

test('how many objects are left is not told where selectors leave some out', async (t) => {
  const server = new VirtualServer(t, [lamps({ list: paged() })]);
  const { json } = await server.get(`${LAMPS_URL}?limit=2&labelSelector=room=hall`);
  t.deepEqual(places(json), []);
  t.truthy(json.metadata.continue, 'there may be matching ones on the next page');
  t.is(json.metadata.remainingItemCount, undefined);
});

test('a token that no page gave does not get to the handler', async (t) => {
  const server = new VirtualServer(t, [lamps({ list: () => t.fail() as never })]);
  const stored = Buffer.from('{"v":"meta.k8s.io/v1","rv":4,"start":"a"}').toString('base64url');
  const partial = Buffer.from('["virtual/v1","2"]').toString('base64url');
  for (const token of ['x', '%%%', stored, partial]) {
    const reply = await server.get(`${LAMPS_URL}?continue=${encodeURIComponent(token)}`);
    t.is(reply.status, 400, token);
    t.regex(reply.json.message, /^invalid continue token: continue key is not valid/);
  }
});

test('a Status that a handler throws is what the client gets', async (t) => {
  const server = new VirtualServer(t, [
    lamps({
      get: ({ name }) => {
        throw notFound({ group: 'example.com', resource: 'rooms' }, name);
      },
      list: async () => {
        throw new StatusError({
          code: 503,
          reason: 'ServiceUnavailable',
          message: 'the lamps are out',
          details: { retryAfterSeconds: 9 },
        });
      },
    }),
  ]);
  const gone = await server.get(`${LAMPS_URL}/a`);
  t.is(gone.status, 404);
  t.is(gone.json.message, 'rooms.example.com "a" not found');
  const out = await server.get(LAMPS_URL);
  t.is(out.status, 503);
  t.is(out.header('retry-after'), '9');
  t.is(out.json.message, 'the lamps are out');
  t.deepEqual(server.log, [], 'nothing that the handler did wrong');
});

test('cluster-scoped objects are in no namespace', async (t) => {
  const pole = { metadata: { name: 'north' } } as unknown as Lamp;
  const handlers = { get: () => pole, list: () => [pole] };
  const server = new VirtualServer(t, [lamps(handlers, { scope: 'Cluster', kind: 'Pole' })]);
  t.is((await server.get('/apis/example.com/v1/poles/north')).status, 200);
  t.is((await server.get('/apis/example.com/v1/poles')).json.items.length, 1);
  t.is((await server.get('/apis/example.com/v1/namespaces/shop/poles')).status, 404);
});

test('every served version is told to the handler, and is the one that is served', async (t) => {
  const type = defineResource<Lamp>({
    group: 'example.com',
    kind: 'Lamp',
    versions: [{ name: 'v1', storage: true }, { name: 'v2' }],
    handlers: {
      get: ({ name, namespace, version }) => lamp(namespace, name, { color: version }),
    },
  });
  const server = new VirtualServer(t, [type]);
  const { json } = await server.get('/apis/example.com/v2/namespaces/shop/lamps/a');
  t.is(json.apiVersion, 'example.com/v2');
  t.is(json.spec.color, 'v2');
});
