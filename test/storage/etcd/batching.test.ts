/** Reads that share a way to etcd: which of them do, and that none sees less than alone. */

import test, { type ExecutionContext } from 'ava';

import {
  EtcdClient,
  EtcdError,
  EtcdStorage,
  keyBytes,
  type CallObserver,
} from '../../../lib/storage/etcd/index.js';
import type { StoredList } from '../../../lib/storage/index.js';
import { KeySpace } from '../../../lib/storage/etcd/store/keys.js';
import { PointReads } from '../../../lib/storage/etcd/store/point-reads.js';
import { RangeReads } from '../../../lib/storage/etcd/store/range-reads.js';
import { put, text, turns } from '../conformance/subject.js';
import { ETCDS, startCluster } from './member.js';

for (const etcd of ETCDS) {
  const name = `etcd ${etcd.version}`;

  test(`${name}: reads of one turn are one call at one revision, and each gets its own answer`, async (t) => {
    const { storage, calls } = await open(t, (await startCluster(t, { etcd })).endpoints);
    const one = await put(storage, '/g/r/a', '1');
    const two = await put(storage, '/g/r/b', '2');
    calls.clear();
    const keys = ['/g/r/a', '/g/r/b', '/g/r/none', '/g/r/a'];
    const found = await Promise.all(keys.map((key) => storage.get(key)));
    t.deepEqual(
      found.map((value) => value && [value.key, text(value.value), value.revision]),
      [['/g/r/a', '1', one], ['/g/r/b', '2', two], undefined, ['/g/r/a', '1', one]],
    );
    t.deepEqual([...calls], [['Txn', 1]]);
    calls.clear();
    t.is((await storage.get('/g/r/a'))?.revision, one);
    t.deepEqual([...calls], [['Range', 1]]);
  });
}

test('no transaction has more reads than etcd takes', async (t) => {
  const { storage, calls } = await open(t, (await startCluster(t)).endpoints);
  const revision = await put(storage, '/g/r/199', 'last');
  calls.clear();
  const keys = Array.from({ length: 200 }, (_, index) => `/g/r/${index}`);
  const found = await Promise.all(keys.map((key) => storage.get(key)));
  t.deepEqual(
    found.filter((value) => value !== undefined).map((value) => [value.key, value.revision]),
    [['/g/r/199', revision]],
  );
  t.deepEqual([...calls], [['Txn', 4]]);
});

test('a read sees what was acknowledged before it, though another of its key is on its way', async (t) => {
  const { endpoints } = await startCluster(t);
  const { storage, calls } = await open(t, endpoints);
  await put(storage, '/g/r/a', '1');
  calls.clear();
  const before = storage.get('/g/r/a');
  await turns(1);
  t.deepEqual([...calls], [['Range', 1]]);
  const after = storage.get('/g/r/a');
  await turns(1);
  t.deepEqual([...calls], [['Range', 2]]);
  t.deepEqual(await after, await before);
});

test('a key that may not be read does not keep the others of its turn from being', async (t) => {
  const { endpoints } = await startCluster(t);
  const root = direct(t, endpoints);
  await root.kv.put({ key: keyBytes('/mine/a'), value: keyBytes('1') });
  for (const user of ['root', 'guest']) {
    await root.auth.addRole(user);
    await root.auth.addUser(user, 'secret');
    await root.auth.grantRole(user, user);
  }
  await root.auth.grantRange('guest', { key: keyBytes('/mine/a'), rangeEnd: new Uint8Array() });
  await root.auth.enable();
  const guest = new EtcdClient({ endpoints, auth: { user: 'guest', password: 'secret' } });
  t.teardown(() => guest.close());
  const reads = new PointReads(guest);
  const mine = reads.read(keyBytes('/mine/a'));
  const theirs = t.throwsAsync(reads.read(keyBytes('/theirs/a')), { instanceOf: EtcdError });
  t.is(text((await mine).kv?.value ?? new Uint8Array()), '1');
  t.is((await theirs).code, 'permission-denied');
});

test('lists of one prefix share the next read, and those of one revision the present one', async (t) => {
  const { storage, calls } = await open(t, (await startCluster(t)).endpoints);
  const revision = await put(storage, '/g/r/a', '1');
  await put(storage, '/g/s/a', '1');
  calls.clear();
  const newest = await Promise.all(Array.from({ length: 10 }, () => storage.list('/g/r/')));
  t.deepEqual([...calls], [['Range', 2]]);
  t.true(newest.every(({ values }) => values[0]?.revision === revision && values.length === 1));
  calls.clear();
  await Promise.all(Array.from({ length: 10 }, () => storage.list('/g/r/', { revision })));
  t.deepEqual([...calls], [['Range', 1]]);
  calls.clear();
  // Whoever asks for another part gets that.
  const parts = await Promise.all([
    storage.list('/g/r/'),
    storage.list('/g/s/'),
    storage.list('/g/', { limit: 1 }),
    storage.list('/g/', { limit: 2 }),
    storage.list('/g/', { start: '/g/s/a' }),
  ]);
  t.deepEqual(parts.map(keysOf), [
    ['/g/r/a'],
    ['/g/s/a'],
    ['/g/r/a'],
    ['/g/r/a', '/g/s/a'],
    ['/g/s/a'],
  ]);
  t.deepEqual([...calls], [['Range', 5]]);
});

test('a list sees what was acknowledged before it, though another of its prefix is on its way', async (t) => {
  const { endpoints } = await startCluster(t);
  const { storage } = await open(t, endpoints);
  const other = direct(t, endpoints);
  for (let round = 0; round < 20; round++) {
    const before = storage.list('/g/r/');
    await other.kv.put({ key: keyBytes(`/registry/g/r/${round}`), value: keyBytes('1') });
    const after = await storage.list('/g/r/');
    t.is(after.values.length, round + 1);
    t.true((await before).values.length <= after.values.length);
  }
});

test('a long list comes in pages of one revision, sized by what they hold', async (t) => {
  const { endpoints } = await startCluster(t);
  const client = direct(t, endpoints);
  const seeded = await seed(client, 1_700, 16 * 1024);
  const pages: bigint[] = [];
  const reads = rangeReads(client, async (limit) => {
    pages.push(limit);
    // It is not to be seen: the list is of a revision before it.
    await client.kv.put({ key: keyBytes('/registry/g/r/0'), value: keyBytes(String(limit)) });
  });
  const list = await reads.list({ range: ALL, revision: 0n, limit: 0 });
  t.deepEqual(pages, [1_000n, 511n, 511n]);
  t.deepEqual([list.revision, list.more, list.values.length], [seeded, false, 1_700]);
  t.true(list.values.every(({ revision }) => revision <= seeded));
  t.deepEqual(new Set(keysOf(list)).size, 1_700);
  pages.length = 0;
  const part = await reads.list({ range: ALL, revision: seeded, limit: 1_200 });
  t.deepEqual(pages, [1_000n, 200n]);
  t.deepEqual([part.revision, part.more, part.values.length], [seeded, true, 1_200]);
  t.deepEqual(keysOf(part), keysOf(list).slice(0, 1_200));
});

test('a list whose revision is compacted between its pages begins anew, or tells it', async (t) => {
  const { endpoints } = await startCluster(t);
  const client = direct(t, endpoints);
  const seeded = await seed(client, 1_100, 10);
  const key = keyBytes('/registry/g/r/0');
  let compactions = 0;
  const reads = rangeReads(client, async () => {
    if (++compactions > 1) return;
    const { header } = await client.kv.put({ key, value: keyBytes('new') });
    await client.kv.compact({ revision: header!.revision });
  });
  const list = await reads.list({ range: ALL, revision: 0n, limit: 0 });
  t.deepEqual([list.revision, list.values.length], [seeded + 1n, 1_100]);
  const old = reads.list({ range: ALL, revision: seeded, limit: 0 });
  t.is((await t.throwsAsync(old, { instanceOf: EtcdError })).code, 'compacted');
  // Forever is too long.
  const always = rangeReads(client, async () => {
    const { header } = await client.kv.put({ key, value: keyBytes('newer') });
    await client.kv.compact({ revision: header!.revision });
  });
  const never = always.list({ range: ALL, revision: 0n, limit: 0 });
  t.is((await t.throwsAsync(never, { instanceOf: EtcdError })).code, 'compacted');
});

const KEYS = new KeySpace('/registry');
const ALL = KEYS.range('/g/r/', '/g/r/');

const keysOf = ({ values }: StoredList): string[] => values.map(({ key }) => key);

/** Reads through a client that pauses behind every page it has got. */
function rangeReads(client: EtcdClient, behindPage: (limit: bigint) => Promise<void>): RangeReads {
  const range: EtcdClient['kv']['range'] = async (request, options) => {
    const page = await client.kv.range(request, options);
    await behindPage(BigInt(request.limit ?? 0));
    return page;
  };
  const paused = Object.create(client, { kv: { value: { range } } }) as EtcdClient;
  return new RangeReads({ client: paused, keys: KEYS, saw: () => undefined });
}

/** Writes so many keys, and returns the revision they have. */
async function seed(client: EtcdClient, count: number, valueBytes: number): Promise<bigint> {
  const value = new Uint8Array(valueBytes);
  const PUTS = 64;
  let revision = 0n;
  for (let first = 0; first < count; first += PUTS) {
    const success = Array.from({ length: Math.min(PUTS, count - first) }, (_, index) => {
      const key = keyBytes(`/registry/g/r/${first + index}`);
      return { request: { case: 'requestPut' as const, value: { key, value } } };
    });
    revision = (await client.kv.txn({ success })).header!.revision;
  }
  return revision;
}

async function open(
  t: ExecutionContext,
  endpoints: readonly string[],
): Promise<{ readonly storage: EtcdStorage; readonly calls: Map<string, number> }> {
  const calls = new Map<string, number>();
  const observer: CallObserver = {
    onStarted: (_service, method, type) => {
      if (type === 'unary') calls.set(method, (calls.get(method) ?? 0) + 1);
    },
  };
  const storage = await EtcdStorage.open({ client: { endpoints, observer } });
  t.teardown(() => storage.close());
  return { storage, calls };
}

function direct(t: ExecutionContext, endpoints: readonly string[]): EtcdClient {
  const client = new EtcdClient({ endpoints });
  t.teardown(() => client.close());
  return client;
}
