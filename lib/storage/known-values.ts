/**
 * Values that have come by, so that a write which would change nothing is found without asking:
 * what a key held at a revision never changes. The oldest go first, by bytes.
 *
 * Owned by one event loop.
 */

export interface KnownValue {
  readonly revision: bigint;
  readonly value: Uint8Array;
  readonly ttlSeconds: number;
}

/** What an entry takes beside its value. */
const ENTRY_BYTES = 200;

export class KnownValues {
  readonly #bytesMax: number;
  readonly #byKey = new Map<string, KnownValue>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** What the key held at this revision, as far as that is known. */
  at(key: string, revision: bigint): KnownValue | undefined {
    const known = this.#byKey.get(key);
    return known?.revision === revision ? known : undefined;
  }

  /** The caller's bytes are copied where they are part of something larger. */
  add(key: string, known: KnownValue): void {
    const previous = this.#byKey.get(key);
    if (previous !== undefined && previous.revision >= known.revision) return;
    this.delete(key);
    const { value } = known;
    const isPart = value.buffer.byteLength > value.byteLength;
    this.#byKey.set(key, isPart ? { ...known, value: value.slice() } : known);
    this.#bytes += bytesOf(known);
    for (const oldest of this.#byKey.keys()) {
      if (this.#bytes <= this.#bytesMax) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const known = this.#byKey.get(key);
    if (known === undefined) return;
    this.#byKey.delete(key);
    this.#bytes -= bytesOf(known);
  }
}

function bytesOf({ value }: KnownValue): number {
  return value.byteLength + ENTRY_BYTES;
}
