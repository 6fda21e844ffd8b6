/**
 * gRPC's frames (gRPC over HTTP2, "Length-Prefixed-Message"): a byte that tells whether the message
 * is compressed, its length in four bytes, and the message.
 */

const PREFIX_BYTES = 5;

export function frameOf(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.byteLength);
  frame[0] = 0;
  frame.writeUInt32BE(message.byteLength, 1);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

/** Puts messages together out of what a connection brings. */
export class FrameReader {
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);
  // The message that is coming, once its length is known; else the prefix is.
  #message: Buffer | undefined;
  #filled = 0;

  /**
   * The messages that are whole with this chunk. Each has memory of its own, so that whoever keeps
   * one keeps nothing else. Throws for a compressed one: nobody has offered to take any.
   */
  push(chunk: Buffer): readonly Buffer[] {
    const messages: Buffer[] = [];
    let start = 0;
    // A message without a byte is whole with its prefix.
    do {
      const target = this.#message ?? this.#prefix;
      const copied = chunk.copy(target, this.#filled, start);
      start += copied;
      this.#filled += copied;
      if (this.#filled < target.byteLength) break;
      this.#filled = 0;
      if (this.#message === undefined) this.#message = messageOf(this.#prefix);
      if (target === this.#message || this.#message.byteLength === 0) {
        messages.push(this.#message);
        this.#message = undefined;
      }
    } while (start < chunk.byteLength);
    return messages;
  }
}

function messageOf(prefix: Buffer): Buffer {
  if (prefix[0] !== 0) throw new Error('a compressed message');
  return Buffer.allocUnsafeSlow(prefix.readUInt32BE(1));
}
