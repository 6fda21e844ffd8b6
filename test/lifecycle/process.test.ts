/**
 * How a process ends that has caches open, through the library's own doors. What the addon does by
 * itself is in test/native/environments.test.ts.
 */

import test from 'ava';

import { ENGINES } from '../engine/candidates.js';
import { LEAKS_ALLOWED, runChild } from './child.js';

const CHILD = new URL('./process-child.js', import.meta.url);

interface Case {
  readonly name: string;
  readonly behaviour: string;
  /** Only of an engine whose caches threads share. */
  readonly hasThreads?: boolean;
  /** Default 0. */
  readonly code?: number;
  /** In the output. Default that the case is done. */
  readonly output?: RegExp;
}

const CASES: readonly Case[] = [
  { name: 'idles', behaviour: 'nothing of an open cache keeps a process alive' },
  {
    name: 'idles beside a thread that has ended',
    behaviour: 'a thread with an attached cache ends by itself, and so does the process',
    hasThreads: true,
  },
  {
    name: 'survives a thread that exits',
    behaviour: 'a thread that exits with an attached cache leaves the owner alone',
    hasThreads: true,
  },
  {
    name: 'exits from a watch',
    behaviour: 'a consumer of a watch may exit the process while threads write',
    hasThreads: true,
    code: 7,
  },
  {
    name: 'throws from a watch',
    behaviour: 'an error of who is woken ends the process with that error, and nothing else',
    code: 1,
    output: /of whoever was woken/,
  },
  {
    name: 'closes when it is told to end',
    behaviour: 'a cache may be closed on SIGTERM while threads write',
    hasThreads: true,
  },
];

for (const { kind } of ENGINES) {
  for (const { name, behaviour, hasThreads = false, code = 0, output } of CASES) {
    if (hasThreads && kind !== 'native') continue;
    test(`${kind}: ${behaviour}`, async (t) => {
      const environment = hasThreads || code > 0 ? LEAKS_ALLOWED : {};
      const outcome = await runChild(CHILD, [name, kind], environment);
      t.is(outcome.signal, null, outcome.output);
      t.is(outcome.code, code, outcome.output);
      t.regex(outcome.output, output ?? new RegExp(`${name}: done\n$`));
    });
  }
}
