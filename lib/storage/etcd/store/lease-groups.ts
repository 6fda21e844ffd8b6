/**
 * Leases for keys with a time to live: one for many keys, as kube-apiserver has it.
 *
 *  1. A lease is behind the keys in case that nobody else ends them: the storage that wrote a key
 *     deletes it when its time is over, at a revision of its own; what is left of a storage that
 *     died, etcd deletes. So a lease lasts longer than its keys.
 *  2. The ID of a lease tells the TTL that its keys were written with: the lower 34 bits, in
 *     seconds. So whoever reads a key knows it, and a write that changes nothing is told from one
 *     that changes the TTL.
 *  3. A lease is given to keys for a twentieth of their TTL, a minute at most, and to
 *     LEASE_KEYS_MAX of them: etcd deletes all of them at once.
 *
 * Owned by one event loop.
 */

import type { Clock } from '../../clock.js';
import { TTL_SECONDS_MAX } from '../../limits.js';
import { EtcdError } from '../client/error.js';
import type { LeaseClient } from '../client/lease.js';

/** As upstream's default. */
const LEASE_KEYS_MAX = 1_000;
const SHARED_SECONDS_MAX = 60;
/** What a storage may be late with deleting keys itself. */
export const GRACE_SECONDS = 30;
const TTL_BITS = 34n;
const CHOSEN_BITS = 29;
const ATTEMPTS = 5;

interface Group {
  readonly lease: Promise<bigint>;
  readonly untilMs: number;
  keys: number;
}

export class LeaseGroups {
  readonly #client: LeaseClient;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #byTtl = new Map<number, Group>();

  constructor(client: LeaseClient, clock: Clock, random: () => number) {
    this.#client = client;
    this.#clock = clock;
    this.#random = random;
  }

  /** A lease for one key with this TTL; 0 for none. Rejects with an EtcdError. */
  async take(ttlSeconds: number): Promise<bigint> {
    if (ttlSeconds === 0) return 0n;
    const present = this.#byTtl.get(ttlSeconds);
    const nowMs = this.#clock.now();
    const isUsable = present !== undefined && nowMs < present.untilMs;
    if (isUsable && present.keys < LEASE_KEYS_MAX) {
      present.keys++;
      return present.lease;
    }
    this.#forgetPast(nowMs);
    const sharedSeconds = sharedSecondsOf(ttlSeconds);
    const lease = this.#grant(ttlSeconds, leaseSecondsOf(ttlSeconds));
    this.#byTtl.set(ttlSeconds, { lease, untilMs: nowMs + sharedSeconds * 1_000, keys: 1 });
    lease.catch(() => this.drop(ttlSeconds));
    return lease;
  }

  /** The lease of this TTL is not there any more. */
  drop(ttlSeconds: number): void {
    this.#byTtl.delete(ttlSeconds);
  }

  #grant(ttlSeconds: number, leaseSeconds: number): Promise<bigint> {
    return grantLease(this.#client, this.#random, ttlSeconds, leaseSeconds);
  }

  #forgetPast(nowMs: number): void {
    for (const [ttlSeconds, { untilMs }] of this.#byTtl) {
      if (untilMs <= nowMs) this.#byTtl.delete(ttlSeconds);
    }
  }
}

/** Grants a lease that tells `ttlSeconds` and lasts `leaseSeconds`. */
export async function grantLease(
  client: LeaseClient,
  random: () => number,
  ttlSeconds: number,
  leaseSeconds: number,
): Promise<bigint> {
  const TTL = BigInt(Math.min(leaseSeconds, TTL_SECONDS_MAX));
  for (let attempt = 1; ; attempt++) {
    const chosen = 1n + BigInt(Math.floor(random() * (2 ** CHOSEN_BITS - 1)));
    const ID = (chosen << TTL_BITS) | BigInt(ttlSeconds);
    try {
      await client.grant({ TTL, ID });
      return ID;
    } catch (error) {
      // Taken by somebody else, or by an attempt of which nobody knows: that one runs out.
      const isTaken = error instanceof EtcdError && error.code === 'failed-precondition';
      const mayBeTaken =
        error instanceof EtcdError && error.mayBeApplied && error.code !== 'no-space';
      if (attempt >= ATTEMPTS || !(isTaken || mayBeTaken)) throw error;
    }
  }
}

/** How long one lease is given to keys of this TTL. */
export function sharedSecondsOf(ttlSeconds: number): number {
  return Math.min(SHARED_SECONDS_MAX, Math.ceil(ttlSeconds / 20));
}

/** How long a lease of keys with this TTL lasts. */
export function leaseSecondsOf(ttlSeconds: number): number {
  return ttlSeconds + sharedSecondsOf(ttlSeconds) + GRACE_SECONDS;
}

/** The TTL that a lease's keys were written with; 0 for no lease. */
export function leaseTtlSeconds(lease: bigint): number {
  return Number(lease & ((1n << TTL_BITS) - 1n));
}
