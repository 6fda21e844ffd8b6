/**
 * The addon in many environments: loaded by workers only, terminated at any moment, unloaded never.
 *
 * Every case runs in a child process of its own, because what is tested is the process: whether it
 * survives, and what it remembers.
 */

import test from 'ava';

import { LEAKS_ALLOWED, runChild } from '../lifecycle/child.js';

const CHILD = new URL('./environments-child.js', import.meta.url);

interface Case {
  readonly name: string;
  readonly behaviour: string;
  readonly environment?: Record<string, string>;
  /** Default 0. */
  readonly code?: number | null;
  readonly signal?: string;
  /** At the end of the output. Default that the case is done. */
  readonly output?: RegExp;
}

const CASES: readonly Case[] = [
  {
    name: 'remembers',
    behaviour: 'what the process shares survives the last worker that loaded the addon',
  },
  { name: 'releases', behaviour: 'what a worker held is given up when it is terminated' },
  { name: 'ends', behaviour: 'what a worker held is given up when it ends' },
  {
    name: 'terminates',
    behaviour: 'workers terminated during native calls take nothing with them',
  },
  { name: 'wakes', behaviour: 'publishing to environments that are just going is safe' },
  { name: 'hears', behaviour: 'what another thread writes wakes an environment' },
  { name: 'outlives', behaviour: 'the cache of a worker that is terminated is closed for all' },
  { name: 'idles', behaviour: 'what is open keeps no process alive' },
  {
    name: 'exits',
    behaviour: 'a process that exits while caches are open and written exits cleanly',
    environment: LEAKS_ALLOWED,
  },
  {
    name: 'signalled',
    behaviour: 'a process that is told to end while caches are open and written ends by that',
    environment: LEAKS_ALLOWED,
    code: null,
    signal: 'SIGTERM',
  },
  {
    name: 'fails',
    behaviour: 'an error that nobody catches ends a process with open caches, and nothing else',
    environment: LEAKS_ALLOWED,
    code: 1,
    output: /nobody catches this/,
  },
  { name: 'reloads', behaviour: 'a worker that loads the addon twice gets one environment' },
];

for (const { name, behaviour, environment = {}, ...expected } of CASES) {
  test(behaviour, async (t) => {
    const { code, signal, output } = await runChild(CHILD, [name], environment);
    t.is(signal, expected.signal ?? null, output);
    t.is(code, expected.code === undefined ? 0 : expected.code, output);
    t.regex(output, expected.output ?? new RegExp(`${name}: done\n$`));
  });
}
