/** What the benchmarks of threads are made of. */

import test from 'ava';

import { inTurns, quantile, writeEvenly } from '../../bench/threads/jobs.js';
import { nowUs, sleepUntil } from '../../bench/threads/clock.js';
import { tableMemory, TableView } from '../../bench/threads/table.js';
import { randomKeys } from '../../bench/threads/view.js';
import { podIdentity } from '../../bench/workload/pods.js';

test('a table of shared memory has what was put last, in every view', (t) => {
  const memory = tableMemory(500, 64);
  const writer = new TableView(memory);
  const reader = new TableView(memory);
  const expected = new Map<number, string>();
  for (let round = 0; round < 2_000; round++) {
    const index = (round * 7_919) % 500;
    const text = `${index} `.repeat(1 + (round % 16));
    writer.put(podIdentity(index), Buffer.from(text));
    expected.set(index, text);
  }
  for (const [index, text] of expected) {
    const { namespace, name } = podIdentity(index);
    t.is(reader.read(namespace, name), text.length);
    t.is(Buffer.from(reader.bytes()).toString(), text);
  }
  t.is(expected.size, 500);
  t.is(reader.read('team-00', 'web-9999999'), -1);
});

test('keys are the same for the same seed', (t) => {
  t.deepEqual(randomKeys(100, 3), randomKeys(100, 3));
  t.notDeepEqual(randomKeys(100, 3), randomKeys(100, 4));
});

const QUANTILES: readonly (readonly [values: number[], part: number, result: number])[] = [
  [[5], 0.99, 5],
  [[4, 1, 3, 2], 0.5, 3],
  [Array.from({ length: 1_000 }, (_, at) => 1_000 - at), 0.99, 991],
  [[1, 2], 1, 2],
];

for (const [values, part, result] of QUANTILES) {
  test(`quantile ${part} of ${values.length} values`, (t) => {
    t.is(quantile(Float64Array.from(values), part), result);
  });
}

test('no quantile of nothing', (t) => {
  t.is(quantile(new Float64Array(0), 0.99), NaN);
});

test('work is done as often as it is due, however late it begins', (t) => {
  const toUs = nowUs();
  const interval = { fromUs: toUs - 10_000, toUs };
  let done = 0;
  const work = (): void => void done++;
  t.is(writeEvenly(work, 1_000, interval), 10);
  t.is(inTurns(work, 2_000, interval), 5);
  t.is(done, 15);
  sleepUntil(toUs);
});
