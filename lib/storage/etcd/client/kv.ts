/** Keys and values: ranges, writes, transactions, compaction. */

import { create, type MessageInitShape } from '@bufbuild/protobuf';

import {
  CompactionRequestSchema,
  KV,
  TxnRequestSchema,
  type CompactionResponse,
  type TxnResponse,
} from '../rpc/kv_pb.js';
import {
  DeleteRangeRequestSchema,
  PutRequestSchema,
  RangeRequestSchema,
  type DeleteRangeResponse,
  type PutResponse,
  type RangeResponse,
} from '../rpc/range_pb.js';
import { readPutResponse, readRangeResponse, readTxnResponse } from './answers.js';
import type { Caller, CallOptions } from './caller.js';
import { readMethod, writeMethod } from './method.js';

export type RangeInit = MessageInitShape<typeof RangeRequestSchema>;
export type PutInit = MessageInitShape<typeof PutRequestSchema>;
export type DeleteRangeInit = MessageInitShape<typeof DeleteRangeRequestSchema>;
export type TxnInit = MessageInitShape<typeof TxnRequestSchema>;
export type CompactionInit = MessageInitShape<typeof CompactionRequestSchema>;

/** Of `Compare.result`. */
export const COMPARE_RESULT = { equal: 0, greater: 1, less: 2, notEqual: 3 } as const;
/** Of `Compare.target`. */
export const COMPARE_TARGET = { version: 0, create: 1, mod: 2, value: 3, lease: 4 } as const;

/**
 * Every call rejects with an EtcdError. One that may have written says by its `mayBeApplied`
 * whether it has to be looked up: it was not repeated then.
 */
export class KvClient {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  range(request: RangeInit, options?: CallOptions): Promise<RangeResponse> {
    const message = create(RangeRequestSchema, request);
    return this.#caller.unary(RANGE, message, { ...options, key: message.key });
  }

  put(request: PutInit, options?: CallOptions): Promise<PutResponse> {
    const message = create(PutRequestSchema, request);
    return this.#caller.unary(PUT, message, { ...options, key: message.key });
  }

  deleteRange(request: DeleteRangeInit, options?: CallOptions): Promise<DeleteRangeResponse> {
    const message = create(DeleteRangeRequestSchema, request);
    return this.#caller.unary(DELETE_RANGE, message, { ...options, key: message.key });
  }

  /** One that only reads is repeated as a read is. */
  txn(request: TxnInit, options?: CallOptions): Promise<TxnResponse> {
    const message = create(TxnRequestSchema, request);
    const operations = [...message.success, ...message.failure];
    const isRead = operations.every((operation) => operation.request.case === 'requestRange');
    const key = message.compare[0]?.key ?? operations[0]?.request.value?.key;
    return this.#caller.unary(isRead ? READ_TXN : TXN, message, {
      ...options,
      ...(key === undefined ? {} : { key }),
    });
  }

  /** Drops history below `revision`. What is compacted already is an error `compacted`. */
  compact(request: CompactionInit, options?: CallOptions): Promise<CompactionResponse> {
    return this.#caller.unary(COMPACT, create(CompactionRequestSchema, request), options);
  }
}

const RANGE = readMethod(KV.method.range, readRangeResponse);
const PUT = writeMethod(KV.method.put, readPutResponse);
const DELETE_RANGE = writeMethod(KV.method.deleteRange);
const TXN = writeMethod(KV.method.txn, readTxnResponse);
const READ_TXN = readMethod(KV.method.txn, readTxnResponse);
// Compacting twice is as compacting once.
const COMPACT = readMethod(KV.method.compact);
