/** Leases: keys that end together, after a time or when nobody keeps them alive. */

import { create, type MessageInitShape } from '@bufbuild/protobuf';

import type { Timer } from '../../clock.js';
import {
  Lease,
  LeaseGrantRequestSchema,
  LeaseKeepAliveRequestSchema,
  LeaseRevokeRequestSchema,
  LeaseTimeToLiveRequestSchema,
  type LeaseGrantResponse,
  type LeaseKeepAliveResponse,
  type LeaseRevokeResponse,
  type LeaseTimeToLiveResponse,
} from '../rpc/lease_pb.js';
import type { Caller, CallOptions } from './caller.js';
import { EtcdError } from './error.js';
import { readMethod, writeMethod } from './method.js';
import { roundTrip } from './round-trip.js';

export type LeaseGrantInit = MessageInitShape<typeof LeaseGrantRequestSchema>;

export interface KeptLease {
  /** Keeps it alive no longer; it ends after its TTL. */
  stop(): void;
}

export class LeaseClient {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** `TTL` in seconds; etcd raises what is below its minimum. With an `ID` of one's own or 0. */
  grant(request: LeaseGrantInit, options?: CallOptions): Promise<LeaseGrantResponse> {
    return this.#caller.unary(GRANT, create(LeaseGrantRequestSchema, request), options);
  }

  /** Ends the lease and deletes its keys, all of them at one revision. */
  revoke(id: bigint, options?: CallOptions): Promise<LeaseRevokeResponse> {
    return this.#caller.unary(REVOKE, create(LeaseRevokeRequestSchema, { ID: id }), options);
  }

  /** A `TTL` of -1 tells that there is no such lease. */
  timeToLive(id: bigint, options?: CallOptions): Promise<LeaseTimeToLiveResponse> {
    return this.#caller.unary(
      TIME_TO_LIVE,
      create(LeaseTimeToLiveRequestSchema, { ID: id }),
      options,
    );
  }

  /** Renews the lease once. Rejects with `lease-not-found` where it has ended. */
  async keepAliveOnce(id: bigint, options?: CallOptions): Promise<LeaseKeepAliveResponse> {
    const request = create(LeaseKeepAliveRequestSchema, { ID: id });
    const response = await roundTrip(this.#caller, KEEP_ALIVE, request, options);
    if (response.TTL > 0n) return response;
    throw new EtcdError('lease-not-found', `there is no lease ${id} any more`, {
      method: KEEP_ALIVE.name,
    });
  }

  /**
   * Renews the lease until it is stopped: every third of its TTL, and more often while renewing
   * fails. `onLost` is called once, when it has ended or its TTL has passed without a renewal.
   */
  keepAlive(id: bigint, ttlSeconds: number, onLost: (error: EtcdError) => void): KeptLease {
    const { clock } = this.#caller.settings;
    const ttlMs = ttlSeconds * 1_000;
    let renewedAt = clock.now();
    let isOver = false;
    let timer: Timer;
    const stop = (): void => {
      isOver = true;
      timer.cancel();
    };
    const lost = (error: EtcdError): void => {
      if (isOver) return;
      stop();
      onLost(error);
    };
    const renew = async (): Promise<void> => {
      const startedAt = clock.now();
      try {
        await this.keepAliveOnce(id, { timeoutMs: Math.min(ttlMs, RENEW_TIMEOUT_MAX_MS) });
        renewedAt = startedAt;
        if (!isOver) timer = clock.setTimer(ttlMs / 3, () => void renew());
      } catch (cause) {
        const error = cause as EtcdError;
        const hasEnded = error.code === 'lease-not-found' || clock.now() - renewedAt >= ttlMs;
        if (hasEnded || error.code === 'closed') lost(error);
        else if (!isOver) timer = clock.setTimer(ttlMs / 10, () => void renew());
      }
    };
    timer = clock.setTimer(ttlMs / 3, () => void renew());
    return { stop };
  }
}

const RENEW_TIMEOUT_MAX_MS = 5_000;

const GRANT = writeMethod(Lease.method.leaseGrant);
const REVOKE = writeMethod(Lease.method.leaseRevoke);
const TIME_TO_LIVE = readMethod(Lease.method.leaseTimeToLive);
const KEEP_ALIVE = readMethod(Lease.method.leaseKeepAlive);
