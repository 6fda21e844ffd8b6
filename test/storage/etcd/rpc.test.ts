/** The messages of etcd's API are generated from sources of ours, and generating again is idle. */

import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import test from 'ava';

import { ROOT } from '../../tidy/source.js';

const SOURCES = join(ROOT, 'lib/storage/etcd/rpc');

test('regenerating changes nothing', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-rpc-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  execFileSync(process.execPath, [join(ROOT, 'scripts/etcd-rpc.mjs'), folder]);
  const committed = (await readdir(SOURCES)).filter((name) => name.endsWith('_pb.ts')).sort();
  t.deepEqual((await readdir(folder)).sort(), committed);
  t.true(committed.length > 0);
  for (const name of committed) {
    const [fresh, old] = await Promise.all(
      [folder, SOURCES].map((place) => readFile(join(place, name), 'utf8')),
    );
    t.is(fresh, old, name);
  }
});
