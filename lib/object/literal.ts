/**
 * JSON's three literal names, as bytes (RFC 8259 §3). They are lower case and nothing else: what
 * only begins like one is no literal.
 */

const TRUE = Uint8Array.of(0x74, 0x72, 0x75, 0x65);
const FALSE = Uint8Array.of(0x66, 0x61, 0x6c, 0x73, 0x65);
const NULL = Uint8Array.of(0x6e, 0x75, 0x6c, 0x6c);

/** How many bytes at `at` spell `true`, `false` or `null`; 0 where none of them stands. */
export function literalLength(bytes: Uint8Array, at: number): number {
  switch (bytes[at]) {
    case TRUE[0]:
      return spells(bytes, at, TRUE);
    case FALSE[0]:
      return spells(bytes, at, FALSE);
    case NULL[0]:
      return spells(bytes, at, NULL);
    default:
      return 0;
  }
}

function spells(bytes: Uint8Array, at: number, literal: Uint8Array): number {
  for (let index = 1; index < literal.length; index++) {
    if (bytes[at + index] !== literal[index]) return 0;
  }
  return literal.length;
}
