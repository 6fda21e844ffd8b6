/** Writes whose answer never comes: found out by reading, never done twice, never told wrong. */

import test, { type ExecutionContext } from 'ava';

import { EtcdClient, EtcdError, EtcdStorage, keyBytes } from '../../../lib/storage/etcd/index.js';
import type { WriteResult } from '../../../lib/storage/index.js';
import { systemClock } from '../../../lib/storage/clock.js';
import type { TxnInit } from '../../../lib/storage/etcd/client/kv.js';
import { KeySpace } from '../../../lib/storage/etcd/store/keys.js';
import { LeaseGroups } from '../../../lib/storage/etcd/store/lease-groups.js';
import { PointReads } from '../../../lib/storage/etcd/store/point-reads.js';
import { fateOf } from '../../../lib/storage/etcd/store/write-fate.js';
import { Writer } from '../../../lib/storage/etcd/store/writer.js';
import { KnownValues } from '../../../lib/storage/known-values.js';
import { bytes, put } from '../conformance/subject.js';
import { record, type Recorder } from '../recorder.js';
import { ETCDS, startCluster } from './member.js';
import { TcpProxy } from './tcp-proxy.js';

const CREATION = { key: '/g/r/a', expected: 0n, ttlSeconds: 0 };

interface Rig {
  readonly proxy: TcpProxy;
  /** Through the proxy. */
  readonly storage: EtcdStorage;
  /** Straight to etcd. */
  readonly other: EtcdStorage;
  readonly client: EtcdClient;
  /** What has reached etcd. */
  readonly arrived: Recorder;
}

interface Case {
  /** What is there before. */
  readonly before?: string;
  /** `null` deletes. */
  readonly value: string | null;
  /** Done by somebody else after the write has arrived, before its answer is lost. */
  readonly meanwhile?: (other: EtcdStorage) => Promise<unknown>;
  /** Changes that etcd has of the key in the end, the first value included. */
  readonly changes: number;
}

const CASES: { readonly [about: string]: Case } = {
  'a creation': { value: 'mine', changes: 1 },
  'an update': { before: 'old', value: 'mine', changes: 2 },
  'a deletion': { before: 'old', value: null, changes: 2 },
  'a creation that is changed at once': {
    value: 'mine',
    meanwhile: (other) => put(other, '/g/r/a', 'theirs'),
    changes: 2,
  },
  'an update that is deleted at once': {
    before: 'old',
    value: 'mine',
    meanwhile: (other) => removeNow(other),
    changes: 3,
  },
  'a creation that is deleted at once': {
    value: 'mine',
    meanwhile: (other) => removeNow(other),
    changes: 2,
  },
  'a deletion after which it is made anew': {
    before: 'old',
    value: null,
    meanwhile: (other) => put(other, '/g/r/a', 'theirs'),
    changes: 3,
  },
};

for (const etcd of ETCDS) {
  for (const [about, { before, value, meanwhile, changes }] of Object.entries(CASES)) {
    test(`etcd ${etcd.version}: applied without an answer: ${about}`, async (t) => {
      const { proxy, storage, other, arrived } = await rig(t, etcd);
      const expected = before === undefined ? 0n : await put(storage, '/g/r/a', before);
      if (before !== undefined) await arrived.until(() => arrived.changes.length === 1);
      proxy.holdAnswers();
      const writing = storage.write({ key: '/g/r/a', expected, value: encode(value) });
      const place = before === undefined ? 0 : 1;
      await arrived.until(() => arrived.changes.length === place + 1);
      await meanwhile?.(other);
      proxy.cut();
      const revision = arrived.changes[place]?.revision;
      t.deepEqual(await writing, { ok: true, revision, changed: true } as WriteResult);
      await arrived.until(() => arrived.changes.length >= changes);
      await put(other, '/g/r/after', 'x');
      await arrived.until(() => arrived.changes.at(-1)?.key === '/g/r/after');
      t.is(arrived.changes.length, changes + 1);
    });
  }

  test(`etcd ${etcd.version}: applied without an answer: a creation over a deletion not heard of`, async (t) => {
    const { proxy, storage, other, arrived } = await rig(t, etcd);
    await put(storage, '/g/r/a', 'old');
    await arrived.until(() => arrived.changes.length === 1);
    proxy.holdAnswers();
    await removeNow(other);
    // Whoever was told of the deletion at the other storage makes the object at this one.
    const writing = storage.write({ key: '/g/r/a', expected: 0n, value: bytes('mine') });
    await arrived.until(() => arrived.changes.length === 3);
    proxy.cut();
    const revision = arrived.changes[2]?.revision;
    t.deepEqual(await writing, { ok: true, revision, changed: true } as WriteResult);
  });

  test(`etcd ${etcd.version}: a write that never arrived is sent again`, async (t) => {
    const { proxy, storage, other, arrived } = await rig(t, etcd);
    proxy.holdRequests();
    const writing = storage.write({ key: '/g/r/a', expected: 0n, value: bytes('mine') });
    await new Promise((resolve) => setImmediate(resolve));
    proxy.cut();
    const result = await writing;
    await arrived.until(() => arrived.changes.length === 1);
    t.deepEqual(result, { ok: true, revision: arrived.changes[0]!.revision, changed: true });
    // To make sure of it, creations that are on their way were called off, everybody's.
    t.true((await other.write({ key: '/g/r/b', expected: 0n, value: bytes('theirs') })).ok);
  });

  test(`etcd ${etcd.version}: changes tell which revision they replaced or took`, async (t) => {
    const { other, arrived } = await rig(t, etcd);
    const made = await put(other, '/g/r/a', 'old');
    const updated = await put(other, '/g/r/a', 'new');
    await removeNow(other);
    await arrived.until(() => arrived.changes.length === 3);
    t.deepEqual(arrived.previousRevisions, [0n, made, updated]);
  });

  test(`etcd ${etcd.version}: a creation that arrives late does not undo a deletion`, async (t) => {
    const { client, other, arrived } = await rig(t, etcd);
    const late = new LateClient(client);
    const writer = writerOver(late, other);
    const written = await writer.write({ ...CREATION, value: bytes('mine') });
    t.true(written.ok);
    await removeNow(other);
    t.is(late.requests.length, 1);
    t.false((await client.kv.txn(late.requests[0]!)).succeeded);
    await put(other, '/g/r/after', 'x');
    await arrived.until(() => arrived.changes.at(-1)?.key === '/g/r/after');
    t.is(arrived.changes.length, 3);
  });

  test(`etcd ${etcd.version}: a write that never arrived and was overtaken is refused`, async (t) => {
    const { proxy, storage, other } = await rig(t, etcd);
    proxy.holdRequests();
    const writing = storage.write({ key: '/g/r/a', expected: 0n, value: bytes('mine') });
    const revision = await put(other, '/g/r/a', 'theirs');
    proxy.cut();
    const result = await writing;
    t.false(result.ok);
    if (!result.ok) t.is(result.current?.revision, revision);
  });

  test(`etcd ${etcd.version}: a deletion of a version long gone is not another one's deletion`, async (t) => {
    const { proxy, storage, other, arrived } = await rig(t, etcd);
    const expected = await put(storage, '/g/r/a', 'old');
    await put(storage, '/g/r/a', 'new');
    await arrived.until(() => arrived.changes.length === 2);
    proxy.holdRequests();
    const writing = storage.write({ key: '/g/r/a', expected, value: null });
    await removeNow(other);
    proxy.cut();
    t.deepEqual(await writing, { ok: false, current: undefined });
  });
}

test('of writes during kills of the leader each one that is acknowledged happened, once', async (t) => {
  const { members, endpoints } = await startCluster(t, { size: 3 });
  const client = { endpoints, attempts: 20, retryDelayMs: 20, timeoutMs: 2_000 };
  const storage = await EtcdStorage.open({ client });
  t.teardown(() => storage.close());
  const recorder = record(storage, '/g/r/', await storage.committedRevision());
  const acknowledged = new Map<string, bigint>();
  const over = new AbortController();
  const writer = async (name: number): Promise<void> => {
    for (let number = 0; !over.signal.aborted; number++) {
      const key = `/g/r/${name}-${number}`;
      try {
        const result = await storage.write({ key, expected: 0n, value: bytes(key) });
        if (!result.ok) return t.fail(`${key} is there, though nobody else writes it`);
        acknowledged.set(key, result.revision);
      } catch {
        // Nobody knows; it may be there or not, but not twice.
      }
    }
  };
  const writers = Array.from({ length: 8 }, (_, name) => writer(name));
  for (const member of members) {
    const before = acknowledged.size;
    while (acknowledged.size < before + 50) await new Promise((resolve) => setImmediate(resolve));
    await member.kill();
    await member.start();
  }
  over.abort();
  await Promise.all(writers);
  const last = await put(storage, '/g/r/last', 'x');
  await recorder.reached(last);
  const seen = new Map(recorder.changes.map(({ key, revision }) => [key, revision]));
  t.is(seen.size, recorder.changes.length, 'a key was made twice');
  for (const [key, revision] of acknowledged) t.is(seen.get(key), revision, key);
  t.is((await storage.list('/g/r/')).values.length, seen.size);
});

async function rig(t: ExecutionContext, etcd: (typeof ETCDS)[number]): Promise<Rig> {
  const { members, endpoints } = await startCluster(t, { etcd });
  const proxy = await TcpProxy.start(t, members[0]?.port ?? 0);
  const settings = { attempts: 10, retryDelayMs: 10 };
  const storage = await EtcdStorage.open({ client: { endpoints: [proxy.url], ...settings } });
  const other = await EtcdStorage.open({ client: { endpoints, ...settings } });
  const client = new EtcdClient({ endpoints });
  // So that the write meets a connection that stands.
  await storage.get('/g/r/a');
  const arrived = record(other, '/g/r/', await other.committedRevision());
  t.teardown(async () => {
    proxy.releaseAnswers();
    await Promise.all([storage.close(), other.close(), client.close()]);
  });
  return { proxy, storage, other, client, arrived };
}

/** Takes the first transaction for lost, and keeps it. */
class LateClient {
  readonly requests: TxnInit[] = [];
  readonly kv: EtcdClient['kv'];

  constructor({ kv }: EtcdClient) {
    this.kv = Object.assign(Object.create(kv) as EtcdClient['kv'], {
      range: kv.range.bind(kv),
      put: kv.put.bind(kv),
      txn: (request: TxnInit) => {
        if (this.requests.length > 0) return kv.txn(request);
        this.requests.push(request);
        throw new EtcdError('timeout', 'no answer came', { mayBeApplied: true });
      },
    });
  }
}

function writerOver(client: LateClient, other: EtcdStorage): Writer {
  return new Writer({
    client,
    reads: new PointReads(other.client),
    keys: new KeySpace('/registry'),
    known: new KnownValues(1_000),
    leases: new LeaseGroups(other.client.lease, systemClock, Math.random),
    seenRevision: () => 1n,
    fateOf: (question) =>
      fateOf(
        question,
        (_, after, observer) => other.watch('/g/r/', after, observer),
        () => new Promise((resolve) => setImmediate(resolve)),
      ),
  });
}

async function removeNow(storage: EtcdStorage): Promise<void> {
  const current = await storage.get('/g/r/a');
  await storage.write({ key: '/g/r/a', expected: current!.revision, value: null });
}

function encode(value: string | null): Uint8Array | null {
  return value === null ? null : keyBytes(value);
}
