/** The client against real etcd servers of every version that is here: calls and their errors. */

import test from 'ava';

import {
  ALARM,
  COMPARE_RESULT,
  COMPARE_TARGET,
  EtcdClient,
  EtcdError,
  keyBytes,
  prefixRange,
  type EtcdClientOptions,
} from '../../../lib/storage/etcd/index.js';
import type { ExecutionContext } from 'ava';
import { ETCDS, startCluster } from './member.js';

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();

for (const etcd of ETCDS) {
  const name = `etcd ${etcd.version}`;

  test(`${name}: keys are put, ranged over, deleted, and read as they were`, async (t) => {
    const client = await open(t, { etcd });
    const base = (await client.kv.range({ key: keyBytes('none') })).header!.revision;
    for (const key of ['/a/1', '/a/2', '/a/3', '/b/1']) {
      await client.kv.put({ key: keyBytes(key), value: keyBytes(`of ${key}`) });
    }
    const all = await client.kv.range(prefixRange('/a/'));
    t.deepEqual(
      all.kvs.map((kv) => [text(kv.key), text(kv.value), kv.modRevision - base]),
      [
        ['/a/1', 'of /a/1', 1n],
        ['/a/2', 'of /a/2', 2n],
        ['/a/3', 'of /a/3', 3n],
      ],
    );
    t.is(all.header!.revision, base + 4n);
    const page = await client.kv.range({ ...prefixRange('/a/'), limit: 2n });
    t.deepEqual([page.kvs.length, page.more, page.count], [2, true, 3n]);
    const put = await client.kv.put({
      key: keyBytes('/a/1'),
      value: keyBytes('new'),
      prevKv: true,
    });
    t.is(text(put.prevKv?.value), 'of /a/1');
    const deleted = await client.kv.deleteRange({ ...prefixRange('/a/'), prevKv: true });
    t.deepEqual([deleted.deleted, text(deleted.prevKvs[0]?.value)], [3n, 'new']);
    const before = await client.kv.range({ ...prefixRange(''), revision: base + 4n });
    t.is(before.count, 4n);
    const rest = await client.kv.range({ ...prefixRange(''), keysOnly: true });
    t.deepEqual(
      rest.kvs.map((kv) => [text(kv.key), kv.value.length]),
      [['/b/1', 0]],
    );
  });

  test(`${name}: a transaction does one thing or the other, whole`, async (t) => {
    const client = await open(t, { etcd });
    const key = keyBytes('/a');
    const create = (value: string): ReturnType<typeof client.kv.txn> =>
      client.kv.txn({
        compare: [compareMod(key, 0n)],
        success: [{ request: { case: 'requestPut', value: { key, value: keyBytes(value) } } }],
        failure: [{ request: { case: 'requestRange', value: { key } } }],
      });
    t.true((await create('first')).succeeded);
    const second = await create('second');
    t.false(second.succeeded);
    const [answer] = second.responses;
    if (answer?.response.case !== 'responseRange') return t.fail('no range in the answer');
    t.is(text(answer.response.value.kvs[0]?.value), 'first');
  });

  test(`${name}: what etcd refuses has a code, and names key, call and member`, async (t) => {
    const client = await open(t, { etcd });
    const key = keyBytes('/a');
    for (const value of ['1', '2', '3']) await client.kv.put({ key, value: keyBytes(value) });
    const { revision } = (await client.kv.range({ key })).header!;
    await client.kv.compact({ revision });
    const compacted = await failure(t, client.kv.range({ key, revision: revision - 1n }));
    t.is(compacted.code, 'compacted');
    t.deepEqual([compacted.key, compacted.method], ['/a', 'Range']);
    t.is(compacted.endpoint, client.endpoints[0]);
    t.regex(compacted.message, /^etcd Range "\/a" at http:\/\/127\.0\.0\.1:\d+: .*compacted/);
    t.is(
      (await failure(t, client.kv.range({ key, revision: revision + 9n }))).code,
      'future-revision',
    );
    t.is((await failure(t, client.kv.compact({ revision }))).code, 'compacted');
    const large = await failure(t, client.kv.put({ key, value: new Uint8Array(2 ** 21) }));
    t.deepEqual([large.code, large.mayBeApplied], ['too-large', false]);
    const empty = await failure(t, client.kv.put({ key: new Uint8Array() }));
    t.is(empty.code, 'invalid-argument');
    const lease = await failure(t, client.kv.put({ key, lease: 12345n }));
    t.is(lease.code, 'lease-not-found');
    t.is(text((await client.kv.range({ key })).kvs[0]?.value), '3');
  });

  test(`${name}: an answer may be larger than gRPC's usual limit`, async (t) => {
    const client = await open(t, { etcd });
    const value = new Uint8Array(2 ** 20).fill(7);
    await Promise.all(
      [1, 2, 3, 4, 5, 6].map((number) => client.kv.put({ key: keyBytes(`/l/${number}`), value })),
    );
    const { kvs } = await client.kv.range(prefixRange('/l/'));
    t.is(kvs.length, 6);
    t.true(kvs.every((kv) => Buffer.from(value).equals(kv.value)));
  });

  test(`${name}: a lease keeps its keys while it is renewed, and revoked takes them along`, async (t) => {
    const client = await open(t, { etcd });
    const granted = await client.lease.grant({ TTL: 60n, ID: 0x1234n });
    t.is(granted.ID, 0x1234n);
    await client.kv.put({ key: keyBytes('/a'), lease: granted.ID });
    const left = await client.lease.timeToLive(granted.ID);
    t.is(left.grantedTTL, 60n);
    t.true(left.TTL <= 60n && left.TTL > 0n);
    t.is((await client.lease.keepAliveOnce(granted.ID)).TTL, 60n);
    await client.lease.revoke(granted.ID);
    t.is((await client.kv.range({ key: keyBytes('/a') })).count, 0n);
    t.is((await client.lease.timeToLive(granted.ID)).TTL, -1n);
    t.is((await failure(t, client.lease.keepAliveOnce(granted.ID))).code, 'lease-not-found');
    t.is((await failure(t, client.lease.revoke(granted.ID))).code, 'lease-not-found');
  });

  test(`${name}: a member tells its version and size, and is defragmented`, async (t) => {
    const client = await open(t, { etcd });
    const [endpoint = ''] = client.endpoints;
    const status = await client.maintenance.status(endpoint);
    t.is(status.version, etcd.version);
    t.true(status.dbSize > 0n);
    t.is(status.leader, status.header!.memberId);
    const key = keyBytes('/a');
    for (let count = 0; count < 40; count++)
      await client.kv.put({ key, value: new Uint8Array(2 ** 18) });
    const { revision } = (await client.kv.range({ key, keysOnly: true })).header!;
    await client.kv.compact({ revision, physical: true });
    const grown = await client.maintenance.status(endpoint);
    await client.maintenance.defragment(endpoint);
    const shrunk = await client.maintenance.status(endpoint);
    t.true(shrunk.dbSize < grown.dbSize, `${shrunk.dbSize} is not below ${grown.dbSize}`);
    await t.throwsAsync(client.maintenance.status('http://127.0.0.1:1'), {
      message: /no endpoint/,
    });
  });

  test(`${name}: a full database refuses writes until room is made and the alarm taken back`, async (t) => {
    const client = await open(t, { etcd, flags: ['--quota-backend-bytes', String(2 ** 21)] });
    const key = keyBytes('/a');
    const value = new Uint8Array(2 ** 19);
    const fill = async (): Promise<never> => {
      for (;;) await client.kv.put({ key, value });
    };
    const refused = await failure(t, fill());
    t.deepEqual([refused.code, refused.mayBeApplied, refused.key], ['no-space', true, '/a']);
    const { header, kvs } = await client.kv.range({ key, keysOnly: true });
    t.is(kvs.length, 1);
    const alarms = await client.maintenance.alarms();
    t.deepEqual(
      alarms.map(({ alarm }) => alarm),
      [ALARM.noSpace],
    );
    await client.kv.compact({ revision: header!.revision, physical: true });
    await client.maintenance.defragment(client.endpoints[0] ?? '');
    for (const alarm of alarms) await client.maintenance.disarm(alarm);
    await client.kv.put({ key, value: keyBytes('small') });
    t.deepEqual(await client.maintenance.alarms(), []);
  });
}

interface OpenOptions extends Partial<EtcdClientOptions> {
  readonly etcd: (typeof ETCDS)[number];
  readonly flags?: readonly string[];
}

async function open(t: ExecutionContext, options: OpenOptions): Promise<EtcdClient> {
  const { etcd, flags = [], ...rest } = options;
  const { endpoints } = await startCluster(t, { etcd, flags });
  const client = new EtcdClient({ endpoints, ...rest });
  t.teardown(() => client.close());
  return client;
}

async function failure(t: ExecutionContext, promise: Promise<unknown>): Promise<EtcdError> {
  return (await t.throwsAsync(promise, { instanceOf: EtcdError })) as EtcdError;
}

function compareMod(key: Uint8Array, modRevision: bigint) {
  return {
    key,
    target: COMPARE_TARGET.mod,
    result: COMPARE_RESULT.equal,
    targetUnion: { case: 'modRevision' as const, value: modRevision },
  };
}
