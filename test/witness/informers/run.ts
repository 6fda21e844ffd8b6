/**
 * `node run.js CHANGES ROUNDS [PROGRAM]`: the session of informers.test.ts, longer, or with the
 * program of test/witness/client-go in the place of informers. Prints what it came to.
 */

import { followByInformers } from './informers.js';
import { followByReflectors } from './reflectors.js';

const [changes, rounds, program] = process.argv.slice(2);
const numbers = [Number(changes), Number(rounds)] as const;
const summary = await (program === undefined
  ? followByInformers(...numbers)
  : followByReflectors(program, ...numbers));
console.log(JSON.stringify(summary, undefined, 2));
