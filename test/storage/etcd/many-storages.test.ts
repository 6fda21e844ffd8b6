/** Several storages over one etcd, and what each of them knows of the others. */

import { fileURLToPath } from 'node:url';

import test, { type ExecutionContext } from 'ava';

import {
  EtcdClient,
  EtcdStorage,
  keyBytes,
  prefixRange,
  type EtcdStorageOptions,
} from '../../../lib/storage/etcd/index.js';
import { tellsProgress } from '../../../lib/storage/etcd/store/progress-gate.js';
import { ManualClock } from '../../clock.js';
import { bytes, put, remove, throwsCode } from '../conformance/subject.js';
import { run } from '../../witness/command.js';
import { record } from '../recorder.js';
import { ETCDS, NEWEST, startCluster } from './member.js';
import { TcpProxy } from './tcp-proxy.js';

for (const etcd of ETCDS) {
  const name = `etcd ${etcd.version}`;

  test(`${name}: what one storage writes, another one lists and watches at the same revisions`, async (t) => {
    const { endpoints } = await startCluster(t, { etcd });
    const [one, other] = [await open(t, endpoints), await open(t, endpoints)];
    const base = await one.committedRevision();
    const there = record(other, '/g/r/', base);
    const created = await put(one, '/g/r/a', '1');
    const changed = await put(other, '/g/r/a', '2');
    const deleted = await remove(one, '/g/r/a');
    await there.reached(deleted);
    t.deepEqual(
      there.calls.filter((call) => !call.startsWith('progress')),
      [`put /g/r/a ${created}`, `put /g/r/a ${changed}`, `delete /g/r/a ${deleted}`],
    );
    // Somebody who has seen the first at one of them goes on at the other.
    const moved = record(one, '/g/r/', created);
    await moved.reached(deleted);
    t.deepEqual(moved.revisions, [changed, deleted]);
    t.is((await other.list('/g/r/', { revision: changed })).values[0]?.revision, changed);
  });

  test(`${name}: a watch that waits for others' revisions is told of them when it asks`, async (t) => {
    const { endpoints } = await startCluster(t, { etcd });
    const clock = new ManualClock();
    const storage = await open(t, endpoints, { clock });
    const client = direct(t, endpoints);
    const recorder = record(storage, '/g/r/', await storage.committedRevision());
    await client.kv.put({ key: keyBytes('/elsewhere'), value: keyBytes('1') });
    const committed = await storage.committedRevision();
    while ((recorder.progress.at(-1) ?? 0n) < committed) {
      recorder.watch.requestProgress?.();
      clock.advance(100);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    t.deepEqual(recorder.changes, []);
    const marker = await client.kv.range({ key: keyBytes('/registry.progress') });
    t.is(marker.count, tellsProgress(etcd.version) ? 0n : 1n);
    t.deepEqual((await storage.list('/')).values, []);
  });

  test(`${name}: one of two storages compacts in each interval, and both know how far`, async (t) => {
    const { endpoints } = await startCluster(t, { etcd });
    const clock = new ManualClock();
    const storages = [await open(t, endpoints), await open(t, endpoints)];
    const client = direct(t, endpoints);
    const compactions = storages.map((storage) =>
      storage.startCompaction({
        clock,
        intervalMs: 1_000,
        onError: (error) => t.fail(String(error)),
      }),
    );
    const version = async (): Promise<bigint> =>
      (await client.kv.range({ key: keyBytes('compact_rev_key') })).kvs[0]?.version ?? 0n;
    let seen = 0n;
    for (let round = 1n; round <= 3n; round++) {
      const before = await put(storages[0]!, '/g/r/a', String(round));
      while (clock.pending < 2) await turn();
      clock.advance(1_000);
      while ((await version()) < round) await turn();
      while (clock.pending < 2) await turn();
      t.is(await version(), round);
      if (seen > 0n) {
        const isTold = (storage: EtcdStorage): boolean => storage.compactedRevision() >= seen;
        while (!storages.every(isTold)) await turn();
        for (const storage of storages) {
          t.true(storage.compactedRevision() <= before);
          await throwsCode(t, 'compacted', () => storage.list('/', { revision: seen - 1n }));
          t.is((await record(storage, '/', seen - 1n).ended()).code, 'compacted');
        }
      }
      seen = before;
    }
    for (const compaction of compactions) compaction.stop();
    t.is(clock.pending, 0);
  });

  test(`${name}: what a dead storage leaves behind with a time to live, etcd deletes`, async (t) => {
    const { endpoints } = await startCluster(t, { etcd });
    const writer = await open(t, endpoints);
    for (const key of ['/g/r/a', '/g/r/b']) await put(writer, key, 'x', 100);
    await put(writer, '/g/r/c', 'x', 200);
    await put(writer, '/g/r/d', 'x');
    await writer.close();
    const client = direct(t, endpoints);
    const { kvs } = await client.kv.range(prefixRange('/registry/'));
    const [a, b, c, d] = kvs.map(({ lease }) => lease);
    t.is(a, b);
    t.not(a, c);
    t.is(d, 0n);
    const { grantedTTL } = await client.lease.timeToLive(a!);
    t.true(grantedTTL > 100n && grantedTTL <= 140n, `${grantedTTL}`);
    const other = await open(t, endpoints);
    const recorder = record(other, '/g/r/', await other.committedRevision());
    // The same TTL is known from the lease, so this changes nothing.
    const same = { key: '/g/r/a', value: bytes('x'), ttlSeconds: 100 };
    const current = await other.get('/g/r/a');
    const result = await other.write({ ...same, expected: current!.revision });
    t.deepEqual(result, { ok: true, revision: current!.revision, changed: false });
    const { header } = await client.lease.revoke(a!);
    await recorder.reached(header!.revision);
    t.deepEqual(recorder.changes.map(({ type, key }) => `${type} ${key}`).sort(), [
      'delete /g/r/a',
      'delete /g/r/b',
    ]);
    t.is((await other.list('/g/r/')).values.length, 2);
  });
}

test('versions that tell progress in order are told from those that do not', (t) => {
  for (const version of ['3.4.31', '3.5.13', '3.6.0', '3.6.16', '3.10.0', '4.0.0']) {
    t.true(tellsProgress(version), version);
  }
  for (const version of ['3.3.99', '3.4.23', '3.4.30', '3.5.1', '3.5.12', '2.3.7', 'unknown']) {
    t.false(tellsProgress(version), version);
  }
});

test('history that was compacted while etcd was out of reach ends a watch, and only that', async (t) => {
  const { endpoints, members } = await startCluster(t);
  const proxy = await TcpProxy.start(t, members[0]?.port ?? 0);
  const storage = await open(t, [proxy.url]);
  const writer = await open(t, endpoints);
  const recorder = record(storage, '/g/r/', await storage.committedRevision());
  await recorder.reached(await put(writer, '/g/r/a', '1'));
  proxy.refuse(true);
  proxy.cut();
  await put(writer, '/g/r/a', '2');
  const last = await put(writer, '/g/r/a', '3');
  await writer.compact(last);
  proxy.refuse(false);
  t.is((await recorder.ended()).code, 'compacted');
  const again = record(storage, '/g/r/', last);
  const next = await put(writer, '/g/r/a', '4');
  await again.reached(next);
  t.deepEqual(again.revisions, [next]);
});

test('a watch goes on over a kill of etcd, and nobody notices', async (t) => {
  const { endpoints, members } = await startCluster(t);
  const storage = await open(t, endpoints, { attempts: 50 });
  const base = await storage.committedRevision();
  const recorder = record(storage, '/g/r/', base);
  for (let round = 0; round < 3; round++) {
    await put(storage, '/g/r/a', `${round}`);
    await members[0]?.kill();
    await members[0]?.start();
  }
  const last = await put(storage, '/g/r/last', 'x');
  await recorder.reached(last);
  t.deepEqual(recorder.revisions, [base + 1n, base + 2n, base + 3n, base + 4n]);
  t.is(recorder.error, undefined);
});

test('clocks that are hours apart end nothing early: each storage counts its own times', async (t) => {
  const HOUR_MS = 3_600_000;
  const { endpoints } = await startCluster(t);
  const slow = new ManualClock();
  const fast = new ManualClock(slow.now() + 5 * HOUR_MS);
  const [one, other] = [
    await open(t, endpoints, { clock: slow }),
    await open(t, endpoints, { clock: fast }),
  ];
  const recorder = record(one, '/g/r/', await one.committedRevision());
  await put(one, '/g/r/slow', 'x', 100);
  await put(other, '/g/r/fast', 'x', 100);
  // Etcd is told how long, never until when.
  const client = direct(t, endpoints);
  const { kvs } = await client.kv.range(prefixRange('/registry/g/'));
  for (const { lease } of kvs) {
    const { TTL, grantedTTL } = await client.lease.timeToLive(lease);
    t.is(grantedTTL, 135n);
    t.true(TTL > 0n && TTL <= 135n);
  }
  const deleted = (): string[] =>
    recorder.changes.filter(({ type }) => type === 'delete').map(({ key }) => key);
  fast.advance(100_200);
  await recorder.until(() => deleted().length > 0);
  t.deepEqual(deleted(), ['/g/r/fast']);
  t.truthy(await other.get('/g/r/slow'));
  // A clock that is set back ends its keys later: by their lease then, which is etcd's.
  slow.jump(-HOUR_MS);
  slow.advance(100_200);
  t.truthy(await one.get('/g/r/slow'));
  const { header } = await client.lease.revoke(kvs.find(isSlow)!.lease);
  await recorder.reached(header!.revision);
  t.deepEqual(deleted(), ['/g/r/fast', '/g/r/slow']);
});

const isSlow = ({ key }: { readonly key: Uint8Array }): boolean =>
  Buffer.from(key).toString().endsWith('/slow');

test('an etcd that can not be used is told with endpoint and cause', async (t) => {
  const unreachable = { endpoints: ['http://127.0.0.1:1'], retryDelayMs: 1 };
  await throwsCode(
    t,
    'unavailable',
    () => EtcdStorage.open({ client: unreachable }),
    /at http:\/\/127\.0\.0\.1:1: No connection .*ECONNREFUSED/,
  );
  for (const prefix of ['', '/', 'registry', '/registry/', '/a//b']) {
    const opening = (): Promise<unknown> => EtcdStorage.open({ client: unreachable, prefix });
    await throwsCode(t, 'invalid-key', opening, /invalid prefix/);
  }
  const noEndpoint = EtcdStorage.open({ client: { endpoints: [] } });
  await t.throwsAsync(noEndpoint, { message: /no endpoint/ });
});

test('a program that only waits for etcd does not end before it has its answer', async (t) => {
  const { endpoints } = await startCluster(t);
  const program = fileURLToPath(new URL('./alone.js', import.meta.url));
  const written = await run(process.execPath, [program, ...endpoints]);
  t.regex(written.stdout, /^written at \d+\n$/, written.stderr);
  const refused = await run(process.execPath, [program, 'http://127.0.0.1:1']);
  t.regex(refused.stdout, /ECONNREFUSED/, refused.stderr);
});

test('etcd refuses a value that is too large for it, and nothing is written', async (t) => {
  const { endpoints } = await startCluster(t, { etcd: NEWEST });
  const storage = await open(t, endpoints);
  const value = new Uint8Array(1.5 * 1024 * 1024);
  const write = { key: '/g/r/a', expected: 0n, value };
  await throwsCode(t, 'too-large', () => storage.write(write), /request is too large/);
  t.is(await storage.get('/g/r/a'), undefined);
});

async function open(
  t: ExecutionContext,
  endpoints: readonly string[],
  options: Omit<EtcdStorageOptions, 'client'> & { readonly attempts?: number } = {},
): Promise<EtcdStorage> {
  const { attempts = 10, ...rest } = options;
  const client = { endpoints, attempts, retryDelayMs: 20 };
  const storage = await EtcdStorage.open({ client, ...rest });
  t.teardown(() => storage.close());
  return storage;
}

function direct(t: ExecutionContext, endpoints: readonly string[]): EtcdClient {
  const client = new EtcdClient({ endpoints });
  t.teardown(() => client.close());
  return client;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
