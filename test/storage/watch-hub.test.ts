import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import test from 'ava';

import { MemoryStorage } from '../../lib/storage/index.js';
import { put } from './conformance/subject.js';
import { record } from './recorder.js';

const THROWER = fileURLToPath(new URL('children/thrower.js', import.meta.url));

test('an observer that throws loses its watch, loudly, and nobody else is harmed', async (t) => {
  const { stdout } = await promisify(execFile)(process.execPath, [THROWER]);
  const { uncaught, calls, watchCount } = JSON.parse(stdout);
  t.deepEqual(uncaught, ['broken observer']);
  t.deepEqual(
    calls.filter((call: string) => call.startsWith('put')),
    ['put /g/a 2', 'put /g/b 3'],
  );
  t.is(watchCount, 1);
});

test('watches that are over are forgotten', async (t) => {
  const storage = new MemoryStorage();
  const first = await put(storage, '/g/r/a', '1');
  const last = await put(storage, '/g/r/a', '2');
  await storage.compact(last);
  for (let round = 0; round < 10; round++) {
    const live = record(storage, `/g/${round}/`, last);
    const refused = record(storage, '/g/r/', first);
    await refused.ended();
    t.is(storage.watchCount, 1);
    live.watch.close();
    t.is(storage.watchCount, 0);
  }
  record(storage, '/g/r/', last);
  await storage.close();
  t.is(storage.watchCount, 0);
});
