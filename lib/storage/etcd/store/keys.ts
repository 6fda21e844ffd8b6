/**
 * Where keys are in etcd: below a prefix, as kube-apiserver's are below `/registry`.
 *
 *     /example.com/widgets/shop/a   <->   /registry/example.com/widgets/shop/a
 *
 * Two keys are beside them, `/registry.progress` and `/registry.fence`: what is written there is no
 * object, and yet in the range that the storage watches.
 */

import { StorageError } from '../../contract.js';
import { prefixEnd } from '../../limits.js';
import { keyBytes, prefixRange, type KeyRange } from '../client/key-range.js';

export class KeySpace {
  /** Without a slash at its end. */
  readonly prefix: string;
  /** All keys of the storage, and those beside them. */
  readonly watched: KeyRange;
  readonly progressKey: Uint8Array;
  /** What creations depend on, so that they can be called off. */
  readonly fenceKey: Uint8Array;
  /** A key at which nothing ever is; to ask for what every answer tells. */
  readonly emptyKey: Uint8Array;
  readonly #objects: string;

  /** Throws a StorageError `invalid-key` for a prefix that does not begin with `/` and a name. */
  constructor(prefix: string) {
    if (!/^(?:\/[^/\0]+)+$/.test(prefix)) {
      const message = `invalid prefix ${JSON.stringify(prefix)}: it must be as "/registry" is`;
      throw new StorageError('invalid-key', message);
    }
    this.prefix = prefix;
    this.#objects = `${prefix}/`;
    this.progressKey = keyBytes(`${prefix}.progress`);
    this.fenceKey = keyBytes(`${prefix}.fence`);
    this.emptyKey = keyBytes(`${prefix}.`);
    this.watched = { key: this.emptyKey, rangeEnd: prefixRange(this.#objects).rangeEnd };
  }

  /** The key in etcd. */
  toEtcd(key: string): Uint8Array {
    return keyBytes(this.prefix + key);
  }

  /** The storage's key; `undefined` for what is none. */
  fromEtcd(bytes: Uint8Array): string | undefined {
    const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
    return key.startsWith(this.#objects) ? key.slice(this.prefix.length) : undefined;
  }

  /** Keys of a prefix (which ends in `/`) from `start` on. */
  range(prefix: string, start: string): KeyRange {
    return { key: this.toEtcd(start), rangeEnd: this.toEtcd(prefixEnd(prefix)) };
  }
}
