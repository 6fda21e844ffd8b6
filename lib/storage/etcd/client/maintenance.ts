/** What one member tells of itself, and what is done to its database. */

import { create } from '@bufbuild/protobuf';

import {
  AlarmRequestSchema,
  DefragmentRequestSchema,
  Maintenance,
  StatusRequestSchema,
  type AlarmMember,
  type StatusResponse,
} from '../rpc/maintenance_pb.js';
import type { Caller, CallOptions } from './caller.js';
import { readMethod } from './method.js';

/** Of `AlarmMember.alarm`. */
export const ALARM = { noSpace: 1, corrupt: 2 } as const;

export class MaintenanceClient {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** `endpoint` is one of the client's. */
  status(endpoint: string, options?: CallOptions): Promise<StatusResponse> {
    return this.#caller.unary(STATUS, create(StatusRequestSchema), { ...options, endpoint });
  }

  /**
   * Gives free pages of one member's database back to its file system. The member answers nobody
   * meanwhile: one at a time, the leader last. Default `timeoutMs`: ten minutes.
   */
  async defragment(endpoint: string, options?: CallOptions): Promise<void> {
    const target = { timeoutMs: DEFRAGMENT_TIMEOUT_MS, ...options, endpoint };
    await this.#caller.unary(DEFRAGMENT, create(DefragmentRequestSchema), target);
  }

  /** The alarms that are raised in the cluster. */
  async alarms(options?: CallOptions): Promise<readonly AlarmMember[]> {
    const request = create(AlarmRequestSchema, { action: ALARM_ACTION.get });
    return (await this.#caller.unary(ALARM_CALL, request, options)).alarms;
  }

  /** Takes one alarm of a member back; it is raised again where its cause has stayed. */
  async disarm(
    member: Pick<AlarmMember, 'memberID' | 'alarm'>,
    options?: CallOptions,
  ): Promise<void> {
    const { memberID, alarm } = member;
    const request = create(AlarmRequestSchema, {
      action: ALARM_ACTION.deactivate,
      memberID,
      alarm,
    });
    await this.#caller.unary(ALARM_CALL, request, options);
  }
}

const DEFRAGMENT_TIMEOUT_MS = 10 * 60_000;
const ALARM_ACTION = { get: 0, deactivate: 2 } as const;

const STATUS = readMethod(Maintenance.method.status);
const DEFRAGMENT = readMethod(Maintenance.method.defragment);
const ALARM_CALL = readMethod(Maintenance.method.alarm);
