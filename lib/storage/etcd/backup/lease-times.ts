/**
 * What the leases of etcd tell about the ends of their keys.
 *
 *  1. A lease of a storage outlives its keys, which the storage deletes (`lease-groups.ts`): they
 *     are taken to end as late as they can, which is a twentieth of their time, or a minute, more
 *     than they may have.
 *  2. Keys that were imported, and those of another program's lease, end with their lease.
 */

import type { Clock } from '../../clock.js';
import { TTL_SECONDS_MAX } from '../../limits.js';
import type { Version } from '../../transition.js';
import type { LeaseClient } from '../client/lease.js';
import { GRACE_SECONDS, leaseSecondsOf, leaseTtlSeconds } from '../store/lease-groups.js';

export type KeyTimes = Pick<Version, 'ttlSeconds' | 'expiresAtMs'>;

const NO_END: KeyTimes = { ttlSeconds: 0, expiresAtMs: 0 };

export class LeaseTimes {
  readonly #client: LeaseClient;
  readonly #clock: Clock;
  readonly #byLease = new Map<bigint, Promise<KeyTimes>>();

  constructor(client: LeaseClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** Of 0, none. Rejects with an EtcdError. */
  of(lease: bigint): Promise<KeyTimes> {
    if (lease === 0n) return Promise.resolve(NO_END);
    let times = this.#byLease.get(lease);
    if (times === undefined) this.#byLease.set(lease, (times = this.#ask(lease)));
    return times;
  }

  async #ask(lease: bigint): Promise<KeyTimes> {
    const { TTL, grantedTTL } = await this.#client.timeToLive(lease);
    const left = Math.max(0, Number(TTL));
    const granted = Number(grantedTTL);
    const told = leaseTtlSeconds(lease);
    // One that has ended meanwhile tells nothing but its ID.
    if (granted === 0) return this.#ending(Math.min(Math.max(told, 1), TTL_SECONDS_MAX), 0);
    if (granted === leaseSecondsOf(told)) return this.#ending(told, left - GRACE_SECONDS);
    const isImported = granted <= told && told <= IMPORTED_SECONDS_MAX;
    return this.#ending(isImported ? told : granted, left);
  }

  #ending(ttlSeconds: number, leftSeconds: number): KeyTimes {
    return { ttlSeconds, expiresAtMs: this.#clock.now() + Math.max(0, leftSeconds) * 1_000 };
  }
}

/**
 * A lease that an import granted tells the TTL of its keys, and lasts for what is left of it. The
 * ID of another program's lease, which may be any number, hardly ever tells so little: a year.
 */
const IMPORTED_SECONDS_MAX = 366 * 24 * 3600;
