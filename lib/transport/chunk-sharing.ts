/**
 * What is made of the bytes that many streams are sent in one turn of the event loop, made once for
 * all of them: one event that a thousand watches show, or the sixteen that wait for each.
 *
 * 1. Only bytes that nobody ever changes come here, and they are known by their identity.
 * 2. What is kept is bounded in number and size, and given up with the turn: a stream that comes
 *    later makes its own.
 */

/** Joins that are looked through for the same chunks: one for each group of watches in a turn. */
const JOINS_MAX = 16;
/** Chunks that are kept with their framing. */
const FRAMED_MAX = 64;

/** Longer bytes are not copied for their framing's sake: it is nothing beside them. */
export const FRAMED_BYTES_MAX = 65_536;

interface Join {
  readonly chunks: readonly Uint8Array[];
  readonly bytes: Buffer;
}

const LINE_END = '\r\n';

export class ChunkSharing {
  readonly #joins: Join[] = [];
  readonly #framed = new Map<Uint8Array, Buffer>();

  /** The chunks, of that many bytes in all, one behind the other. */
  join(chunks: readonly Uint8Array[], total: number): Uint8Array {
    const [first] = chunks;
    if (chunks.length === 1 && first !== undefined) return first;
    const known = this.#joins.find((join) => isSame(join.chunks, chunks));
    if (known !== undefined) return known.bytes;
    const bytes = Buffer.concat(chunks, total);
    if (this.#joins.length === JOINS_MAX) this.#joins.length = 0;
    this.#joins.push({ chunks, bytes });
    return bytes;
  }

  /** The bytes as a chunk of HTTP/1.1's chunked coding (RFC 9112 §7.1). */
  chunk(bytes: Uint8Array): Buffer {
    const known = this.#framed.get(bytes);
    if (known !== undefined) return known;
    const head = bytes.byteLength.toString(16) + LINE_END;
    const framed = Buffer.allocUnsafe(head.length + bytes.byteLength + LINE_END.length);
    framed.write(head, 0, 'latin1');
    framed.set(bytes, head.length);
    framed.write(LINE_END, head.length + bytes.byteLength, 'latin1');
    if (this.#framed.size === FRAMED_MAX) this.#framed.clear();
    this.#framed.set(bytes, framed);
    return framed;
  }

  /** The turn is over. */
  clear(): void {
    this.#joins.length = 0;
    this.#framed.clear();
  }
}

function isSame(one: readonly Uint8Array[], other: readonly Uint8Array[]): boolean {
  return one.length === other.length && one.every((chunk, index) => chunk === other[index]);
}
