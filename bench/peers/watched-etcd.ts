/**
 * A whole API server over etcd, a thousand watches of it and more on sockets of their own, and a
 * writer: how long it takes from etcd's answer to a write until the last byte of its event has come
 * to a watch. Everything that any watch is sent is compared with what was written.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

import { tokenAuthenticator } from '../../lib/auth/index.js';
import type { EngineKind } from '../../lib/engine/index.js';
import { defineResource } from '../../lib/rest/index.js';
import { type ApiServer, createServer } from '../../lib/server/index.js';
import { EtcdClient, EtcdStorage, keyBytes } from '../../lib/storage/etcd/index.js';
import { cpuSince } from '../kernel.js';
import { quantile } from '../statistics.js';
import type { Sample } from '../trials/contract.js';
import { inFlight } from '../workload/etcd-objects.js';
import { smallPod, smallPodKey, smallPodNamespace } from '../workload/small-pods.js';
import { LoadClient, type Recorded, TOKEN } from './load-client.js';
import type { Acknowledged, WriteOrder, WriteReport } from './paced-writer.js';

const pods = defineResource({
  group: '',
  version: 'v1',
  kind: 'Pod',
  strategy: { allowUnconditionalUpdate: true },
});
const user = { username: 'bench', uid: '', groups: [], extra: {} };

const FILL_IN_FLIGHT = 64;

/** What the watches want: each the pods of a namespace of its own, or all of them all pods. */
export type Scope = 'own' | 'all';

export interface WatchedEtcdOptions {
  readonly engine: EngineKind;
  readonly endpoint: string;
  /** So many, and as many pods, each in a namespace of its own. */
  readonly watches: number;
  readonly objectBytes: number;
}

export class WatchedEtcd {
  readonly #options: WatchedEtcdOptions;
  readonly #server: ApiServer;
  readonly #storage: EtcdStorage;
  readonly #port: number;
  readonly #writer: ChildProcess;
  /** When etcd had answered writes of the server's own, by their revisions. */
  readonly #committedNs = new Map<string, bigint>();
  #client: { readonly scope: Scope; readonly load: LoadClient } | undefined;

  private constructor(
    options: WatchedEtcdOptions,
    server: ApiServer,
    storage: EtcdStorage,
    port: number,
    prefix: string,
  ) {
    this.#options = options;
    this.#server = server;
    this.#storage = storage;
    this.#port = port;
    const { endpoint, watches, objectBytes } = options;
    const args = [endpoint, prefix, String(port), String(watches), String(objectBytes)];
    this.#writer = fork(join(import.meta.dirname, 'paced-writer.js'), args);
    const write = storage.write.bind(storage);
    storage.write = async (change) => {
      const result = await write(change);
      if (result.ok) this.#committedNs.set(String(result.revision), process.hrtime.bigint());
      return result;
    };
  }

  static async start(options: WatchedEtcdOptions): Promise<WatchedEtcd> {
    const { endpoint, engine } = options;
    // Servers that are compared share an etcd; each is told of its own pods alone.
    const prefix = `/registry-${process.pid}-${Math.floor(Math.random() * 1e9)}`;
    await fill(prefix, options);
    const storage = await EtcdStorage.open({ client: { endpoints: [endpoint] }, prefix });
    const server = createServer({
      resources: [pods],
      storage,
      engine,
      authenticator: tokenAuthenticator([{ token: TOKEN, user }]),
      consistencyCheckIntervalMs: 0,
    });
    await server.ready();
    const { port } = await server.listen();
    return new WatchedEtcd(options, server, storage, port, prefix);
  }

  /**
   * Milliseconds of deliveries (`p50Ms`, `p99Ms`) and until the last watch had a write
   * (`lastP50Ms`, `lastP99Ms`), the server's CPU time of a write (`cpuUs`), and how many writes a
   * second there were (`perSecond`). Throws where a watch was not told exactly what was written.
   */
  async sample(scope: Scope, order: WriteOrder): Promise<Sample> {
    const load = await this.#watching(scope);
    this.#committedNs.clear();
    const deliveries = order.count * (scope === 'all' ? this.#options.watches : 1);
    const before = process.cpuUsage();
    const reached = load.reach(deliveries);
    const [{ writes, ms }] = await Promise.all([this.#write(order), reached]);
    const cpuUs = cpuSince(before) / order.count;
    const records = await load.records();
    checkDeliveries(records, writes, scope, this.#options.watches);
    return { ...this.#lags(records, writes), cpuUs, perSecond: (order.count * 1e3) / ms };
  }

  async close(): Promise<void> {
    await this.#client?.load.close();
    this.#writer.kill();
    await this.#server.close({ graceMs: 0 });
    await this.#storage.close();
  }

  // The watches of one scope only are open.
  async #watching(scope: Scope): Promise<LoadClient> {
    if (this.#client?.scope === scope) return this.#client.load;
    await this.#client?.load.close();
    this.#client = undefined;
    const { watches } = this.#options;
    const revision = await this.#storage.committedRevision();
    const query = `watch=1&resourceVersion=${revision}&timeoutSeconds=86400`;
    const targets = Array.from({ length: scope === 'all' ? 1 : watches }, (_, index) => {
      const where = scope === 'all' ? '' : `namespaces/${smallPodNamespace(index)}/`;
      return `/api/v1/${where}pods?${query}`;
    });
    const load = await LoadClient.start({
      protocol: 'http',
      port: this.#port,
      connections: watches,
      targets,
      isRecording: true,
    });
    this.#client = { scope, load };
    return load;
  }

  async #write(order: WriteOrder): Promise<WriteReport> {
    const report = new Promise<WriteReport>((resolve, reject) => {
      this.#writer.once('message', (message) => resolve(message as WriteReport));
      this.#writer.once('exit', () => reject(new Error('the writer has ended')));
    });
    this.#writer.send(order);
    const { problem, ...told } = await report;
    this.#writer.removeAllListeners('exit');
    if (problem !== undefined) throw new Error(problem);
    return told;
  }

  #lags(records: readonly Recorded[], writes: readonly Acknowledged[]): Sample {
    const committedNs = new Map(
      writes.map(({ revision, atNs }) => [
        BigInt(revision),
        this.#committedNs.get(revision) ?? BigInt(atNs),
      ]),
    );
    const lastMs = new Map<bigint, number>();
    const lagsMs = records.map(({ revision, arrivedNs }) => {
      const lagMs = Number(arrivedNs - committedNs.get(revision)!) / 1e6;
      lastMs.set(revision, Math.max(lagMs, lastMs.get(revision) ?? -Infinity));
      return lagMs;
    });
    const latest = [...lastMs.values()];
    return {
      p50Ms: quantile(lagsMs, 0.5),
      p99Ms: quantile(lagsMs, 0.99),
      lastP50Ms: quantile(latest, 0.5),
      lastP99Ms: quantile(latest, 0.99),
    };
  }
}

async function fill(
  prefix: string,
  { endpoint, watches, objectBytes }: WatchedEtcdOptions,
): Promise<void> {
  const client = new EtcdClient({ endpoints: [endpoint], timeoutMs: 60_000 });
  let next = 0;
  await inFlight(FILL_IN_FLIGHT, async () => {
    while (next < watches) {
      const index = next++;
      const key = keyBytes(prefix + smallPodKey(index));
      await client.kv.put({ key, value: keyBytes(smallPod(index, 'new', objectBytes)) });
    }
  });
  await client.close();
}

/** Every watch has had what it wants: each write once, in the order of revisions, as written. */
export function checkDeliveries(
  records: readonly Recorded[],
  writes: readonly Acknowledged[],
  scope: Scope,
  watches: number,
): void {
  const ordered = [...writes].sort((a, b) => (BigInt(a.revision) < BigInt(b.revision) ? -1 : 1));
  const wanted = new Map<number, Acknowledged[]>();
  for (const write of scope === 'own' ? ordered : []) {
    const own = wanted.get(write.pod);
    if (own === undefined) wanted.set(write.pod, [write]);
    else own.push(write);
  }
  const told = Array.from({ length: watches }, () => [] as Recorded[]);
  for (const record of records) told[record.connection]!.push(record);
  for (const [connection, events] of told.entries()) {
    const expected = scope === 'all' ? ordered : (wanted.get(connection) ?? []);
    if (events.length !== expected.length) {
      throw new Error(`watch ${connection} was told ${events.length} of ${expected.length} writes`);
    }
    for (const [index, { revision, hash }] of events.entries()) {
      const write = expected[index]!;
      if (String(revision) === write.revision && hash === write.hash) continue;
      throw new Error(`watch ${connection}: ${revision} in the place of ${write.revision}`);
    }
  }
}
