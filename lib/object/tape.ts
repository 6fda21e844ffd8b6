/**
 * The tape: what one pass over a JSON document leaves behind, as 32-bit integers in reading order.
 *
 * Every value and every key is one entry of ENTRY_SIZE integers; a container's children follow it
 * directly and end at its STOP. Siblings are linked by NEXT, so that an object's keys can be put in
 * order by changing links alone.
 *
 *   {"b":[1],"a":"x"}      object FIRST─┐
 *                           key b  ◀────│─┐       NEXT = -1
 *                           array [1]   │ │ NEXT
 *                           number 1    │ │
 *                           key a  ◀────┘─┘
 *                           string x
 *
 * Invariants: 1. the value of a key is the entry after it. 2. START and END are offsets in the
 * document; of a string and a key they leave out the quotes. 3. The children of an array that is
 * canonical already are dropped when it closes: nobody looks into it again.
 */

export const KIND = 0;
export const START = 1;
export const END = 2;
/** Of a container its first child or -1; of a key the index of its unescaped bytes, or -1. */
export const FIRST = 3;
/** The next key of the same object, or element of the same array; -1 at the end. */
export const NEXT = 4;
/** The entry behind the last one of a container. */
export const STOP = 5;
export const ENTRY_SIZE = 6;

export const KIND_KEY = 1;
export const KIND_STRING = 2;
export const KIND_NUMBER = 3;
export const KIND_TRUE = 4;
export const KIND_FALSE = 5;
export const KIND_NULL = 6;
export const KIND_OBJECT = 7;
export const KIND_ARRAY = 8;
export const KIND_MASK = 0x0f;
/** The string or key contains a backslash. */
export const ESCAPED = 0x10;
/** The text is not in canonical form as it stands. */
export const REWRITE = 0x20;

export const NONE = -1;
