/** Calls where the network or a member fails: what is repeated, and over which connection. */

import test, { type ExecutionContext } from 'ava';

import {
  EtcdClient,
  EtcdError,
  keyBytes,
  prefixRange,
  type EtcdClientOptions,
} from '../../../lib/storage/etcd/index.js';
import { fullJitter } from '../../../lib/storage/etcd/client/retry.js';
import { Chance, drawSeed } from '../../chance.js';
import { ManualClock } from '../../clock.js';
import { startCluster, type EtcdMember } from './member.js';
import { TcpProxy } from './tcp-proxy.js';

const key = keyBytes('/a');

test('a write without an answer is not repeated, and says that it may be applied', async (t) => {
  const { direct, proxy, clock, client, calls } = await rig(t);
  await client.kv.range({ key });
  proxy.holdAnswers();
  const arrived = new Promise<void>((resolve) => {
    direct.watch({ key, startRevision: 1n }, { onEvents: () => resolve(), onEnd: () => undefined });
  });
  const writing = failure(t, client.kv.put({ key, value: keyBytes('once') }));
  await arrived;
  clock.advance(5_000);
  const error = await writing;
  t.deepEqual([error.code, error.mayBeApplied, error.key], ['timeout', true, '/a']);
  t.is(error.endpoint, proxy.url);
  t.regex(error.message, /Put "\/a" at .*: no answer within 5000 ms/);
  t.deepEqual(calls, ['Range', 'Put']);
  t.is((await direct.kv.range({ key })).kvs[0]?.version, 1n);
});

test('a read without an answer is repeated as often as is told', async (t) => {
  const { proxy, clock, client, calls } = await rig(t, { attempts: 4 });
  proxy.holdAnswers(true);
  const reading = failure(t, client.kv.range({ key }));
  const reads = (): number => calls.filter((name) => name === 'Range').length;
  while (reads() < 4) {
    clock.advance(100);
    await turn();
  }
  clock.advance(5_000);
  const error = await reading;
  t.deepEqual([error.code, error.mayBeApplied], ['timeout', false]);
  t.is(reads(), 4);
});

test('a write that could not be sent is repeated, and known not to be applied', async (t) => {
  const calls: string[] = [];
  const client = open(t, {
    endpoints: ['http://127.0.0.1:1'],
    retryDelayMs: 1,
    observer: { onStarted: (_service, method) => calls.push(method) },
  });
  const error = await failure(t, client.kv.put({ key }));
  t.deepEqual([error.code, error.mayBeApplied], ['unavailable', false]);
  t.regex(error.message, /Put "\/a" at http:\/\/127\.0\.0\.1:1: No connection .*ECONNREFUSED/);
  t.deepEqual(
    calls.filter((name) => name !== 'Status'),
    ['Put', 'Put', 'Put'],
  );
});

test('a call ends when its signal is aborted, before and after it was sent', async (t) => {
  const { proxy, client, direct } = await rig(t);
  const early = await failure(t, client.kv.put({ key }, { signal: AbortSignal.abort('why') }));
  t.deepEqual([early.code, early.mayBeApplied, early.cause], ['aborted', false, 'why']);
  await client.kv.range({ key });
  proxy.holdAnswers();
  const arrived = new Promise<void>((resolve) => {
    direct.watch({ key, startRevision: 1n }, { onEvents: () => resolve(), onEnd: () => undefined });
  });
  const controller = new AbortController();
  const writing = failure(t, client.kv.put({ key }, { signal: controller.signal }));
  await arrived;
  controller.abort();
  const late = await writing;
  t.deepEqual([late.code, late.mayBeApplied], ['aborted', true]);
});

test('reads go on whichever member is killed, and writes where a majority is left', async (t) => {
  const { members, endpoints } = await startCluster(t, { size: 3 });
  const client = open(t, { endpoints, attempts: 30, retryDelayMs: 30 });
  let writes = 0n;
  const write = async (): Promise<void> => {
    // What may have been applied is looked up, as whoever writes has to.
    for (;;) {
      try {
        await client.kv.put({ key, value: keyBytes(String(writes)) });
        break;
      } catch (error) {
        if (!(error as EtcdError).mayBeApplied) throw error;
        const { kvs } = await client.kv.range({ key });
        if (Buffer.from(kvs[0]?.value ?? []).toString() === String(writes)) break;
      }
    }
    writes++;
  };
  await write();
  for (const member of members) {
    await member.kill();
    for (let count = 0; count < 10; count++) {
      await write();
      t.is((await client.kv.range({ key })).kvs[0]?.version, writes);
    }
    await member.start();
  }
});

test('one connection serves calls one by one, more are opened as calls come together', async (t) => {
  const { proxy, client } = await rig(t, { connections: 4 });
  for (let count = 0; count < 20; count++) await client.kv.range({ key });
  t.is(proxy.accepted, 1);
  proxy.holdAnswers(true);
  const reads = Array.from({ length: 64 }, () => client.kv.range({ key }));
  while (proxy.size < 4) await turn();
  t.is(client.stats().endpoints[0]?.outstanding, 64);
  proxy.releaseAnswers();
  await Promise.all(reads);
  const { endpoints, connectionsOpened } = client.stats();
  t.deepEqual([connectionsOpened, endpoints[0]?.connections, endpoints[0]?.outstanding], [4, 4, 0]);
});

test('connections are spread over the members', async (t) => {
  const { endpoints } = await startCluster(t, { size: 3 });
  const client = open(t, { endpoints, connections: 6 });
  await Promise.all(Array.from({ length: 120 }, () => client.kv.range({ key })));
  t.deepEqual(
    client.stats().endpoints.map(({ connections }) => connections),
    [2, 2, 2],
  );
});

test('a connection that does not answer is replaced by one that does', async (t) => {
  const { proxy, clock, client } = await rig(t, { connections: 1, attempts: 1 });
  await client.kv.range({ key });
  proxy.holdAnswers();
  for (let count = 0; count < 2; count++) {
    const reading = failure(t, client.kv.range({ key }));
    clock.advance(5_000);
    t.is((await reading).code, 'timeout');
  }
  while (client.stats().connectionsReplaced === 0) await turn();
  t.is((await client.kv.range({ key })).count, 0n);
  t.is(client.stats().connectionsReplaced, 1);
});

test('a write that waits for a connection which is replaced goes over the new one', async (t) => {
  const { proxy, clock, client, calls } = await rig(t, { connections: 1, attempts: 1 });
  // The connection is accepted, and etcd's greeting does not come.
  proxy.holdAnswers(true);
  const waiting = client.kv.put({ key, value: keyBytes('1') }, { timeoutMs: 15_000 });
  for (let count = 0; count < 2; count++) {
    const reading = failure(t, client.kv.range({ key }));
    if (count === 1) {
      while (proxy.accepted === 0) await turn();
      // The connection that takes its place is another one.
      proxy.holdLater(false);
    }
    clock.advance(5_000);
    t.is((await reading).code, 'timeout');
  }
  const { header } = await waiting;
  t.true(header!.revision > 1n);
  t.is(client.stats().connectionsReplaced, 1);
  t.is((await client.kv.range({ key })).kvs[0]?.version, 1n);
  t.is(calls.filter((name) => name === 'Put').length, 2);
});

test('a member that keeps failing is left alone until a probe finds it well', async (t) => {
  const { direct, proxy, members, clock } = await rig(t);
  const other = await TcpProxy.start(t, members[0]?.port ?? 0);
  const endpoints = [proxy.url, other.url];
  const client = open(t, { endpoints, clock, random: () => 0.99, retryDelayMs: 1, connections: 2 });
  const circuits = (): readonly string[] => client.stats().endpoints.map(({ circuit }) => circuit);
  await client.kv.range({ key });
  proxy.refuse(true);
  proxy.cut();
  other.refuse(true);
  other.cut();
  while (circuits().some((state) => state === 'closed')) {
    const reading = client.kv.range({ key }).catch(() => undefined);
    for (let count = 0; count < 5; count++) {
      await turn();
      clock.advance(2);
    }
    await Promise.race([reading, turn()]);
  }
  other.refuse(false);
  while (circuits()[1] !== 'closed') {
    // A probe has time to get its answer.
    clock.advance(1);
    await turn();
  }
  t.not(circuits()[0], 'closed');
  // All of it goes to the one that is well: none fails, though none is repeated.
  for (let count = 0; count < 20; count++) t.truthy(await client.kv.range({ key }));
  await direct.close();
});

test('a closed client refuses calls', async (t) => {
  const { client } = await rig(t);
  await client.kv.range({ key });
  await client.close();
  await client.close();
  t.is((await failure(t, client.kv.range({ key }))).code, 'closed');
  t.is((await failure(t, client.lease.keepAliveOnce(1n))).code, 'closed');
});

test('pauses are drawn from zero to a bound that doubles up to its own', (t) => {
  const seed = drawSeed();
  const chance = new Chance(seed);
  for (const [attempt, bound] of [
    [1, 100],
    [2, 200],
    [3, 400],
    [7, 5_000],
    [500, 5_000],
  ] as const) {
    t.is(
      fullJitter(attempt, 100, 5_000, () => 0),
      0,
    );
    t.is(
      fullJitter(attempt, 100, 5_000, () => 0.5),
      bound / 2,
    );
    const drawn = Array.from({ length: 50 }, () =>
      fullJitter(attempt, 100, 5_000, () => chance.fraction()),
    );
    t.true(
      drawn.every((pause) => pause >= 0 && pause < bound),
      `seed ${seed}`,
    );
    t.true(new Set(drawn).size > 40, `seed ${seed}`);
  }
});

test('a range of a prefix ends behind it, and nowhere else', (t) => {
  for (const [prefix, end] of [
    ['/a/', '/a0'],
    ['a', 'b'],
  ] as const) {
    const range = prefixRange(prefix);
    t.deepEqual([textOf(range.key), textOf(range.rangeEnd)], [prefix, end]);
  }
  t.deepEqual([...prefixRange(Uint8Array.of(1, 255)).rangeEnd], [2]);
  for (const all of [Uint8Array.of(255, 255), '']) {
    t.deepEqual([...prefixRange(all).rangeEnd], [0]);
  }
  t.deepEqual([...prefixRange('').key], [0]);
});

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

interface Rig {
  readonly members: readonly EtcdMember[];
  /** Straight to etcd, on the system's clock. */
  readonly direct: EtcdClient;
  readonly proxy: TcpProxy;
  readonly clock: ManualClock;
  /** Through the proxy, on the test's clock. */
  readonly client: EtcdClient;
  /** The methods that `client` has called, in order. */
  readonly calls: string[];
}

async function rig(t: ExecutionContext, options: Partial<EtcdClientOptions> = {}): Promise<Rig> {
  const { members, endpoints } = await startCluster(t);
  const proxy = await TcpProxy.start(t, members[0]?.port ?? 0);
  const clock = new ManualClock();
  const calls: string[] = [];
  const observer = { onStarted: (_: string, method: string) => void calls.push(method) };
  const direct = open(t, { endpoints });
  const client = open(t, { endpoints: [proxy.url], clock, observer, ...options });
  return { members, direct, proxy, clock, client, calls };
}

function open(t: ExecutionContext, options: EtcdClientOptions): EtcdClient {
  const client = new EtcdClient(options);
  t.teardown(() => client.close());
  return client;
}

async function failure(t: ExecutionContext, promise: Promise<unknown>): Promise<EtcdError> {
  return (await t.throwsAsync(promise, { instanceOf: EtcdError })) as EtcdError;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
