/**
 * Reads the answers that are many or large: of ranges, writes, transactions and watches. The same
 * objects as `@bufbuild/protobuf` makes of them (a test compares), in a fraction of its time; all
 * other messages are left to it.
 */

import type { ResponseOp, TxnResponse } from '../rpc/kv_pb.js';
import type {
  DeleteRangeResponse,
  KeyValue,
  PutResponse,
  RangeResponse,
  ResponseHeader,
} from '../rpc/range_pb.js';
import type { Event, WatchResponse } from '../rpc/watch_pb.js';
import { WireReader } from './wire-reader.js';

/** A message whose fields may be set. */
type Draft<Message> = { -readonly [Field in keyof Message]: Message[Field] };

const NO_BYTES = new Uint8Array(0);

export function readRangeResponse(bytes: Uint8Array): RangeResponse {
  return rangeResponse(new WireReader(bytes));
}

export function readPutResponse(bytes: Uint8Array): PutResponse {
  return putResponse(new WireReader(bytes));
}

export function readTxnResponse(bytes: Uint8Array): TxnResponse {
  const reader = new WireReader(bytes);
  const message: Draft<TxnResponse> = {
    $typeName: 'etcdserverpb.TxnResponse',
    succeeded: false,
    responses: [],
  };
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    if (field === 1) message.header = responseHeader(reader.message());
    else if (field === 2) message.succeeded = reader.bool();
    else if (field === 3) message.responses.push(responseOp(reader.message()));
    else reader.skip();
  }
  return message;
}

export function readWatchResponse(bytes: Uint8Array): WatchResponse {
  const reader = new WireReader(bytes);
  const message: Draft<WatchResponse> = {
    $typeName: 'etcdserverpb.WatchResponse',
    watchId: 0n,
    created: false,
    canceled: false,
    compactRevision: 0n,
    cancelReason: '',
    fragment: false,
    events: [],
  };
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    if (field === 1) message.header = responseHeader(reader.message());
    else if (field === 2) message.watchId = reader.int64();
    else if (field === 3) message.created = reader.bool();
    else if (field === 4) message.canceled = reader.bool();
    else if (field === 5) message.compactRevision = reader.int64();
    else if (field === 6) message.cancelReason = reader.text();
    else if (field === 7) message.fragment = reader.bool();
    else if (field === 11) message.events.push(event(reader.message()));
    else reader.skip();
  }
  return message;
}

function responseOp(reader: WireReader): ResponseOp {
  const message: Draft<ResponseOp> = {
    $typeName: 'etcdserverpb.ResponseOp',
    response: { case: undefined },
  };
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    if (field === 1) {
      message.response = { case: 'responseRange', value: rangeResponse(reader.message()) };
    } else if (field === 2) {
      message.response = { case: 'responsePut', value: putResponse(reader.message()) };
    } else if (field === 3) {
      const value = deleteRangeResponse(reader.message());
      message.response = { case: 'responseDeleteRange', value };
    } else reader.skip();
  }
  return message;
}

function rangeResponse(reader: WireReader): RangeResponse {
  const message: Draft<RangeResponse> = {
    $typeName: 'etcdserverpb.RangeResponse',
    kvs: [],
    more: false,
    count: 0n,
  };
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    if (field === 1) message.header = responseHeader(reader.message());
    else if (field === 2) message.kvs.push(keyValue(reader.message()));
    else if (field === 3) message.more = reader.bool();
    else if (field === 4) message.count = reader.int64();
    else reader.skip();
  }
  return message;
}

function putResponse(reader: WireReader): PutResponse {
  const message: Draft<PutResponse> = { $typeName: 'etcdserverpb.PutResponse' };
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    if (field === 1) message.header = responseHeader(reader.message());
    else if (field === 2) message.prevKv = keyValue(reader.message());
    else reader.skip();
  }
  return message;
}

function deleteRangeResponse(reader: WireReader): DeleteRangeResponse {
  const message: Draft<DeleteRangeResponse> = {
    $typeName: 'etcdserverpb.DeleteRangeResponse',
    deleted: 0n,
    prevKvs: [],
  };
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    if (field === 1) message.header = responseHeader(reader.message());
    else if (field === 2) message.deleted = reader.int64();
    else if (field === 3) message.prevKvs.push(keyValue(reader.message()));
    else reader.skip();
  }
  return message;
}

function responseHeader(reader: WireReader): ResponseHeader {
  const message: Draft<ResponseHeader> = {
    $typeName: 'etcdserverpb.ResponseHeader',
    clusterId: 0n,
    memberId: 0n,
    revision: 0n,
    raftTerm: 0n,
  };
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    if (field === 1) message.clusterId = reader.uint64();
    else if (field === 2) message.memberId = reader.uint64();
    else if (field === 3) message.revision = reader.int64();
    else if (field === 4) message.raftTerm = reader.uint64();
    else reader.skip();
  }
  return message;
}

function event(reader: WireReader): Event {
  const message: Draft<Event> = { $typeName: 'etcdserverpb.Event', type: 0 };
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    if (field === 1) message.type = reader.uint();
    else if (field === 2) message.kv = keyValue(reader.message());
    else if (field === 3) message.prevKv = keyValue(reader.message());
    else reader.skip();
  }
  return message;
}

function keyValue(reader: WireReader): KeyValue {
  const message: Draft<KeyValue> = {
    $typeName: 'etcdserverpb.KeyValue',
    key: NO_BYTES,
    createRevision: 0n,
    modRevision: 0n,
    version: 0n,
    value: NO_BYTES,
    lease: 0n,
  };
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    if (field === 1) message.key = reader.bytes();
    else if (field === 2) message.createRevision = reader.int64();
    else if (field === 3) message.modRevision = reader.int64();
    else if (field === 4) message.version = reader.int64();
    else if (field === 5) message.value = reader.bytes();
    else if (field === 6) message.lease = reader.int64();
    else reader.skip();
  }
  return message;
}
