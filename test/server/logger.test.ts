/** Lines of the log. */

import test from 'ava';
import { lineLogger } from '../../lib/server/index.js';

const cycle: { self?: unknown } = {};
cycle.self = cycle;

for (const [what, value, shown] of [
  ['a plain word', '/apis/example.com/v1', '/apis/example.com/v1'],
  ['an empty string', '', '""'],
  ['a line end', 'a\nerror forged', String.raw`"a\nerror forged"`],
  ['an escape sequence', '\u001b[31m', String.raw`"\u001b[31m"`],
  ['an escape sequence in one character', '\u009b31m\u007f', String.raw`"\u009b31m\u007f"`],
  ['a line separator', 'a\u2028b', String.raw`"a\u2028b"`],
  ['a number', 12, '12'],
  ['nothing', undefined, 'undefined'],
  ['a bigint', 12n, '"12"'],
  ['a cycle', cycle, '"[object Object]"'],
] as const) {
  test(`${what} is told on one line without control characters`, (t) => {
    const lines: string[] = [];
    lineLogger((line) => void lines.push(line), 0).warn({ value }, 'said');
    t.deepEqual(lines, [`warn said value=${shown}\n`]);
  });
}

test('an error is told with its stack, on one line', (t) => {
  const lines: string[] = [];
  lineLogger((line) => void lines.push(line), 0).error({ error: new Error('no') }, 'said');
  t.regex(lines.join(''), /^error said error="Error: no\\n .*"\n$/);
});
