/**
 * A thousand test servers of one process: what they held is given back, and nothing keeps the
 * process running. The bounds are far above what is measured and far below what a leak of a server
 * each would cost (a server holds some 100 KB, four descriptors and, while it is open, timers).
 */

import { fileURLToPath } from 'node:url';
import test from 'ava';
import { ENGINES } from '../engine/engines.js';
import { run } from '../witness/command.js';
import type { Held } from './leaks-child.js';

const CHILD = fileURLToPath(new URL('leaks-child.js', import.meta.url));
const SERVERS = 1_000;
const HEAP_GROWTH_MAX_BYTES = 8 * 1024 * 1024;
const RSS_GROWTH_MAX_BYTES = 64 * 1024 * 1024;

for (const { kind: engine } of ENGINES) {
  test(`${engine}: ${SERVERS} servers, one after the other, leave nothing behind`, async (t) => {
    t.timeout(240_000);
    const args = ['--expose-gc', CHILD, engine, String(SERVERS)];
    const { code, stdout, stderr } = await run(process.execPath, args);
    t.is(code, 0, stderr);
    const { before, after } = JSON.parse(stdout) as { before: Held; after: Held };
    t.log(`${engine}: ${JSON.stringify({ before, after })}`);
    t.true(after.heapBytes - before.heapBytes < HEAP_GROWTH_MAX_BYTES, 'heap');
    t.true(after.rssBytes - before.rssBytes < RSS_GROWTH_MAX_BYTES, 'resident memory');
    t.is(after.descriptors, before.descriptors, 'descriptors');
    t.is(after.threads, before.threads, 'threads');
  });

  test(`${engine}: closed servers keep no process running`, async (t) => {
    const args = ['--expose-gc', CHILD, engine, '20', 'handles'];
    const { code, stdout, stderr } = await run(process.execPath, args);
    t.is(code, 0, stderr);
    t.is(stdout.trim(), 'There are 0 handle(s) keeping the process running.');
  });
}
