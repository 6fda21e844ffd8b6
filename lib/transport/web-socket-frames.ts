/**
 * The frames of a WebSocket (RFC 6455 §5) whose server has something to say and whose client has
 * not: whole text messages one way; the other way control frames, and data that nobody wants.
 */

const FINAL = 0x80;
const MASKED = 0x80;
const RESERVED = 0x70;
const OPCODE = 0x0f;
const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** Longest payload of a control frame, and longest length that stands in the second byte. */
const SHORT_MAX = 125;

/** Status codes of RFC 6455 §7.4.1. */
export const CLOSE_STATUS = { normal: 1_000, protocolError: 1_002 } as const;

/** A message, in one frame. `text` is UTF-8. */
export function textFrame(text: Uint8Array): Uint8Array {
  return frame(TEXT, text);
}

export function closeFrame(status: number): Uint8Array {
  return frame(CLOSE, Uint8Array.of(status >> 8, status & 0xff));
}

export function pongFrame(payload: Uint8Array): Uint8Array {
  return frame(PONG, payload);
}

export type ClientFrame =
  | { readonly type: 'ping'; readonly payload: Uint8Array }
  /** `status`: what the client gave as its reason, as it is to be sent back. */
  | { readonly type: 'close'; readonly status: number }
  /** The rules are broken: nothing behind it can be read. */
  | { readonly type: 'invalid' };

/** Reads what a client sends, in whatever pieces it comes. Data is passed over unseen. */
export class ClientFrames {
  #head: number[] = [];
  /** The payload of the frame that is being read, if it is wanted. */
  #payload: Uint8Array | undefined;
  #read = 0;
  #length = 0;
  #isOver = false;

  /** The frames that end in these bytes and are to be answered; nothing after `invalid`. */
  *add(bytes: Uint8Array): Generator<ClientFrame> {
    let at = 0;
    while (at < bytes.byteLength && !this.#isOver) {
      const needed = headLength(this.#head);
      if (this.#head.length < needed) {
        this.#head.push(bytes[at++]!);
        if (this.#head.length < headLength(this.#head)) continue;
        if (!this.#begin()) {
          this.#isOver = true;
          yield { type: 'invalid' };
          return;
        }
      } else {
        at += this.#take(bytes.subarray(at));
      }
      if (this.#head.length > 0 && this.#read === this.#length) {
        const ended = this.#end();
        if (ended !== undefined) yield ended;
      }
    }
  }

  // Tells whether the head is one that a client may send.
  #begin(): boolean {
    const [first = 0, second = 0] = this.#head;
    const opcode = first & OPCODE;
    const isControl = opcode >= CLOSE;
    if ((first & RESERVED) !== 0 || (second & MASKED) === 0) return false;
    if (isControl ? opcode > PONG : opcode > 2) return false;
    this.#length = payloadLength(this.#head);
    if (isControl && ((first & FINAL) === 0 || this.#length > SHORT_MAX)) return false;
    this.#read = 0;
    this.#payload = isControl ? new Uint8Array(this.#length) : undefined;
    return true;
  }

  // Tells how many of the bytes belong to the frame.
  #take(bytes: Uint8Array): number {
    const taken = Math.min(bytes.byteLength, this.#length - this.#read);
    if (this.#payload !== undefined) {
      const mask = this.#head.slice(-4);
      for (let at = 0; at < taken; at++) {
        const place = this.#read + at;
        this.#payload[place] = bytes[at]! ^ mask[place % 4]!;
      }
    }
    this.#read += taken;
    return taken;
  }

  #end(): ClientFrame | undefined {
    const opcode = this.#head[0]! & OPCODE;
    const payload = this.#payload ?? new Uint8Array(0);
    this.#head = [];
    if (opcode === PING) return { type: 'ping', payload };
    if (opcode !== CLOSE) return undefined;
    this.#isOver = true;
    return { type: 'close', status: closeStatus(payload) };
  }
}

function closeStatus(payload: Uint8Array): number {
  if (payload.byteLength === 0) return CLOSE_STATUS.normal;
  const status = payload.byteLength === 1 ? 0 : (payload[0]! << 8) | payload[1]!;
  // RFC 6455 §7.4.2; 1004 to 1006 are never sent.
  const isKnown = (status >= 1_000 && status <= 1_014) || (status >= 3_000 && status < 5_000);
  const isSent = status < 1_004 || status > 1_006;
  return isKnown && isSent ? status : CLOSE_STATUS.protocolError;
}

// As far as the first two bytes tell; 2 without them, and where there is no mask: it is invalid.
function headLength(head: readonly number[]): number {
  if (head.length < 2 || (head[1]! & MASKED) === 0) return 2;
  const length = head[1]! & ~MASKED;
  return 2 + (length <= SHORT_MAX ? 0 : length === 126 ? 2 : 8) + 4;
}

function payloadLength(head: readonly number[]): number {
  const length = head[1]! & ~MASKED;
  if (length <= SHORT_MAX) return length;
  return head.slice(2, length === 126 ? 4 : 10).reduce((sum, byte) => sum * 256 + byte, 0);
}

function frame(opcode: number, payload: Uint8Array): Uint8Array {
  const length = payload.byteLength;
  const lengthBytes = length <= SHORT_MAX ? 0 : length < 65_536 ? 2 : 8;
  const bytes = Buffer.allocUnsafe(2 + lengthBytes + length);
  bytes[0] = FINAL | opcode;
  bytes[1] = lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127;
  if (lengthBytes === 2) bytes.writeUInt16BE(length, 2);
  if (lengthBytes === 8) bytes.writeBigUInt64BE(BigInt(length), 2);
  bytes.set(payload, 2 + lengthBytes);
  return bytes;
}
