/**
 * Makes creations that nobody answered stop being possible.
 *
 * An update or a deletion that arrives late finds another revision than the one it expects. A
 * creation may find what it expects once more: its object made by it, sent again meanwhile, and
 * deleted by somebody. So every creation also expects the revision of a key beside the objects, the
 * fence. To raise it is to write it: what was sent before can't be applied from then on.
 *
 * The key is shared by all who use the prefix. Who finds it raised by another one sends again.
 */

import type { EtcdClient } from '../client/client.js';
import { COMPARE_RESULT, COMPARE_TARGET, type TxnInit } from '../client/kv.js';
import { EtcdError } from '../client/error.js';

/** Times that the fence is written without an answer before that is given up. */
const RAISES_MAX = 4;

export class CreationFence {
  readonly key: Uint8Array;
  readonly #client: Pick<EtcdClient, 'kv'>;
  #revision = 0n;
  #raising: Promise<bigint> | undefined;

  constructor(client: Pick<EtcdClient, 'kv'>, key: Uint8Array) {
    this.#client = client;
    this.key = key;
  }

  /** What a creation that is sent now expects; `0n`: that it was never raised. */
  get revision(): bigint {
    return this.#revision;
  }

  compare(): NonNullable<TxnInit['compare']>[number] {
    return {
      key: this.key,
      result: COMPARE_RESULT.equal,
      target: COMPARE_TARGET.mod,
      targetUnion: { case: 'modRevision', value: this.#revision },
    };
  }

  /** Where it was found to be. */
  found(revision: bigint): void {
    this.#revision = revision;
  }

  /**
   * Resolves when no creation that was sent with the revision `sent` can be applied any more.
   * Rejects with an EtcdError.
   */
  async raise(sent: bigint): Promise<void> {
    let raised: bigint;
    do {
      // One that is under way may have been written before what was sent was found.
      this.#raising ??= this.#raise().finally(() => (this.#raising = undefined));
      raised = await this.#raising;
    } while (raised <= sent);
  }

  // Writing it twice is as writing it once.
  async #raise(): Promise<bigint> {
    for (let raises = 1; ; raises++) {
      try {
        const { header } = await this.#client.kv.put({ key: this.key });
        this.#revision = header?.revision ?? 0n;
        return this.#revision;
      } catch (error) {
        const mayBeWritten = error instanceof EtcdError && error.mayBeApplied;
        if (raises === RAISES_MAX || !mayBeWritten) throw error;
      }
    }
  }
}
