/**
 * Generated names: the given base and five random characters, without vowels and look-alikes, so
 * that no words come out (apiserver `storage/names`).
 */

/** Twenty-seven characters: 14 million suffixes for each base. */
export const NAME_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

export const NAME_SUFFIX_LENGTH = 5;

/** Characters of the base that are kept: 63, a DNS label, less the suffix. */
export const NAME_BASE_LENGTH_MAX = 58;

/** How many names are tried before a create gives up. */
export const NAME_ATTEMPTS_MAX = 8;

/** A name from `base`; `random` gives numbers in [0, 1). */
export function generateName(base: string, random: () => number): string {
  let name = base.slice(0, NAME_BASE_LENGTH_MAX);
  for (let index = 0; index < NAME_SUFFIX_LENGTH; index++) {
    name += NAME_ALPHABET[Math.floor(random() * NAME_ALPHABET.length)] ?? '';
  }
  return name;
}
