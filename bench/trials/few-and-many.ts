/** The same done with few and with many, in turn in the same process: the median of the ratio. */

import { createHash, type Hash } from 'node:crypto';

import { median } from '../statistics.js';
import type { Operation } from './contract.js';

export interface Measured {
  /** Microseconds of one call. */
  time(): number;
  /** What calls find, for a few arguments. */
  tell(hash: Hash): void;
}

/** Its samples have `manyOverFew`: how many times as long it takes with many; and both times. */
export function manyOverFew(few: Measured, many: Measured): Operation {
  return {
    digest: () => {
      const hash = createHash('sha256');
      for (const side of [few, many]) side.tell(hash);
      return hash.digest('hex');
    },
    sample: (budgetMs) => {
      const fewUs: number[] = [];
      const manyUs: number[] = [];
      const deadlineMs = performance.now() + budgetMs;
      do {
        fewUs.push(few.time());
        manyUs.push(many.time());
      } while (performance.now() < deadlineMs);
      const [ofFew, ofMany] = [median(fewUs), median(manyUs)];
      return { manyOverFew: ofMany / ofFew, fewUs: ofFew, manyUs: ofMany };
    },
  };
}
