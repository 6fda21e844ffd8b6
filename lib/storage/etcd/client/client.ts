/**
 * The etcd client: its parts over one pool of connections.
 *
 *     const client = new EtcdClient({ endpoints: ['http://127.0.0.1:2379'] });
 *     await client.kv.put({ key: keyBytes('a'), value: keyBytes('1') });
 *     const watch = client.watch({ key: keyBytes('a') }, { onEvents, onEnd });
 *
 * Nothing connects before the first call. What breaks is connected again by itself; what is tried
 * again, and what is not, is told in `caller.ts`.
 */

import { AuthClient } from './auth.js';
import { Caller } from './caller.js';
import { KvClient } from './kv.js';
import { LeaseClient } from './lease.js';
import { MaintenanceClient } from './maintenance.js';
import { readOptions, type EtcdClientOptions } from './options.js';
import type { PoolStats } from './pool.js';
import { EtcdWatch, type EtcdWatchObserver, type EtcdWatchOptions } from './watcher.js';

export class EtcdClient {
  readonly kv: KvClient;
  readonly lease: LeaseClient;
  readonly maintenance: MaintenanceClient;
  readonly auth: AuthClient;
  /** The members that are used, as errors and metrics name them. */
  readonly endpoints: readonly string[];
  readonly #caller: Caller;

  /**
   * Throws an EtcdError `invalid-argument` for endpoints and TLS material that can't be used, and a
   * RangeError for numbers that make no sense.
   */
  constructor(options: EtcdClientOptions) {
    const settings = readOptions(options);
    this.endpoints = settings.endpoints.map(({ url }) => url);
    this.#caller = new Caller(settings);
    this.kv = new KvClient(this.#caller);
    this.lease = new LeaseClient(this.#caller);
    this.maintenance = new MaintenanceClient(this.#caller);
    this.auth = new AuthClient(this.#caller);
  }

  /** Watches a range of keys until it is closed; see `EtcdWatch`. */
  watch(options: EtcdWatchOptions, observer: EtcdWatchObserver): EtcdWatch {
    return new EtcdWatch(this.#caller, options, observer);
  }

  /** Connections and circuits, for metrics. */
  stats(): PoolStats {
    return this.#caller.stats();
  }

  /** Ends the watches with `closed`. Calls under way end as they do; later ones are refused. */
  async close(): Promise<void> {
    await this.#caller.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
