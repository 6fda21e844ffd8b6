/**
 * Clients of etcd that differ in their connections alone: so many of them for calls and others for
 * watches, as the client has them, or a single one for everything.
 */

import { create } from '@bufbuild/protobuf';
import { Metadata } from '@grpc/grpc-js';

import {
  readPutResponse,
  readRangeResponse,
  readWatchResponse,
} from '../../lib/storage/etcd/client/answers.js';
import { Connection } from '../../lib/storage/etcd/client/connection.js';
import { readMethod, writeMethod, type RpcMethod } from '../../lib/storage/etcd/client/method.js';
import { readOptions } from '../../lib/storage/etcd/client/options.js';
import {
  EtcdClient,
  keyBytes,
  prefixRange,
  type Event,
  type EtcdClientOptions,
} from '../../lib/storage/etcd/index.js';
import { KV } from '../../lib/storage/etcd/rpc/kv_pb.js';
import { PutRequestSchema, RangeRequestSchema } from '../../lib/storage/etcd/rpc/range_pb.js';
import { Watch, WatchRequestSchema } from '../../lib/storage/etcd/rpc/watch_pb.js';
import { entryOf, FILLED, type Entry } from '../workload/etcd-objects.js';

const TIMEOUT_MS = 60_000;

export interface PoolPeer {
  /** Gives the revision. */
  readonly put: (key: string, value: Uint8Array) => Promise<bigint>;
  readonly get: (key: string) => Promise<Uint8Array | undefined>;
  /** All objects that etcd was filled with. */
  readonly range: () => Promise<readonly Entry[]>;
  /**
   * Watches what is below the prefix; from a revision, or from now on. Resolves when it stands,
   * with what ends it.
   */
  readonly watch: (
    prefix: string,
    onEvents: (events: readonly Event[]) => void,
    startRevision?: bigint,
  ) => Promise<() => void>;
  readonly close: () => unknown;
}

/** With so many connections for calls, and others for watches; without a number, as it ships. */
export function connectPool(endpoints: readonly string[], connections?: number): PoolPeer {
  const pool: Partial<EtcdClientOptions> = connections === undefined ? {} : { connections };
  // The first endpoint is the first that is used.
  const random = (): number => 0;
  const client = new EtcdClient({ endpoints, timeoutMs: TIMEOUT_MS, random, ...pool });
  return {
    put: async (key, value) => {
      const { header } = await client.kv.put({ key: keyBytes(key), value });
      return header!.revision;
    },
    get: async (key) => (await client.kv.range({ key: keyBytes(key) })).kvs[0]?.value,
    range: async () => (await client.kv.range(prefixRange(FILLED))).kvs.map(entryOf),
    watch: (prefix, onEvents, startRevision = 0n) =>
      new Promise((resolve, reject) => {
        const watch = client.watch(
          { ...prefixRange(prefix), startRevision },
          { onEvents, onOpen: () => resolve(() => watch.close()), onEnd: reject },
        );
      }),
    close: () => client.close(),
  };
}

/** One connection for calls and watches; what breaks is not mended. */
export function connectShared(endpoint: string): PoolPeer {
  const settings = readOptions({ endpoints: [endpoint] });
  const connection = new Connection(settings.endpoints[0]!, settings, () => undefined);
  const options = { timeoutMs: TIMEOUT_MS, signal: undefined, key: undefined };
  const call = <Request, Response>(
    method: RpcMethod<Request, Response>,
    request: Request,
  ): Promise<Response> =>
    connection.unary(method, request, { ...options, metadata: new Metadata() });
  return {
    put: async (key, value) => {
      const { header } = await call(PUT, create(PutRequestSchema, { key: keyBytes(key), value }));
      return header!.revision;
    },
    get: async (key) => {
      const { kvs } = await call(RANGE, create(RangeRequestSchema, { key: keyBytes(key) }));
      return kvs[0]?.value;
    },
    range: async () => {
      const { kvs } = await call(RANGE, create(RangeRequestSchema, prefixRange(FILLED)));
      return kvs.map(entryOf);
    },
    watch: (prefix, onEvents, startRevision = 0n) =>
      new Promise((resolve, reject) => {
        const stream = connection.stream(WATCH, new Metadata(), {
          onMessage: ({ created, events }) => {
            if (created) resolve(() => stream.cancel());
            if (events.length > 0) onEvents(events);
          },
          onEnd: (failure) => reject(failure ?? new Error('the watch has ended')),
        });
        const value = { ...prefixRange(prefix), startRevision, fragment: true };
        const requestUnion = { case: 'createRequest' as const, value };
        stream.write(create(WatchRequestSchema, { requestUnion }));
      }),
    close: () => connection.close(),
  };
}

const PUT = writeMethod(KV.method.put, readPutResponse);
const RANGE = readMethod(KV.method.range, readRangeResponse);
const WATCH = readMethod(Watch.method.watch, readWatchResponse);
