/** Writes of resources that have handlers: reviews, creates, updates, patches, deletions. */

import test from 'ava';
import { alreadyExists, conflict } from '../../lib/request/index.js';
import { defineResource } from '../../lib/rest/index.js';
import type {
  VirtualCreateContext,
  VirtualDeleteContext,
  VirtualHandlers,
  VirtualPatchContext,
  VirtualUpdateContext,
} from '../../lib/rest/index.js';
import { JSON_PATCH, MERGE } from '../rest/fixture.js';
import { lamp, LAMPS_URL, lamps, places, VirtualServer } from './fixture.js';
import type { Json, Lamp } from './fixture.js';

const LAMPS = { group: 'example.com', resource: 'lamps' };
const sent = (name: string, more: object = {}): Json => ({
  apiVersion: 'example.com/v1',
  kind: 'Lamp',
  metadata: { name },
  ...more,
});

interface Review {
  readonly metadata?: { readonly name?: string };
  readonly spec: { readonly user: string };
  readonly status?: { readonly allowed: boolean };
}

const REVIEWS = defineResource<Review>({
  group: 'example.com',
  version: 'v1',
  kind: 'AccessReview',
  scope: 'Cluster',
  handlers: {
    create: ({ object, user }) => ({
      ...object,
      status: { allowed: object.spec.user === user.username },
    }),
  },
});

test('a review is answered, 201, and nothing is stored', async (t) => {
  const server = new VirtualServer(t, [REVIEWS]);
  const url = '/apis/example.com/v1/accessreviews';
  const body = { apiVersion: 'example.com/v1', kind: 'AccessReview', spec: { user: 'ana' } };
  const reply = await server.ask('POST', url, { body });
  t.is(reply.status, 201);
  t.deepEqual(reply.json, { ...body, metadata: {}, status: { allowed: true } });
  const refused: readonly (readonly [method: string, path: string, verb: string])[] = [
    ['GET', url, 'list'],
    ['GET', `${url}?watch=true`, 'watch'],
    ['GET', `${url}/a`, 'get'],
    ['PUT', `${url}/a`, 'update'],
    ['PATCH', `${url}/a`, 'patch'],
    ['DELETE', `${url}/a`, 'delete'],
    ['DELETE', url, 'deletecollection'],
  ];
  for (const [method, path, verb] of refused) {
    const answer = await server.ask(method, path);
    t.is(answer.status, 405, path);
    t.deepEqual(answer.json, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: `${verb} is not supported on resources of kind "accessreviews.example.com"`,
      reason: 'MethodNotAllowed',
      details: { group: 'example.com', kind: 'accessreviews' },
      code: 405,
    });
  }
});

test('a type tells in discovery and OpenAPI what there is, and no more', async (t) => {
  const server = new VirtualServer(t, [REVIEWS, lamps({ get: () => null, update: () => null })]);
  const { json } = await server.get('/apis/example.com/v1');
  const verbs = Object.fromEntries(
    (json.resources as { name: string; verbs: string[] }[]).map(({ name, verbs }) => [name, verbs]),
  );
  t.deepEqual(verbs, { accessreviews: ['create'], lamps: ['get', 'patch', 'update'] });
  const { paths } = (await server.get('/openapi/v3/apis/example.com/v1')).json as { paths: object };
  t.deepEqual(Object.keys(paths), [
    '/apis/example.com/v1/accessreviews',
    '/apis/example.com/v1/namespaces/{namespace}/lamps/{name}',
  ]);
});

function creating(contexts: VirtualCreateContext<Lamp>[], taken: readonly string[] = []) {
  return (context: VirtualCreateContext<Lamp>): Lamp => {
    contexts.push(context);
    if (taken.includes(context.name)) throw alreadyExists(LAMPS, context.name);
    return context.object;
  };
}

test('a create gets the object with its namespace, and numbers as doubles', async (t) => {
  const contexts: VirtualCreateContext<Lamp>[] = [];
  const server = new VirtualServer(t, [lamps({ create: creating(contexts) })]);
  const body = Buffer.from(
    '{"apiVersion":"example.com/v1","kind":"Lamp","metadata":{"name":"a"},"spec":{"watts":1.50}}',
  );
  const reply = await server.ask('POST', LAMPS_URL, { body });
  t.is(reply.status, 201);
  t.deepEqual(contexts[0]?.object.metadata, { name: 'a', namespace: 'shop' });
  t.is(contexts[0]?.object.spec?.watts, 1.5);
  t.is(contexts[0]?.name, 'a');
  t.is(contexts[0]?.verb, 'create');
});

test('a name is generated, anew when it is taken', async (t) => {
  const contexts: VirtualCreateContext<Lamp>[] = [];
  let draw = 0;
  const server = new VirtualServer(t, [lamps({ create: creating(contexts, ['l-bbbbb']) })], {
    random: () => (draw++ < 5 ? 0 : 0.1),
  });
  const body = sent('', { metadata: { generateName: 'l-' } });
  const reply = await server.ask('POST', LAMPS_URL, { body });
  t.is(reply.status, 201);
  t.is(reply.json.metadata.name, 'l-ddddd');
  t.deepEqual(
    contexts.map(({ name }) => name),
    ['l-bbbbb', 'l-ddddd'],
  );

  const full = new VirtualServer(t, [lamps({ create: creating([], ['l-bbbbb']) })]);
  const conflicting = await full.ask('POST', LAMPS_URL, { body });
  t.is(conflicting.status, 409);
  t.regex(conflicting.json.message, /was not able to generate a unique name/);
  const named = await full.ask('POST', LAMPS_URL, { body: sent('l-bbbbb') });
  t.is(named.json.message, 'lamps.example.com "l-bbbbb" already exists');
});

const REFUSED: readonly (readonly [about: string, body: Json, code: number, message: RegExp])[] = [
  [
    'another kind',
    { ...sent('a'), kind: 'Pole' },
    422,
    /kind: Invalid value: "Pole": must be Lamp/,
  ],
  [
    'another version',
    { ...sent('a'), apiVersion: 'example.com/v9' },
    400,
    /API version in the data/,
  ],
  ['no kind', { metadata: { name: 'a' } }, 400, /Object 'Kind' is missing/],
  [
    'another namespace',
    sent('a', { metadata: { name: 'a', namespace: 'other' } }),
    400,
    /the namespace of the provided object does not match/,
  ],
  ['a name that no path can have', sent('a/b'), 422, /metadata\.name: Invalid value: "a\/b"/],
  [
    'labels that are none',
    sent('a', { metadata: { name: 'a', labels: 1 } }),
    400,
    /labels must be/,
  ],
];

for (const [about, body, code, message] of REFUSED) {
  test(`a create of ${about} is refused before the handler is asked`, async (t) => {
    const server = new VirtualServer(t, [lamps({ create: () => t.fail() as never })]);
    const reply = await server.ask('POST', LAMPS_URL, { body });
    t.is(reply.status, code);
    t.regex(reply.json.message, message);
  });
}

test('unknown metadata is dropped with a warning, or refused where that is wanted', async (t) => {
  const server = new VirtualServer(t, [lamps({ create: ({ object }) => object })]);
  const body = sent('a', { metadata: { name: 'a', colour: 'red' } });
  const reply = await server.ask('POST', LAMPS_URL, { body });
  t.is(reply.header('Warning'), '299 - "unknown field \\"metadata.colour\\""');
  t.false('colour' in reply.json.metadata);
  const strict = await server.ask('POST', `${LAMPS_URL}?fieldValidation=Strict`, { body });
  t.is(strict.status, 400);
});

/** Lamps in a Map, with versions and conflicts: what an adapter to another system would be. */
class Shelf {
  readonly lamps = new Map<string, Lamp>();
  readonly updates: VirtualUpdateContext<Lamp>[] = [];
  #revision = 10;
  /** Called before an update takes place: another writer. */
  meanwhile: () => void = () => undefined;

  put(object: Lamp): Lamp {
    const { name } = object.metadata;
    const stored = {
      ...object,
      metadata: { ...object.metadata, uid: `uid-${name}`, resourceVersion: `${++this.#revision}` },
    };
    this.lamps.set(name, stored);
    return stored;
  }

  readonly handlers: VirtualHandlers<Lamp> = {
    get: ({ name }) => this.lamps.get(name),
    update: (context) => {
      this.updates.push(context);
      this.meanwhile();
      const { name, object, old } = context;
      const present = this.lamps.get(name);
      if (present === undefined) return undefined;
      if (present.metadata.resourceVersion !== old?.metadata.resourceVersion) {
        throw conflict(LAMPS, name);
      }
      return this.put(object);
    },
    delete: ({ name }) => this.lamps.delete(name),
  };
}

function shelved(): Shelf {
  const shelf = new Shelf();
  shelf.put(lamp('shop', 'a', { color: 'red', watts: 5 }));
  return shelf;
}

test('an update is told what is to be and what was', async (t) => {
  const shelf = shelved();
  const server = new VirtualServer(t, [lamps(shelf.handlers)]);
  const body = sent('a', { spec: { color: 'blue' } });
  const reply = await server.ask('PUT', `${LAMPS_URL}/a`, { body });
  t.is(reply.status, 200);
  t.deepEqual(reply.json.spec, { color: 'blue' });
  t.is(reply.json.metadata.resourceVersion, '12');
  t.is(shelf.updates[0]?.old?.spec?.color, 'red');
  t.is(shelf.updates[0]?.object.metadata.namespace, 'shop');
});

test('an update for another version or object is a conflict, without asking', async (t) => {
  const shelf = shelved();
  const server = new VirtualServer(t, [lamps(shelf.handlers)]);
  const put = (metadata: object) =>
    server.ask('PUT', `${LAMPS_URL}/a`, {
      body: sent('a', { metadata: { name: 'a', ...metadata } }),
    });
  const stale = await put({ resourceVersion: '3' });
  t.is(stale.status, 409);
  t.regex(stale.json.message, /the object has been modified/);
  const other = await put({ uid: 'uid-x' });
  t.is(other.status, 409);
  t.regex(other.json.message, /UID in precondition: uid-x, UID in object meta: uid-a/);
  t.deepEqual(shelf.updates, []);
  t.is((await put({ resourceVersion: '11', uid: 'uid-a' })).status, 200);
});

test('an update of what is not there is 404', async (t) => {
  const server = new VirtualServer(t, [lamps(shelved().handlers)]);
  t.is((await server.ask('PUT', `${LAMPS_URL}/b`, { body: sent('b') })).status, 404);
  const blind = new VirtualServer(t, [lamps({ update: ({ old }) => old })]);
  const reply = await blind.ask('PUT', `${LAMPS_URL}/b`, { body: sent('b') });
  t.is(reply.json.message, 'lamps.example.com "b" not found', 'nothing was there before');
  const misplaced = await blind.ask('PUT', `${LAMPS_URL}/b`, { body: sent('c') });
  t.is(misplaced.status, 400);
});

test('get and update serve patches', async (t) => {
  const shelf = shelved();
  const server = new VirtualServer(t, [lamps(shelf.handlers)]);
  const merged = await server.ask('PATCH', `${LAMPS_URL}/a`, {
    headers: MERGE,
    body: { spec: { color: 'blue' } },
  });
  t.is(merged.status, 200);
  t.deepEqual(merged.json.spec, { color: 'blue', watts: 5 });
  const operations = [{ op: 'remove', path: '/spec/watts' }];
  const patched = await server.ask('PATCH', `${LAMPS_URL}/a`, {
    headers: JSON_PATCH,
    body: operations,
  });
  t.deepEqual(patched.json.spec, { color: 'blue' });
  t.is(shelf.updates[0]?.verb, 'patch');
  const failing = await server.ask('PATCH', `${LAMPS_URL}/a`, {
    headers: JSON_PATCH,
    body: operations,
  });
  t.is(failing.status, 422);
  const media = { 'Content-Type': 'application/strategic-merge-patch+json' };
  t.is((await server.ask('PATCH', `${LAMPS_URL}/a`, { headers: media, body: {} })).status, 415);
  t.is((await server.ask('PATCH', `${LAMPS_URL}/b`, { headers: MERGE, body: {} })).status, 404);
  const renaming = { metadata: { name: 'c' } };
  t.is(
    (await server.ask('PATCH', `${LAMPS_URL}/a`, { headers: MERGE, body: renaming })).status,
    400,
  );
});

test('a patch that loses against another writer is made anew on what that wrote', async (t) => {
  const shelf = shelved();
  const server = new VirtualServer(t, [lamps(shelf.handlers)]);
  shelf.meanwhile = () => {
    if (shelf.updates.length <= 2) shelf.put(lamp('shop', 'a', { color: 'green', watts: 60 }));
  };
  const reply = await server.ask('PATCH', `${LAMPS_URL}/a`, {
    headers: MERGE,
    body: { spec: { color: 'blue' } },
  });
  t.is(reply.status, 200);
  t.deepEqual(reply.json.spec, { color: 'blue', watts: 60 });
  t.is(shelf.updates.length, 3);
});

test('a patch that always loses, or insists on a version, is a conflict', async (t) => {
  const shelf = shelved();
  const server = new VirtualServer(t, [lamps(shelf.handlers)]);
  shelf.meanwhile = () => void shelf.put(lamp('shop', 'a', { color: 'green' }));
  const body = { spec: { color: 'blue' } };
  t.is((await server.ask('PATCH', `${LAMPS_URL}/a`, { headers: MERGE, body })).status, 409);
  t.is(shelf.updates.length, 5);
  const resourceVersion = shelf.lamps.get('a')?.metadata.resourceVersion ?? '';
  const insisting = { metadata: { resourceVersion }, ...body };
  const reply = await server.ask('PATCH', `${LAMPS_URL}/a`, { headers: MERGE, body: insisting });
  t.is(reply.status, 409);
  t.is(shelf.updates.length, 6, 'the version is gone: no second attempt');
});

test('a handler for patches gets the patch itself', async (t) => {
  const contexts: VirtualPatchContext[] = [];
  const server = new VirtualServer(t, [
    lamps({
      patch: (context) => {
        contexts.push(context);
        return context.name === 'a' ? lamp('shop', 'a') : null;
      },
    }),
  ]);
  const body = { spec: { watts: 9007199254740993n.toString() } };
  t.is((await server.ask('PATCH', `${LAMPS_URL}/a`, { headers: MERGE, body })).status, 200);
  t.is((await server.ask('PATCH', `${LAMPS_URL}/b`, { headers: MERGE, body })).status, 404);
  t.deepEqual(contexts[0]?.patch, body);
  t.is(contexts[0]?.patchType, 'application/merge-patch+json');
  const broken = Buffer.from('{');
  t.is((await server.ask('PATCH', `${LAMPS_URL}/a`, { headers: MERGE, body: broken })).status, 400);
});

test('a deletion tells what is gone, what is not there, and what stays for a while', async (t) => {
  const shelf = shelved();
  const server = new VirtualServer(t, [lamps(shelf.handlers)]);
  const gone = await server.ask('DELETE', `${LAMPS_URL}/a`);
  t.is(gone.status, 200);
  t.deepEqual(gone.json, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name: 'a', group: 'example.com', kind: 'lamps', uid: 'uid-a' },
  });
  t.is((await server.ask('DELETE', `${LAMPS_URL}/a`)).status, 404);
  const blind = new VirtualServer(t, [
    lamps({ delete: ({ name }) => (name === 'a' ? lamp('shop', 'a') : false) }),
  ]);
  const staying = await blind.ask('DELETE', `${LAMPS_URL}/a`);
  t.is(staying.status, 200);
  t.is(staying.json.kind, 'Lamp');
  t.is((await blind.ask('DELETE', `${LAMPS_URL}/b`)).status, 404);
});

test('preconditions are checked where there is something to check them by', async (t) => {
  const shelf = shelved();
  const server = new VirtualServer(t, [lamps(shelf.handlers)]);
  const body = { preconditions: { uid: 'uid-x' } };
  const refused = await server.ask('DELETE', `${LAMPS_URL}/a`, { body });
  t.is(refused.status, 409);
  t.regex(refused.json.message, /the UID in the precondition \(uid-x\) does not match/);
  t.is(shelf.lamps.size, 1);
  const contexts: VirtualDeleteContext[] = [];
  const blind = new VirtualServer(t, [
    lamps({
      delete: (context) => {
        contexts.push(context);
        return true;
      },
    }),
  ]);
  t.is((await blind.ask('DELETE', `${LAMPS_URL}/a`, { body })).status, 200);
  t.deepEqual(contexts[0]?.options.preconditions, { uid: 'uid-x' });
});

test('a collection is deleted by its handler, which gives what it deleted', async (t) => {
  const server = new VirtualServer(t, [
    lamps({
      deleteCollection: ({ labelSelector, options }) => {
        t.is(labelSelector.text, 'room=hall');
        t.is(options.propagationPolicy, 'Orphan');
        return [
          lamp('shop', 'b', { labels: { room: 'hall' } }),
          lamp('shop', 'a', { labels: { room: 'hall' } }),
        ];
      },
    }),
  ]);
  const url = `${LAMPS_URL}?labelSelector=room=hall&propagationPolicy=Orphan`;
  const reply = await server.ask('DELETE', url);
  t.is(reply.status, 200);
  t.deepEqual(places(reply.json), ['shop/a', 'shop/b']);
});

const WRITES: readonly (readonly [method: string, path: string, more: object])[] = [
  ['POST', '', { body: sent('b') }],
  ['PUT', '/a', { body: sent('a') }],
  ['PATCH', '/a', { body: {}, headers: MERGE }],
  ['DELETE', '/a', {}],
  ['DELETE', '', {}],
];

test('a dry run never gets to handlers that do not look at it', async (t) => {
  const fail = (): never => t.fail() as never;
  const server = new VirtualServer(t, [
    lamps({ get: fail, create: fail, update: fail, delete: fail, deleteCollection: fail }),
  ]);
  for (const [method, path, more] of WRITES) {
    const reply = await server.ask(method, `${LAMPS_URL}${path}?dryRun=All`, more);
    t.is(reply.status, 400, method);
    t.is(reply.json.message, 'lamps.example.com do not support dry runs');
  }
});

test('handlers that look at dryRun are told', async (t) => {
  const told: boolean[] = [];
  const note = ({ dryRun }: { readonly dryRun: boolean }): void => void told.push(dryRun);
  const server = new VirtualServer(t, [
    lamps({
      supportsDryRun: true,
      get: () => lamp('shop', 'a'),
      create: (context) => (note(context), context.object),
      update: (context) => (note(context), context.object),
      delete: (context) => (note(context), true),
      deleteCollection: (context) => (note(context), []),
    }),
  ]);
  for (const [method, path, more] of WRITES) {
    t.true((await server.ask(method, `${LAMPS_URL}${path}?dryRun=All`, more)).status < 300, method);
  }
  t.deepEqual(told, [true, true, true, true, true]);
  await server.ask('DELETE', `${LAMPS_URL}/a`);
  t.false(told.at(-1));
});
