/**
 * Objects that the storage holds and nobody can read: how they are told, and how they are deleted
 * (KEP-3926). Bytes that are no object, an object of another key, and one whose key is lost.
 */

import test, { type ExecutionContext } from 'ava';

import type { Authorizer } from '../../lib/auth/index.js';
import { defineResource } from '../../lib/rest/index.js';
import { createServer, type ApiServer, type InjectedResponse } from '../../lib/server/index.js';
import { EncryptedStorage } from '../../lib/storage/encryption/index.js';
import { MemoryStorage, type Storage } from '../../lib/storage/index.js';
import { aesgcm, identity, rulesOf } from '../storage/encryption/configuration.js';

const WIDGETS = '/apis/example.com/v1/namespaces/shop/widgets';
const OPTION = 'ignoreStoreReadErrorWithClusterBreakingPotential';
const USER = { username: 'jane', uid: '', groups: ['system:authenticated'], extra: {} };

interface StatusBody {
  readonly reason: string;
  readonly message: string;
  readonly code: number;
  readonly details: {
    readonly kind: string;
    readonly group: string;
    readonly causes: readonly { reason: string; message: string; field?: string }[];
  };
}

const object = (name: string): string =>
  `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"${name}","namespace":"shop"}}`;

const CASES: readonly {
  readonly title: string;
  readonly value: string;
  readonly reason: RegExp;
}[] = [
  { title: 'bytes that are no JSON', value: 'k8s\0protobuf', reason: /^it is no object: / },
  { title: 'JSON that is no object', value: '[1]', reason: /^it is no object: / },
  {
    title: 'the object of another key',
    value: object('other'),
    reason: /^it holds the object "shop\/other", which is another one's$/,
  },
  {
    title: 'an object whose key is lost',
    value: 'k8s:enc:aesgcm:v1:lost:………………………………',
    reason: /lost/,
  },
];

for (const { title, value, reason } of CASES) {
  test(`${title}: told with its key, deleted on demand, and the others are there`, async (t) => {
    const { server, storage } = await serve(t, { good: object('good'), bad: value });
    const key = '/example.com/widgets/shop/bad';
    await server.settled();
    const ready = await server.inject({ path: '/readyz' });
    t.is(ready.status, 500);
    t.regex(ready.text(), /\[-\]informer-sync failed/);
    const paths = [
      WIDGETS,
      `${WIDGETS}/bad`,
      `${WIDGETS}?limit=10`,
      `${WIDGETS}?resourceVersion=0`,
    ];
    for (const path of paths) {
      const answer = await server.inject({ path });
      const status = answer.json() as StatusBody;
      t.deepEqual([answer.status, status.reason], [500, 'StorageReadError'], path);
      t.regex(status.message, /^failed to read one or more widgets\.example\.com from the storage/);
      t.deepEqual([status.details.group, status.details.kind], ['example.com', 'widgets']);
      t.deepEqual(
        status.details.causes.map((cause) => [cause.reason, cause.field]),
        [['UnexpectedServerResponse', key]],
      );
      t.regex(status.details.causes[0]!.message, reason);
    }
    t.is((await server.inject({ path: `${WIDGETS}/good` })).status, 200);
    const watch = await server.inject({ path: `${WIDGETS}?watch=1` });
    t.is(watch.status, 429);

    const ordinary = await remove(server, 'bad');
    t.deepEqual(reasonOf(ordinary), [500, 'StorageReadError']);
    t.not(await storage.get('/example.com/widgets/shop/bad').catch(() => 'there'), undefined);
    const deleted = await remove(server, 'bad', { [OPTION]: true });
    t.is(deleted.status, 200, deleted.text());
    t.deepEqual(deleted.json(), {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'bad', group: 'example.com', kind: 'widgets' },
    });
    t.is(await storage.get(key), undefined);
    await server.ready();
    const list = (await server.inject({ path: WIDGETS })).json() as {
      items: { metadata: { name: string } }[];
    };
    t.deepEqual(
      list.items.map(({ metadata }) => metadata.name),
      ['good'],
    );
    t.is((await server.inject({ path: `${WIDGETS}/bad` })).status, 404);
    t.is((await remove(server, 'bad', { [OPTION]: true })).status, 404);
    t.is((await server.inject({ path: '/readyz' })).status, 200);
  });
}

test('what can be read is not deleted that way', async (t) => {
  const { server, storage } = await serve(t, { good: object('good') });
  await server.ready();
  const refused = await remove(server, 'good', { [OPTION]: true });
  t.deepEqual(reasonOf(refused), [422, 'Invalid']);
  t.is(
    (refused.json() as StatusBody).message,
    `widgets.example.com "good" is invalid: ${OPTION}: Invalid value: true: is exclusively used ` +
      'to delete corrupt object(s), try again by removing this option',
  );
  t.not(await storage.get('/example.com/widgets/shop/good'), undefined);
  // Spelled out as false it is an ordinary deletion.
  t.is((await remove(server, 'good', { [OPTION]: false })).status, 200);
});

test('what is mended while it is being deleted stays', async (t) => {
  const { server, below, storage } = await serve(t, { bad: '{' });
  await server.settled();
  const write = below.write.bind(below);
  below.write = async (change) => {
    below.write = write;
    const { revision } = (await below.get(change.key))!;
    await write({ key: change.key, expected: revision, value: Buffer.from(object('bad')) });
    return write(change);
  };
  t.deepEqual(reasonOf(await remove(server, 'bad', { [OPTION]: true })), [409, 'Conflict']);
  t.is(
    Buffer.from((await storage.get('/example.com/widgets/shop/bad'))!.value).toString(),
    object('bad'),
  );
});

test('more than a hundred are told by a last cause', async (t) => {
  const values = Object.fromEntries(
    Array.from({ length: 103 }, (_, index) => [`w${String(index).padStart(3, '0')}`, '{']),
  );
  const { server } = await serve(t, values);
  await server.settled();
  const { details } = (await server.inject({ path: WIDGETS })).json() as StatusBody;
  t.is(details.causes.length, 101);
  t.is(details.causes[99]!.field, '/example.com/widgets/shop/w099');
  t.deepEqual(details.causes[100], {
    reason: 'TooManyErrors',
    message: 'too many errors, the list is truncated',
  });
});

test('with what it goes not together it is refused, before anything is deleted', async (t) => {
  const { server, storage } = await serve(t, { bad: '{' });
  await server.settled();
  for (const [options, fields] of [
    [{ dryRun: ['All'] }, ['dryRun']],
    [{ propagationPolicy: 'Background' }, ['propagationPolicy']],
    [{ orphanDependents: true }, ['orphanDependents']],
    [{ gracePeriodSeconds: 0 }, ['gracePeriodSeconds']],
    [{ preconditions: { uid: 'x' } }, ['preconditions']],
    [{ preconditions: { resourceVersion: '1' }, dryRun: ['All'] }, ['dryRun', 'preconditions']],
  ] as const) {
    const refused = await remove(server, 'bad', { ...options, [OPTION]: true });
    t.deepEqual(reasonOf(refused), [422, 'Invalid'], JSON.stringify(options));
    t.deepEqual(
      (refused.json() as StatusBody).details.causes.map(({ message }) => message),
      fields.map((field) => `Invalid value: true: cannot be set together with .${field}`),
    );
  }
  const query = await server.inject({
    method: 'DELETE',
    path: `${WIDGETS}/bad?${OPTION}=true&dryRun=All`,
  });
  t.is(query.status, 422);
  const collection = await server.inject({ method: 'DELETE', path: `${WIDGETS}?${OPTION}=true` });
  t.is(collection.status, 422);
  t.regex(collection.text(), /is not allowed with DELETECOLLECTION/);
  const malformed = await remove(server, 'bad', { [OPTION]: 'yes' });
  t.deepEqual(reasonOf(malformed), [400, 'BadRequest']);
  t.not(await storage.get('/example.com/widgets/shop/bad'), undefined);
  const byQuery = await server.inject({ method: 'DELETE', path: `${WIDGETS}/bad?${OPTION}=1` });
  t.is(byQuery.status, 200);
});

test('it takes the permission of a verb of its own, beside that to delete', async (t) => {
  const verbs: string[] = [];
  let isAllowed = false;
  const authorizer: Authorizer = {
    authorize: async ({ info }) => {
      verbs.push(info.verb);
      if (info.verb === 'delete' || isAllowed) return { allowed: true };
      return { allowed: false, reason: 'not her' };
    },
  };
  const { server } = await serve(t, { bad: '{' }, authorizer);
  await server.settled();
  const refused = await remove(server, 'bad', { [OPTION]: true });
  t.deepEqual(reasonOf(refused), [403, 'Forbidden']);
  t.regex(
    (refused.json() as StatusBody).message,
    /not permitted to do "unsafe-delete-ignore-read-errors", reason: .*not her/,
  );
  t.deepEqual(verbs, ['delete', 'unsafe-delete-ignore-read-errors']);
  isAllowed = true;
  t.is((await remove(server, 'bad', { [OPTION]: true })).status, 200);
});

async function serve(
  t: ExecutionContext,
  values: { readonly [name: string]: string },
  authorizer?: Authorizer,
): Promise<{ server: ApiServer; below: MemoryStorage; storage: Storage }> {
  const below = new MemoryStorage();
  for (const [name, value] of Object.entries(values)) {
    const key = `/example.com/widgets/shop/${name}`;
    await below.write({ key, expected: 0n, value: Buffer.from(value) });
  }
  const rules = rulesOf(identity, aesgcm(['key', 1]));
  const storage = new EncryptedStorage({ storage: below, rules: () => rules });
  const server = createServer({
    resources: [defineResource({ group: 'example.com', version: 'v1', kind: 'Widget' })],
    storage,
    ...(authorizer && { authorizer }),
  });
  t.teardown(() => server.close());
  return { server, below, storage };
}

function remove(server: ApiServer, name: string, options?: object): Promise<InjectedResponse> {
  return server.inject({
    method: 'DELETE',
    path: `${WIDGETS}/${name}`,
    user: USER,
    ...(options && {
      body: JSON.stringify(options),
      headers: { 'Content-Type': 'application/json' },
    }),
  });
}

function reasonOf(response: InjectedResponse): [number, string] {
  return [response.status, (response.json() as StatusBody).reason];
}
