/** Watches of real etcd servers: what is delivered, and that nothing is lost when it breaks. */

import test, { type ExecutionContext } from 'ava';

import {
  EtcdClient,
  keyBytes,
  prefixRange,
  type EtcdError,
  type EtcdWatch,
  type EtcdWatchObserver,
  type EtcdWatchOptions,
  type Event,
} from '../../../lib/storage/etcd/index.js';
import { ETCDS, NEWEST, startCluster } from './member.js';
import { TcpProxy } from './tcp-proxy.js';

/** Writes down what a watch tells. */
class Recorder implements EtcdWatchObserver {
  readonly events: string[] = [];
  readonly revisions: bigint[] = [];
  readonly batches: number[] = [];
  readonly progress: bigint[] = [];
  opened = 0;
  interruptions = 0;
  error: EtcdError | undefined;
  #wake: (() => void)[] = [];

  readonly onEvents = (events: readonly Event[]): void => {
    this.batches.push(events.length);
    for (const { type, kv, prevKv } of events) {
      const before = prevKv === undefined ? '' : ` was ${text(prevKv.value)}`;
      this.events.push(`${type === 0 ? 'put' : 'delete'} ${text(kv?.key)}${before}`);
      this.revisions.push(kv?.modRevision ?? 0n);
    }
    this.#wakeAll();
  };
  readonly onProgress = (revision: bigint): void => {
    this.progress.push(revision);
    this.#wakeAll();
  };
  readonly onOpen = (): void => {
    this.opened++;
    this.#wakeAll();
  };
  readonly onInterrupted = (): void => {
    this.interruptions++;
    this.#wakeAll();
  };
  readonly onEnd = (error: EtcdError): void => {
    this.error = error;
    this.#wakeAll();
  };

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  #wakeAll(): void {
    for (const resolve of this.#wake.splice(0)) resolve();
  }
}

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();

for (const etcd of ETCDS) {
  const name = `etcd ${etcd.version}`;

  test(`${name}: a watch delivers from its revision on, with what was there before`, async (t) => {
    const { client, put, remove } = await open(t, { etcd });
    await put('/w/a', '1');
    const second = await put('/w/a', '2');
    await put('/other', 'x');
    await remove('/w/a');
    const { recorder } = record(client, {
      ...prefixRange('/w/'),
      startRevision: second,
      prevKv: true,
    });
    await recorder.until(() => recorder.events.length === 2);
    await put('/w/b', '1');
    await put('/wx', '1');
    const last = await put('/w/b', '2');
    await recorder.until(() => recorder.revisions.at(-1) === last);
    t.deepEqual(recorder.events, [
      'put /w/a was 1',
      'delete /w/a was 2',
      'put /w/b',
      'put /w/b was 1',
    ]);
  });

  test(`${name}: a watch without a revision begins now`, async (t) => {
    const { client, put } = await open(t, { etcd });
    await put('/w/a', '1');
    const { recorder } = record(client, prefixRange('/w/'));
    await recorder.until(() => recorder.opened === 1);
    const revision = await put('/w/a', '2');
    await recorder.until(() => recorder.revisions.length > 0);
    t.deepEqual(recorder.revisions, [revision]);
  });

  test(`${name}: a watch from what is compacted ends, and tells what is`, async (t) => {
    const { client, put } = await open(t, { etcd });
    const first = await put('/w/a', '1');
    const revision = await put('/w/a', '2');
    await client.kv.compact({ revision });
    const { recorder } = record(client, { ...prefixRange('/w/'), startRevision: first });
    await recorder.until(() => recorder.error !== undefined);
    t.is(recorder.error?.code, 'compacted');
    t.is(recorder.error?.compactRevision, revision);
    t.is(recorder.error?.key, '/w/');
    t.deepEqual(recorder.events, []);
  });

  test(`${name}: what comes in fragments is delivered whole`, async (t) => {
    const { client } = await open(t, { etcd });
    const { recorder } = record(client, prefixRange('/w/'));
    await recorder.until(() => recorder.opened === 1);
    const { header } = await client.kv.range({ key: keyBytes('none') });
    recorder.revisions.length = 0;
    // One transaction of several megabytes is more than etcd puts into a response.
    const value = new Uint8Array(400 * 1024);
    for (let round = 0; round < 6; round++) {
      const puts = [1, 2, 3].map((number) => ({
        request: {
          case: 'requestPut' as const,
          value: { key: keyBytes(`/w/${round}-${number}`), value },
        },
      }));
      await client.kv.txn({ success: puts });
    }
    const replay = record(client, { ...prefixRange('/w/'), startRevision: header!.revision + 1n });
    await replay.recorder.until(() => replay.recorder.events.length === 18);
    t.is(new Set(replay.recorder.events).size, 18);
    t.deepEqual(replay.recorder.batches, [18]);
  });

  test(`${name}: a watch goes on over kill -9 and restart without a gap or a double`, async (t) => {
    const { client, put, members } = await open(t, { etcd });
    const base = await put('/w/a', '0');
    const { recorder } = record(client, { ...prefixRange('/w/'), startRevision: base });
    await recorder.until(() => recorder.events.length === 1);
    for (let round = 0; round < 3; round++) {
      await members[0]?.kill();
      await recorder.until(() => recorder.interruptions > round);
      await members[0]?.start();
      await until(() => put('/w/a', String(round)));
      await until(() => put('/w/b', String(round)));
    }
    const last = await until(() => put('/w/last', 'x'));
    await recorder.until(() => recorder.revisions.at(-1) === last);
    const expected = Array.from({ length: Number(last - base) + 1 }, (_, i) => base + BigInt(i));
    t.deepEqual(recorder.revisions, expected);
  });
}

test('progress is told in order, and over a stream that is asked for it', async (t) => {
  const { client, put } = await open(t, { etcd: NEWEST });
  await put('/w/a', '1');
  const { recorder, watch } = record(client, prefixRange('/w/'));
  await recorder.until(() => recorder.opened === 1);
  const outside = await put('/other', '1');
  watch.requestProgress();
  await recorder.until(() => (recorder.progress.at(-1) ?? 0n) >= outside);
  const inside = await put('/w/a', '2');
  await recorder.until(() => recorder.revisions.length > 0);
  t.deepEqual(recorder.revisions, [inside]);
  t.true(recorder.progress.every((revision) => revision < inside));
});

test('connections that are cut all the time cost no event', async (t) => {
  const { client, put, members } = await open(t, { etcd: NEWEST });
  const proxy = await TcpProxy.start(t, members[0]?.port ?? 0);
  const watching = new EtcdClient({ endpoints: [proxy.url], retryDelayMs: 5 });
  t.teardown(() => watching.close());
  const base = await put('/w/a', 'first');
  const { recorder } = record(watching, { ...prefixRange('/w/'), startRevision: base + 1n });
  let last = base;
  for (let round = 0; round < 200; round++) {
    last = await put('/w/a', String(round));
    if (round % 20 === 10) {
      await recorder.until(() => recorder.revisions.length > 0);
      proxy.cut();
    }
  }
  await recorder.until(() => recorder.revisions.at(-1) === last);
  t.deepEqual(
    recorder.revisions,
    Array.from({ length: 200 }, (_, index) => base + 1n + BigInt(index)),
  );
  t.true(recorder.interruptions > 0);
  await client.close();
});

test('a watch moves to another member when its own goes away', async (t) => {
  const { client, put, members } = await open(t, { etcd: NEWEST, size: 3 });
  const { recorder } = record(client, prefixRange('/w/'));
  await recorder.until(() => recorder.opened === 1);
  const revisions: bigint[] = [];
  for (const member of members) {
    await member.kill();
    revisions.push(await until(() => put('/w/a', member.name)));
    await recorder.until(() => recorder.revisions.length === revisions.length);
    await member.start();
  }
  t.deepEqual(recorder.revisions, revisions);
  t.is(recorder.error, undefined);
});

test('a closed watch is told nothing more, and a closed client ends its watches', async (t) => {
  const { client, put } = await open(t, { etcd: NEWEST });
  const closed = record(client, prefixRange('/w/'));
  const ended = record(client, prefixRange('/w/'));
  await closed.recorder.until(() => closed.recorder.opened === 1);
  await ended.recorder.until(() => ended.recorder.opened === 1);
  closed.watch.close();
  await put('/w/a', '1');
  await ended.recorder.until(() => ended.recorder.events.length === 1);
  t.deepEqual(closed.recorder.events, []);
  await client.close();
  t.is(ended.recorder.error?.code, 'closed');
  t.is(closed.recorder.error, undefined);
  const late = record(client, prefixRange('/w/'));
  await late.recorder.until(() => late.recorder.error !== undefined);
  t.is(late.recorder.error?.code, 'closed');
});

interface Opened {
  readonly client: EtcdClient;
  readonly members: Awaited<ReturnType<typeof startCluster>>['members'];
  put(key: string, value: string): Promise<bigint>;
  remove(key: string): Promise<bigint>;
}

async function open(
  t: ExecutionContext,
  options: { readonly etcd: (typeof ETCDS)[number]; readonly size?: number },
): Promise<Opened> {
  const { endpoints, members } = await startCluster(t, options);
  const client = new EtcdClient({ endpoints, retryDelayMs: 20 });
  t.teardown(() => client.close());
  return {
    client,
    members,
    put: async (key, value) => {
      const written = await client.kv.put({ key: keyBytes(key), value: keyBytes(value) });
      return written.header!.revision;
    },
    remove: async (key) => (await client.kv.deleteRange({ key: keyBytes(key) })).header!.revision,
  };
}

function record(
  client: EtcdClient,
  options: EtcdWatchOptions,
): { readonly recorder: Recorder; readonly watch: EtcdWatch } {
  const recorder = new Recorder();
  return { recorder, watch: client.watch(options, recorder) };
}

/** Does it again until it works: each attempt is a write of its own. */
async function until<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error as EtcdError).code) throw error;
    }
  }
}
