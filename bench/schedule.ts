/**
 * Whose turn it is.
 *
 *   round   0        1        2        3
 *           A B C    C B A    A B C    C B A
 *
 * Forward and backward in turn (A B B A for two), so that a drift in time favours nobody.
 */

export function turnOrder<Item>(contenders: readonly Item[], round: number): readonly Item[] {
  return round % 2 === 0 ? contenders : [...contenders].reverse();
}
