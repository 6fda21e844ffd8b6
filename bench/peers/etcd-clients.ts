/**
 * Clients of etcd as the trials see them: ours, ours with a storage around it, `etcd3`, and grpc-js
 * with nothing around it.
 */

import { Etcd3 } from 'etcd3';

import {
  COMPARE_RESULT,
  COMPARE_TARGET,
  EtcdClient,
  EtcdStorage,
  keyBytes,
  prefixRange,
} from '../../lib/storage/etcd/index.js';
import { entryOf, FILLED, type Entry } from '../workload/etcd-objects.js';
import { BareGrpc } from './bare-grpc.js';

/** As much of a client as the trials are about. What one has no row for is absent. */
export interface EtcdPeer {
  readonly put: (key: string, value: Uint8Array) => Promise<unknown>;
  /** Writes where the key is at this revision (0: not there); resolves to its new one. */
  readonly swap?: (key: string, value: Uint8Array, revision: string) => Promise<string>;
  readonly range: () => Promise<readonly Entry[]>;
  /** Every change of the objects since the first one, up to so many. */
  readonly replay?: (count: number) => Promise<readonly Entry[]>;
  readonly close: () => unknown;
}

export function connectOurs(endpoint: string): EtcdPeer {
  const client = new EtcdClient({ endpoints: [endpoint], timeoutMs: 60_000 });
  const range = prefixRange(FILLED);
  return {
    put: (key, value) => client.kv.put({ key: keyBytes(key), value }),
    swap: async (name, value, revision) => {
      const key = keyBytes(name);
      const { result, target } = { result: COMPARE_RESULT.equal, target: COMPARE_TARGET.mod };
      const { succeeded, header } = await client.kv.txn({
        compare: [
          { key, result, target, targetUnion: { case: 'modRevision', value: BigInt(revision) } },
        ],
        success: [{ request: { case: 'requestPut', value: { key, value } } }],
        failure: [{ request: { case: 'requestRange', value: { key } } }],
      });
      if (!succeeded) throw new Error(`${name} is not at ${revision}`);
      return String(header!.revision);
    },
    range: async () => (await client.kv.range(range)).kvs.map(entryOf),
    replay: (count) =>
      new Promise((resolve, reject) => {
        const entries: Entry[] = [];
        const watch = client.watch(
          { ...range, startRevision: 1n },
          {
            onEvents: (events) => {
              for (const { kv } of events) entries.push(entryOf(kv!));
              if (entries.length < count) return;
              watch.close();
              resolve(entries);
            },
            onEnd: reject,
          },
        );
      }),
    close: () => client.close(),
  };
}

export async function connectStorage(endpoint: string): Promise<EtcdPeer> {
  const storage = await EtcdStorage.open({ client: { endpoints: [endpoint], timeoutMs: 60_000 } });
  return {
    put: () => Promise.reject(new Error('nothing is put here')),
    range: async () =>
      (await storage.list('/g/r/')).values.map(({ key, value, revision }) => ({
        key: `/registry${key}`,
        value,
        revision: String(revision),
      })),
    close: () => storage.close(),
  };
}

export function connectEtcd3(endpoint: string): EtcdPeer {
  const client = new Etcd3({
    hosts: endpoint,
    grpcOptions: { 'grpc.max_receive_message_length': -1 },
  });
  return {
    put: (key, value) =>
      client
        .put(key)
        .value(value as Buffer)
        .exec(),
    swap: async (key, value, revision) => {
      const { succeeded, header } = await client
        .if(key, 'Mod', '==', Number(revision))
        .then(client.put(key).value(value as Buffer))
        .else(client.get(key))
        .commit();
      if (!succeeded) throw new Error(`${key} is not at ${revision}`);
      return header.revision;
    },
    range: async () => {
      const { kvs } = await client.getAll().prefix(FILLED).exec();
      return kvs.map(({ key, value, mod_revision }) => ({
        key: key.toString(),
        value,
        revision: mod_revision,
      }));
    },
    replay: async (count) => {
      const watcher = await client.watch().prefix(FILLED).startRevision('1').create();
      const entries: Entry[] = [];
      await new Promise<void>((resolve, reject) => {
        watcher.on('put', ({ key, value, mod_revision }) => {
          entries.push({ key: key.toString(), value, revision: mod_revision });
          if (entries.length === count) resolve();
        });
        watcher.on('error', reject);
      });
      await watcher.cancel();
      return entries;
    },
    close: () => client.close(),
  };
}

export function connectBare(endpoint: string): EtcdPeer {
  const client = new BareGrpc(endpoint);
  const { key, rangeEnd } = prefixRange(FILLED);
  return {
    put: (name, value) => client.put(name, value),
    range: async () =>
      (await client.range(key, rangeEnd)).map((kv) => ({
        key: kv.key.toString(),
        value: kv.value,
        revision: kv.mod_revision,
      })),
    close: () => client.close(),
  };
}
