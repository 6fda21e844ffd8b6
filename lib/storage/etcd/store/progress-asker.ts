/**
 * Asks how far a watch is, where the revision was raised by others' keys and no event tells.
 *
 *  1. Where every member is new enough, the watch asks etcd. Where one is not, a key that is no
 *     object is written: its event tells it. Only after PATIENCE_MS without any progress, since the
 *     event that is waited for is on its way as a rule.
 *  2. Whether the members are new enough is asked at first need, and again every GATE_AGE_MAX_MS.
 *
 * Owned by one event loop.
 */

import type { Clock } from '../../clock.js';
import type { EtcdClient } from '../client/client.js';
import { pause } from '../client/retry.js';
import type { EtcdWatch } from '../client/watcher.js';
import { readProgressGate } from './progress-gate.js';

export interface ProgressAskerOptions {
  readonly client: EtcdClient;
  readonly clock: Clock;
  /** Written where etcd can't be asked. */
  readonly progressKey: Uint8Array;
}

const PATIENCE_MS = 100;
/** Upstream's, too: members are upgraded one by one. */
const GATE_AGE_MAX_MS = 600_000;

export class ProgressAsker {
  readonly #options: ProgressAskerOptions;
  #isOpen: boolean | undefined;
  #readAt = 0;
  #isReading = false;
  #isWriting = false;
  #stuck: { readonly position: bigint; readonly sinceMs: number } | undefined;

  constructor(options: ProgressAskerOptions) {
    this.#options = options;
  }

  /** The feed is at `position`. To be called again as long as that is too little. */
  ask(watch: EtcdWatch, position: bigint): void {
    this.#keepGate();
    if (this.#isOpen === true) watch.requestProgress();
    else if (this.#isOpen === false && this.#isStuck(position)) void this.#write();
  }

  /** For as long as it takes until asking again makes sense. */
  pause(): Promise<void> {
    return pause(this.#options.clock, PATIENCE_MS);
  }

  #isStuck(position: bigint): boolean {
    const nowMs = this.#options.clock.now();
    if (this.#stuck?.position !== position) {
      this.#stuck = { position, sinceMs: nowMs };
      return false;
    }
    return nowMs - this.#stuck.sinceMs >= PATIENCE_MS;
  }

  async #write(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#stuck = undefined;
    try {
      await this.#options.client.kv.put({ key: this.#options.progressKey });
    } catch {
      // Whoever waits asks again, or takes its answer from etcd in the end.
    } finally {
      this.#isWriting = false;
    }
  }

  #keepGate(): void {
    const { client, clock } = this.#options;
    const isOld = this.#isOpen === undefined || clock.now() - this.#readAt >= GATE_AGE_MAX_MS;
    if (!isOld || this.#isReading) return;
    this.#isReading = true;
    void readProgressGate(client.maintenance, client.endpoints).then((isOpen) => {
      this.#isOpen = isOpen;
      this.#readAt = clock.now();
      this.#isReading = false;
    });
  }
}
