/** Profiles made readable: time goes to the functions that used it, and idle time to nobody. */

import test from 'ava';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

import { heaviest, toSpeedscope } from '../../bench/flame-graph.js';
import { ROOT } from '../../bench/machine.js';

const frame = (functionName: string, url = '') => ({
  callFrame: { functionName, url, lineNumber: 6, columnNumber: 0, scriptId: '1' },
});

const url = pathToFileURL(join(ROOT, 'lib', 'a.js')).href;

// root ─ serve ─ write, and (idle); a delta is the time before its sample.
const profile = {
  nodes: [
    { id: 1, ...frame('(root)'), children: [2, 4] },
    { id: 2, ...frame('serve', url), children: [3] },
    { id: 3, ...frame('', url) },
    { id: 4, ...frame('(idle)') },
  ],
  startTime: 0,
  endTime: 1_000,
  samples: [2, 4, 3, 2],
  timeDeltas: [5, 100, 500, 300, -1],
};

test('the heaviest functions, by their own time', (t) => {
  t.deepEqual(heaviest(profile, 5), [
    { share: 0.75, place: '(anonymous) lib/a.js:7' },
    { share: 0.25, place: 'serve lib/a.js:7' },
  ]);
  t.is(heaviest(profile, 1).length, 1);
});

test('the flame graph has the stacks of busy samples, from the root on', (t) => {
  const { shared, profiles } = toSpeedscope(profile, 'a case');
  const names = profiles[0]?.samples.map((stack) => stack.map((at) => shared.frames[at]?.name));
  t.deepEqual(names, [
    ['(root)', 'serve lib/a.js:7'],
    ['(root)', 'serve lib/a.js:7', '(anonymous) lib/a.js:7'],
    ['(root)', 'serve lib/a.js:7'],
  ]);
  t.deepEqual(profiles[0]?.weights, [100, 300, 0]);
  t.is(profiles[0]?.endValue, 400);
});
