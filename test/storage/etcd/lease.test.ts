/** Leases that are kept alive: how often they are renewed, and when they count as lost. */

import test, { type ExecutionContext } from 'ava';

import { EtcdClient, keyBytes, type EtcdError } from '../../../lib/storage/etcd/index.js';
import { ManualClock } from '../../clock.js';
import { startCluster, type EtcdMember } from './member.js';

const TTL_SECONDS = 60;

test('a lease is renewed every third of its time, until it is stopped', async (t) => {
  const { client, clock, renewals, lost } = await scene(t);
  const { ID } = await client.lease.grant({ TTL: BigInt(TTL_SECONDS) });
  const kept = client.lease.keepAlive(ID, TTL_SECONDS, lost.push);
  clock.advance(19_999);
  t.is(renewals.begun, 0);
  for (let round = 1; round <= 4; round++) {
    clock.advance(round === 1 ? 1 : 20_000);
    await renewals.over(round);
  }
  kept.stop();
  clock.advance(200_000);
  await turns();
  t.deepEqual([renewals.begun, lost.errors.length], [4, 0]);
});

test('a lease that has ended is told once', async (t) => {
  const { client, clock, renewals, lost } = await scene(t);
  const { ID } = await client.lease.grant({ TTL: BigInt(TTL_SECONDS) });
  await client.kv.put({ key: keyBytes('/a'), lease: ID });
  client.lease.keepAlive(ID, TTL_SECONDS, lost.push);
  await client.lease.revoke(ID);
  clock.advance(20_000);
  await lost.first;
  clock.advance(200_000);
  await turns();
  t.deepEqual(
    lost.errors.map(({ code }) => code),
    ['lease-not-found'],
  );
  t.is(renewals.begun, 1);
});

test('without etcd a lease is renewed more often, and lost when its time has passed', async (t) => {
  const { client, clock, member, renewals, lost } = await scene(t);
  const { ID } = await client.lease.grant({ TTL: BigInt(TTL_SECONDS) });
  client.lease.keepAlive(ID, TTL_SECONDS, lost.push);
  clock.advance(20_000);
  await renewals.over(1);
  const renewedAt = clock.now();
  await member.kill();
  let seconds = 0;
  while (lost.errors.length === 0) {
    clock.advance(1_000);
    seconds++;
    await new Promise((resolve) => setTimeout(resolve, 1));
    // What is under way has failed before time goes on.
    while (renewals.begun > renewals.ended) await turns();
  }
  t.true(clock.now() - renewedAt >= TTL_SECONDS * 1_000, `${seconds}`);
  t.true(clock.now() - renewedAt <= TTL_SECONDS * 1_000 + 10_000, `${seconds}`);
  t.true(renewals.begun > 4, String(renewals.begun));
  t.deepEqual(
    lost.errors.map(({ code }) => code),
    ['unavailable'],
  );
});

test('a lease outlives an etcd that is away for less than its time', async (t) => {
  const { client, clock, member, renewals, lost } = await scene(t);
  const { ID } = await client.lease.grant({ TTL: BigInt(TTL_SECONDS) });
  const kept = client.lease.keepAlive(ID, TTL_SECONDS, lost.push);
  await member.kill();
  clock.advance(20_000);
  await renewals.over(1);
  await member.start();
  const answered = renewals.answered;
  while (renewals.answered === answered) {
    // Within the lease's time, however long the connection takes.
    if (clock.now() < renewals.startedAt + 50_000) clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  kept.stop();
  t.deepEqual(lost.errors, []);
  t.true((await client.lease.timeToLive(ID)).TTL > 0n);
});

interface Scene {
  readonly client: EtcdClient;
  readonly clock: ManualClock;
  readonly member: EtcdMember;
  readonly renewals: Renewals;
  readonly lost: {
    readonly errors: readonly EtcdError[];
    readonly first: Promise<void>;
    readonly push: (error: EtcdError) => void;
  };
}

/** Counts the renewals of a client. */
class Renewals {
  readonly startedAt: number;
  begun = 0;
  ended = 0;
  answered = 0;

  constructor(startedAt: number) {
    this.startedAt = startedAt;
  }

  async over(count: number): Promise<void> {
    while (this.ended < count) await turns();
    // The next one is arranged right behind it.
    await turns();
  }
}

async function scene(t: ExecutionContext): Promise<Scene> {
  const { endpoints, members } = await startCluster(t);
  const clock = new ManualClock();
  const renewals = new Renewals(clock.now());
  const isRenewal = (method: string): boolean => method === 'LeaseKeepAlive';
  const client = new EtcdClient({
    endpoints,
    clock,
    observer: {
      onStarted: (_service, method) => void (isRenewal(method) && renewals.begun++),
      onHandled: (_service, method) => void (isRenewal(method) && renewals.ended++),
      onReceived: (_service, method) => void (isRenewal(method) && renewals.answered++),
    },
  });
  t.teardown(() => client.close());
  const errors: EtcdError[] = [];
  let heard: () => void = () => undefined;
  const first = new Promise<void>((resolve) => (heard = resolve));
  const push = (error: EtcdError): void => {
    errors.push(error);
    heard();
  };
  return { client, clock, member: members[0]!, renewals, lost: { errors, first, push } };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
