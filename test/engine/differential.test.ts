/**
 * Random histories over both engines; see differential-run.ts. Where there is no native engine the
 * JavaScript one is compared with itself, which tests the comparison and that nothing in it depends
 * on time or chance. `npm run soak` runs it for long.
 */

import test from 'ava';
import fc from 'fast-check';

import { histories } from './differential-operations.js';
import { compareEngines } from './differential-run.js';
import { engineOf } from './engines.js';

const oracle = engineOf('javascript')!;
const native = engineOf('native');

test('both engines answer the same to any history', async (t) => {
  const engines = [oracle, native ?? oracle] as const;
  const property = fc.asyncProperty(histories(120), (history) => compareEngines(history, engines));
  await fc.assert(property, { numRuns: 150 });
  t.pass();
});
