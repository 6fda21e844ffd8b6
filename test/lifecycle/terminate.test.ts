/** Threads that are terminated at any moment take nothing with them and leave nothing behind. */

import test from 'ava';

import { drawSeed, SEED_VARIABLE } from '../chance.js';
import { engineOf } from '../engine/candidates.js';
import { runChild } from './child.js';

const CHILD = new URL('./terminate-child.js', import.meta.url);

if (engineOf('native') !== undefined) {
  test('a thousand threads that are terminated leave nothing behind', async (t) => {
    const seed = drawSeed();
    const told = `${SEED_VARIABLE}=${seed}`;
    t.timeout(240_000, told);
    const { code, signal, output } = await runChild(CHILD, [String(seed)]);
    t.is(signal, null, `${told}\n${output}`);
    t.is(code, 0, `${told}\n${output}`);
    t.regex(output, /terminated: done\n$/);
  });
}
