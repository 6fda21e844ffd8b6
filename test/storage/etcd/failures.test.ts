/**
 * etcd fails in every way that it has, and the storages over it lose nothing: every write that was
 * acknowledged happened once, every watch tells every change in its order, lists are what the
 * changes come to; and all goes on without a restart. `test/history/judge.ts` says what is checked.
 */

import test, { type ExecutionContext } from 'ava';

import { ALARM, EtcdClient, EtcdStorage } from '../../../lib/storage/etcd/index.js';
import { record } from '../recorder.js';
import { startCluster, type EtcdCluster, type EtcdMember } from './member.js';
import { TcpProxy } from './tcp-proxy.js';
import { EXPIRING, PREFIX, Traffic, type TrafficOptions } from './traffic.js';

interface Rig {
  readonly t: ExecutionContext;
  readonly cluster: EtcdCluster;
  readonly traffic: Traffic;
  /** One for each member; the storages are behind them. */
  readonly proxies: readonly TcpProxy[];
  readonly storages: readonly EtcdStorage[];
  /** Straight to etcd. */
  readonly client: EtcdClient;
}

interface Trouble extends TrafficOptions {
  readonly size?: number;
  readonly flags?: readonly string[];
  readonly happen: (rig: Rig) => Promise<void>;
}

/** An election takes less than a second, and a busy machine does not cause one. */
const ELECTIONS = ['--heartbeat-interval', '50', '--election-timeout', '500'];

const TROUBLES: { readonly [about: string]: Trouble } = {
  'the only member is killed and started, again and again': {
    size: 1,
    happen: async ({ cluster: { members }, traffic }) => {
      for (let round = 0; round < 4; round++) {
        await traffic.progress(60);
        await members[0]!.kill();
        await members[0]!.start();
      }
    },
  },
  'the leader is killed, and the others go on': {
    happen: async (rig) => {
      for (let round = 0; round < 2; round++) {
        await rig.traffic.progress(40);
        const leader = await leaderOf(rig);
        await leader.kill();
        await rig.traffic.progress(40);
        await leader.start();
      }
    },
  },
  'a minority is away, and nobody minds': {
    happen: async (rig) => {
      await rig.traffic.progress(40);
      const leader = await leaderOf(rig);
      const follower = rig.cluster.members.find((member) => member !== leader)!;
      await follower.kill();
      await rig.traffic.progress(150);
      await follower.start();
    },
  },
  'the majority is away: nothing is written until it is back': {
    happen: async ({ t, cluster: { members }, traffic, client }) => {
      await traffic.progress(40);
      const [one, other, left] = members;
      await Promise.all([one!.kill(), other!.kill()]);
      const before = traffic.applied;
      const range = { key: Buffer.from('/registry/x') };
      await t.throwsAsync(client.kv.range(range, { timeoutMs: 1_000 }));
      // Of what was under way some answers came in meanwhile.
      t.true(traffic.applied - before < 20);
      await Promise.all([one!.start(), other!.start()]);
      await traffic.progress(40);
      await left!.kill();
      await traffic.progress(40);
    },
  },
  'a leader is frozen: its sockets stay, and nobody answers': {
    happen: async (rig) => {
      await rig.traffic.progress(40);
      const leader = await leaderOf(rig);
      leader.freeze();
      await rig.traffic.progress(40);
      leader.thaw();
      await rig.traffic.progress(40);
    },
  },
  'connections are cut all the time': {
    happen: async ({ proxies, traffic }) => {
      for (let round = 0; round < 25; round++) {
        await traffic.progress(15);
        for (const proxy of proxies) proxy.cut();
      }
    },
  },
  'answers are held back, and lost': {
    happen: async ({ proxies, traffic }) => {
      for (let round = 0; round < 10; round++) {
        await traffic.progress(20);
        const [proxy] = proxies;
        proxy!.holdAnswers();
        await arrivedSomething(traffic);
        proxy!.cut();
      }
    },
  },
  'a slow network': {
    happen: async ({ proxies, traffic }) => {
      for (const proxy of proxies) proxy.delay(40);
      await traffic.progress(60);
      proxies[0]!.cut();
      proxies[1]!.delay(0);
      await traffic.progress(120);
    },
  },
};

for (const [about, { size = 3, flags = [], happen, ...options }] of Object.entries(TROUBLES)) {
  test(`nothing is lost: ${about}`, async (t) => {
    const rig = await openRig(t, size, flags, options);
    await happen(rig);
    await rig.traffic.progress(40);
    const verdict = await rig.traffic.finish();
    t.log(JSON.stringify(verdict));
    t.true(verdict.acknowledged >= 80);
  });
}

test('history is compacted under a slow watch: it ends, and only it', async (t) => {
  const { traffic, storages, cluster } = await openRig(t, 1, [], {});
  const proxy = await TcpProxy.start(t, cluster.members[0]!.port);
  const slow = await EtcdStorage.open({ client: { ...CLIENT, endpoints: [proxy.url] } });
  t.teardown(() => slow.close());
  await traffic.progress(40);
  const recorder = record(slow, PREFIX, (await slow.list(PREFIX)).revision);
  await recorder.until(() => recorder.changes.length > 20);
  // From here on it gets nothing, until what it has missed is gone.
  proxy.refuse(true);
  proxy.cut();
  for (let round = 0; round < 3; round++) {
    await traffic.progress(30);
    await storages[0]!.compact((await storages[0]!.list(PREFIX)).revision - 10n);
  }
  proxy.refuse(false);
  t.is((await recorder.ended()).code, 'compacted');
  const { revisions } = recorder;
  const first = revisions[0]!;
  t.deepEqual(
    revisions,
    revisions.map((_, index) => first + BigInt(index)),
  );
  await traffic.progress(40);
  const verdict = await traffic.finish();
  t.log(JSON.stringify(verdict));
});

test('a full database refuses writes by name, is read all the while, and takes them again', async (t) => {
  const quota = String(4 * 2 ** 20);
  const flags = ['--quota-backend-bytes', quota];
  const { traffic, storages, client } = await openRig(t, 1, flags, { valueBytes: 2 ** 14 });
  const [storage] = storages;
  const isFull = (): boolean => [...traffic.errors].some((text) => /space exceeded/.test(text));
  while (!isFull()) await new Promise((resolve) => setTimeout(resolve, 5));
  const { values, revision } = await storage!.list(PREFIX);
  t.true(values.length > 0);
  // It may have been deleted: deletions go on.
  await t.notThrowsAsync(storage!.get(values[0]!.key));
  const write = { key: `${PREFIX}x`, expected: 0n, value: new Uint8Array(8) };
  await t.throwsAsync(storage!.write(write), {
    code: 'no-space',
    message:
      /^etcd Txn "\/registry\/g\/r\/x" at http.*: etcdserver: mvcc: database space exceeded$/,
  });
  await client.kv.compact({ revision, physical: true });
  await client.maintenance.defragment(client.endpoints[0]!);
  for (const alarm of await client.maintenance.alarms()) {
    t.is(alarm.alarm, ALARM.noSpace);
    await client.maintenance.disarm(alarm);
  }
  await traffic.progress(20);
  t.log(JSON.stringify(await traffic.finish()));
});

test('leases that are lost delete their keys once, and the next write has a new one', async (t) => {
  const { traffic, client } = await openRig(t, 1, [], { hasExpiring: true });
  for (let round = 0; round < 5; round++) {
    await traffic.progress(60);
    const { kvs } = await client.kv.range(rangeOfExpiring());
    const leases = new Set(kvs.map(({ lease }) => lease));
    t.true(leases.size > 0 && !leases.has(0n), [...leases].join(' '));
    for (const lease of leases) await client.lease.revoke(lease);
  }
  await traffic.progress(60);
  t.log(JSON.stringify(await traffic.finish()));
});

const CLIENT = { attempts: 30, retryDelayMs: 20, timeoutMs: 1_500 };

async function openRig(
  t: ExecutionContext,
  size: number,
  flags: readonly string[],
  options: TrafficOptions,
): Promise<Rig> {
  t.timeout(120_000);
  const cluster = await startCluster(t, { size, flags: [...ELECTIONS, ...flags] });
  const { members, endpoints } = cluster;
  const proxies = await Promise.all(members.map(({ port }) => TcpProxy.start(t, port)));
  const storages = await Promise.all(
    [0, 1].map(() =>
      EtcdStorage.open({ client: { ...CLIENT, endpoints: proxies.map(({ url }) => url) } }),
    ),
  );
  const client = new EtcdClient({ endpoints });
  t.teardown(async () => {
    await Promise.all([...storages.map((storage) => storage.close()), client.close()]);
  });
  const traffic = await Traffic.start(storages, endpoints, options);
  t.teardown(() => traffic.stop());
  return { t, cluster, traffic, proxies, storages, client };
}

async function leaderOf({ client, cluster }: Rig): Promise<EtcdMember> {
  for (;;) {
    for (const member of cluster.members) {
      try {
        const { leader, header } = await client.maintenance.status(member.url);
        if (leader !== 0n && leader === header!.memberId) return member;
      } catch {
        // It is just coming back.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// Writes are on their way whose answers nobody gets.
async function arrivedSomething(traffic: Traffic): Promise<void> {
  const before = traffic.history.attempts.length;
  for (let turn = 0; turn < 20 && traffic.history.attempts.length < before + 3; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function rangeOfExpiring(): { readonly key: Uint8Array; readonly rangeEnd: Uint8Array } {
  const key = Buffer.from(`/registry${EXPIRING}`);
  const rangeEnd = Buffer.from(key);
  rangeEnd[rangeEnd.length - 1]!++;
  return { key, rangeEnd };
}
