/**
 * etcd's calls by grpc-js alone: one channel, messages by @grpc/proto-loader from the sources that
 * the client's own are generated from, a promise for each call.
 */

import { join } from 'node:path';

import { credentials, loadPackageDefinition, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

import { ROOT } from '../machine.js';

type Call = (
  request: object,
  callback: (error: ServiceError | null, answer: never) => void,
) => void;

interface KvStub {
  readonly put: Call;
  readonly range: Call;
  close(): void;
}

export interface BareKeyValue {
  readonly key: Buffer;
  readonly value: Buffer;
  /** As text: a number would lose the last digits of the largest. */
  readonly mod_revision: string;
}

export class BareGrpc {
  readonly #kv: KvStub;

  /** `http://host:port`, without TLS. */
  constructor(endpoint: string) {
    const folder = join(ROOT, 'lib/storage/etcd/rpc');
    const definition = loadSync('kv.proto', {
      includeDirs: [folder],
      longs: String,
      keepCase: true,
    });
    const { etcdserverpb } = loadPackageDefinition(definition) as unknown as {
      etcdserverpb: {
        KV: new (address: string, secure: unknown, options: object) => KvStub;
      };
    };
    this.#kv = new etcdserverpb.KV(new URL(endpoint).host, credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
    });
  }

  put(key: string, value: Uint8Array): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const answer = (error: ServiceError | null, response: unknown): void => {
        if (error === null) resolve(response);
        else reject(error);
      };
      this.#kv.put({ key: Buffer.from(key), value }, answer);
    });
  }

  range(key: Uint8Array, end: Uint8Array): Promise<readonly BareKeyValue[]> {
    return new Promise((resolve, reject) => {
      const answer = (
        error: ServiceError | null,
        response: { kvs: readonly BareKeyValue[] },
      ): void => {
        if (error === null) resolve(response.kvs);
        else reject(error);
      };
      this.#kv.range({ key, range_end: end }, answer);
    });
  }

  close(): void {
    this.#kv.close();
  }
}
