/** Random numbers that are the same for the same seed, so that all contenders do the same work. */

export type Random = () => number;

/** Numbers from 0 to below 1 (mulberry32: 32 bits of state, ample for choosing objects). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
