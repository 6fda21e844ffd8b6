/**
 * Texts that documents repeat (label keys and values, namespaces, values of fields), found by their
 * bytes, so that a text that was read lately is not made again.
 *
 *   bytes ─▶ hash ─▶ slot ─┬─ the text read last with that hash
 *                          └─ the neighbour: the one before it
 *
 * Invariants:
 *  1. It holds at most SLOT_COUNT texts of at most LENGTH_MAX characters, all of them ASCII, whose
 *     bytes are their character codes.
 *  2. What it knows changes no answer: a text that it has is the one that the bytes say.
 */

/** Two thousand distinct texts find room without pushing each other out often. */
const SLOT_COUNT = 4096;

/** Values of labels are no longer; longer texts seldom repeat. */
const LENGTH_MAX = 63;

const ASCII_MAX = 0x7f;

export class TextCache {
  readonly #slots: string[] = Array.from({ length: SLOT_COUNT }, () => '');

  /** The text of these bytes; `read` makes one that is not known. */
  get(bytes: Uint8Array, start: number, end: number, read: TextReader): string {
    if (end - start > LENGTH_MAX) return read.text(start, end);
    const slot = slotOf(bytes, start, end);
    if (slot < 0) return read.text(start, end);
    const slots = this.#slots;
    const newest = slots[slot]!;
    if (isAscii(newest, bytes, start, end)) return newest;
    const older = slots[slot ^ 1]!;
    if (isAscii(older, bytes, start, end)) return older;
    const text = read.text(start, end);
    slots[slot ^ 1] = newest;
    slots[slot] = text;
    return text;
  }
}

/** What makes a text of the same bytes. */
export interface TextReader {
  text(start: number, end: number): string;
}

/** Whether the bytes are this text, told only of ASCII: `false` for any other text. */
export function isAscii(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code !== bytes[start + index] || code > ASCII_MAX) return false;
  }
  return true;
}

// FNV-1a, folded to a slot; below 0 where a byte is not ASCII.
function slotOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  let seen = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    seen |= byte;
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return seen > ASCII_MAX ? -1 : (hash ^ (hash >>> 15)) & (SLOT_COUNT - 1);
}
