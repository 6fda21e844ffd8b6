/**
 * Several objects of one type at one revision of etcd: a transaction of another program, or a lease
 * that ends with all its keys. A client that has seen one of them and comes back with its revision
 * would miss the others: so the cache lists anew, and its watches end.
 */

import test, { type ExecutionContext } from 'ava';

import type { CacheError } from '../../lib/cache/index.js';
import { defineResource } from '../../lib/rest/index.js';
import { createServer, type ApiServer } from '../../lib/server/index.js';
import { EtcdClient, EtcdStorage, keyBytes } from '../../lib/storage/etcd/index.js';
import { startCluster } from '../storage/etcd/member.js';

const WIDGETS = '/apis/example.com/v1/namespaces/shop/widgets';

interface ListBody {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly { metadata: { name: string; resourceVersion: string } }[];
}

const keyOf = (name: string): Uint8Array => keyBytes(`/registry/example.com/widgets/shop/${name}`);
const objectOf = (name: string): Uint8Array =>
  keyBytes(
    `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"${name}","namespace":"shop"}}`,
  );

test('a foreign transaction: all its objects are listed, and watches begin anew', async (t) => {
  const { server, etcd } = await serve(t);
  const before = await list(server);
  const ended = await endOf(server, 'widgets.example.com');
  const others = await endOf(server, 'gadgets.example.com');
  const { header } = await etcd.kv.txn({
    success: ['a', 'b', 'c'].map((name) => ({
      request: { case: 'requestPut', value: { key: keyOf(name), value: objectOf(name) } },
    })),
  });
  t.is(await ended.code, 'expired');
  await server.ready();
  const after = await list(server);
  const revision = String(header!.revision);
  t.deepEqual(
    after.items.map(({ metadata }) => [metadata.name, metadata.resourceVersion]),
    ['a', 'b', 'c'].map((name) => [name, revision]),
  );
  // Who comes with what it had can't be told of them one by one, and is sent to list.
  const since = before.metadata.resourceVersion;
  const resumed = await server.inject({
    path: `${WIDGETS}?watch=1&timeoutSeconds=1&resourceVersion=${since}`,
  });
  for await (const event of resumed.events()) {
    t.like(event, { type: 'ERROR', object: { code: 410, reason: 'Expired' } });
  }
  // Caches of other types have not noticed.
  t.false(others.hasEnded());
  // From there on it is told one by one, as ever.
  const more = await server.inject({
    path: `${WIDGETS}?watch=1&resourceVersion=${after.metadata.resourceVersion}`,
  });
  await etcd.kv.put({ key: keyOf('d'), value: objectOf('d') });
  for await (const event of more.events()) {
    t.like(event, { type: 'ADDED', object: { metadata: { name: 'd' } } });
    break;
  }
  t.plan(5);
});

test('a lease that ends with several objects: none of them is left', async (t) => {
  const { server, etcd } = await serve(t);
  const { ID: lease } = await etcd.lease.grant({ TTL: 600n });
  for (const name of ['a', 'b', 'c']) {
    await etcd.kv.put({ key: keyOf(name), value: objectOf(name), lease });
  }
  await etcd.kv.put({ key: keyOf('stays'), value: objectOf('stays') });
  t.is((await list(server)).items.length, 4);
  const ended = await endOf(server, 'widgets.example.com');
  await etcd.lease.revoke(lease);
  t.is(await ended.code, 'expired');
  await server.ready();
  t.deepEqual(
    (await list(server)).items.map(({ metadata }) => metadata.name),
    ['stays'],
  );
});

async function serve(t: ExecutionContext): Promise<{ server: ApiServer; etcd: EtcdClient }> {
  const { endpoints } = await startCluster(t);
  const etcd = new EtcdClient({ endpoints });
  const storage = await EtcdStorage.open({ client: { endpoints } });
  const server = createServer({
    resources: ['Widget', 'Gadget'].map((kind) =>
      defineResource({ group: 'example.com', version: 'v1', kind }),
    ),
    storage,
  });
  t.teardown(async () => {
    await server.close();
    await storage.close();
    await etcd.close();
  });
  await server.ready();
  return { server, etcd };
}

async function list(server: ApiServer): Promise<ListBody> {
  const answer = await server.inject({ path: WIDGETS });
  if (answer.status !== 200) throw new Error(answer.text());
  return answer.json() as ListBody;
}

async function endOf(
  server: ApiServer,
  type: string,
): Promise<{ code: Promise<string>; hasEnded: () => boolean }> {
  const stream = await server.cache(type)!.watch();
  let hasEnded = false;
  const code = (async () => {
    try {
      for await (const event of stream) void event;
      return 'none';
    } catch (error) {
      return (error as CacheError).code;
    } finally {
      hasEnded = true;
    }
  })();
  return { code, hasEnded: () => hasEnded };
}
