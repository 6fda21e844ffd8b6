/**
 * Bodies that are compressed once for all who ask for the same bytes: those who ask while it is
 * under way, and those who come later.
 *
 * 1. Bodies are told apart by their identity (request/answer.ts), never by their bytes: who finds
 *    one here need not read its own.
 * 2. What is kept has at most `bytesMax` bytes. The one used longest ago goes first; one that is
 *    longer than all there is goes while it is made. Who reads one that has gone reads on.
 * 3. What nobody can ask for any more is let go at the next request.
 * 4. One thread's: bodies and their roots are of the thread that serves them.
 */

import type { BodyIdentity, PullSource } from '../request/index.js';
import { SharedGzip } from './shared-gzip.js';

/** Compressed bytes kept by default: a hundred lists of some thousand objects. */
export const GZIP_CACHE_BYTES_MAX: number = 32 * 1024 * 1024;

interface Entry {
  readonly identity: BodyIdentity;
  readonly gzip: SharedGzip;
}

export class GzipCache {
  readonly #bytesMax: number;
  // In the order of their last use.
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  #made = 0;

  constructor(bytesMax: number = GZIP_CACHE_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** Compressed bytes that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bodies that are kept, or under way. */
  get size(): number {
    return this.#entries.size;
  }

  /** How many bodies were compressed in all. */
  get made(): number {
    return this.#made;
  }

  /** The gzip of that body, if somebody has asked for it; `undefined` otherwise. */
  join(identity: BodyIdentity): PullSource | undefined {
    this.#sweep();
    const entry = this.#entries.get(identity.key);
    if (entry === undefined) return undefined;
    this.#entries.delete(identity.key);
    this.#entries.set(identity.key, entry);
    return entry.gzip.read();
  }

  /** The gzip of a source with that identity. The source belongs to it from now on. */
  compress(identity: BodyIdentity, source: PullSource): PullSource {
    const joined = this.join(identity);
    if (joined !== undefined) {
      source.close();
      return joined;
    }
    this.#made++;
    const gzip = new SharedGzip(source, {
      isKept: true,
      onKept: (bytes) => {
        this.#bytes += bytes;
        this.#evict();
      },
      onBroken: () => this.#remove(identity.key, gzip),
    });
    this.#entries.set(identity.key, { identity, gzip });
    return gzip.read();
  }

  /** Lets go of everything. Who reads reads on. */
  clear(): void {
    for (const [key, { gzip }] of [...this.#entries]) this.#remove(key, gzip);
  }

  #sweep(): void {
    for (const [key, { identity, gzip }] of [...this.#entries]) {
      if (identity.isGone()) this.#remove(key, gzip);
    }
  }

  #evict(): void {
    for (const [key, { gzip }] of [...this.#entries]) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#remove(key, gzip);
    }
  }

  #remove(key: string, gzip: SharedGzip): void {
    if (this.#entries.get(key)?.gzip !== gzip) return;
    this.#entries.delete(key);
    this.#bytes -= gzip.bytes;
    gzip.unkeep();
  }
}
