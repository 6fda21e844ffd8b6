/**
 * Reads protobuf's wire format (https://protobuf.dev/programming-guides/encoding) field by field.
 * Throws a RangeError for bytes that end too early.
 */

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;
/** Up to here a number holds every varint of this length exactly. */
const EXACT_SHIFT_MAX = 42;

export class WireReader {
  readonly #bytes: Uint8Array;
  #at: number;
  readonly #end: number;
  #wire = 0;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.byteLength) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** The number of the next field; 0 where there is none. Its value is read or skipped next. */
  field(): number {
    if (this.#at >= this.#end) return 0;
    const tag = this.uint();
    this.#wire = tag & 7;
    return tag >>> 3;
  }

  /** A varint that is known to be small. */
  uint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#byte();
      // Not by bits, which has 32 of them.
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  bool(): boolean {
    return this.uint() !== 0;
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  uint64(): bigint {
    let low = 0;
    let shift = 0;
    for (; shift <= EXACT_SHIFT_MAX; shift += 7) {
      const byte = this.#byte();
      low += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return BigInt(low);
    }
    let value = BigInt(low);
    for (; ; shift += 7) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << BigInt(shift);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
  }

  /** A part of what is read. */
  bytes(): Uint8Array {
    const length = this.#length();
    const start = this.#at;
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  text(): string {
    const { buffer, byteOffset, byteLength } = this.bytes();
    return Buffer.from(buffer, byteOffset, byteLength).toString();
  }

  message(): WireReader {
    const length = this.#length();
    const start = this.#at;
    this.#at += length;
    return new WireReader(this.#bytes, start, this.#at);
  }

  /** Of a field that is not known. */
  skip(): void {
    if (this.#wire === VARINT) this.uint64();
    else if (this.#wire === LENGTH) this.bytes();
    else if (this.#wire === FIXED64) this.#pass(8);
    else if (this.#wire === FIXED32) this.#pass(4);
    else throw new RangeError(`a protobuf message with the wire type ${this.#wire}`);
  }

  #pass(count: number): void {
    if (count > this.#end - this.#at) throw tooShort();
    this.#at += count;
  }

  #length(): number {
    const length = this.uint();
    if (length > this.#end - this.#at) throw tooShort();
    return length;
  }

  #byte(): number {
    if (this.#at >= this.#end) throw tooShort();
    return this.#bytes[this.#at++]!;
  }
}

function tooShort(): RangeError {
  return new RangeError('a protobuf message that ends too early');
}
