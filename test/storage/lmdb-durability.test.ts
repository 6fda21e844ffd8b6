/** What an LMDB store owes to whoever was told that a write is done, whatever happens next. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import test from 'ava';

import type { StorageChange } from '../../lib/storage/index.js';
import { LmdbStorage } from '../../lib/storage/lmdb/index.js';
import { put, text } from './conformance/subject.js';
import { makeFolder } from './folder.js';
import { record } from './recorder.js';

const ROUNDS = 4;
const WRITER = fileURLToPath(new URL('children/writer.js', import.meta.url));
const FILLER = fileURLToPath(new URL('children/filler.js', import.meta.url));

test('a process killed under load has lost no acknowledged write', async (t) => {
  const path = await makeFolder(t);
  const acknowledged = new Map<bigint, string>();
  for (let round = 0; round < ROUNDS; round++) {
    const killAfter = 20 + Math.floor(Math.random() * 1500);
    const lines = await writeAndKill(path, round, killAfter);
    t.log(`killed after ${lines.length} acknowledged writes`);
    for (const line of lines) {
      const [revision, key, value] = line.split(' ');
      t.false(acknowledged.has(BigInt(revision!)), `revision ${revision} was given twice`);
      acknowledged.set(BigInt(revision!), `${key} ${value}`);
    }
    const storage = await LmdbStorage.open({ path });
    const changes = await history(storage);
    // Every revision once, without gaps: those in flight may be there or not, but whole.
    t.deepEqual(
      changes.map((change) => change.revision),
      Array.from({ length: changes.length }, (_, index) => BigInt(index) + 2n),
    );
    t.is(storage.committedRevision(), BigInt(changes.length) + 1n);
    const found = new Map(changes.map((change) => [change.revision, describe(change)]));
    for (const [revision, write] of acknowledged) t.is(found.get(revision), write);
    await compareState(t, storage, changes);
    const next = await put(storage, '/g/other/x', String(round));
    t.is(next, BigInt(changes.length) + 2n);
    acknowledged.set(next, `/g/other/x ${round}`);
    await storage.close();
  }
});

// What it runs is a shell's.
const bash = process.platform === 'win32' ? test.skip : test;

bash('a full disk rejects the write, ends all writing, and spares what was written', async (t) => {
  const path = await makeFolder(t);
  // 1 000 blocks of 1 KiB; the process is told EFBIG, as it would be told ENOSPC.
  const command = 'ulimit -f 1000; exec "$0" "$@"';
  const child = spawn('bash', ['-c', command, process.execPath, FILLER, path], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [output] = await Promise.all([child.stdout.toArray(), once(child, 'exit')]);
  const report = JSON.parse(Buffer.concat(output).toString());
  t.is(report.first, 'unavailable');
  t.is(report.later, 'unavailable');
  t.is(report.compaction, 'unavailable');
  t.is(report.watchEnd, 'unavailable');
  t.true(report.count > 10);
  const storage = await LmdbStorage.open({ path });
  t.teardown(() => storage.close());
  t.is(String(storage.committedRevision()), report.acknowledged);
  t.is((await storage.list('/g/r/')).values.length, report.count);
  t.is(await put(storage, '/g/r/more', 'x'), BigInt(report.acknowledged) + 1n);
});

async function writeAndKill(path: string, round: number, killAfter: number): Promise<string[]> {
  const child = spawn(process.execPath, [WRITER, path, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  let output = '';
  let count = 0;
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    output += chunk;
    count += chunk.split('\n').length - 1;
    if (count >= killAfter) child.kill('SIGKILL');
  }
  await exit;
  // A line that was cut off was not read by anybody.
  return output.split('\n').slice(0, -1);
}

async function history(storage: LmdbStorage): Promise<readonly StorageChange[]> {
  const recorder = record(storage, '/', 1n);
  if (storage.committedRevision() > 1n) await recorder.reached(storage.committedRevision());
  recorder.watch.close();
  return recorder.changes;
}

async function compareState(
  t: { deepEqual: (left: unknown, right: unknown) => unknown },
  storage: LmdbStorage,
  changes: readonly StorageChange[],
): Promise<void> {
  const state = new Map<string, string>();
  for (const { type, key, value, revision } of changes) {
    if (type === 'put') state.set(key, `${text(value)}@${revision}`);
    else state.delete(key);
  }
  const { values } = await storage.list('/');
  t.deepEqual(
    values.map((value) => [value.key, `${text(value.value)}@${value.revision}`]),
    [...state].sort(([left], [right]) => (left < right ? -1 : 1)),
  );
}

function describe(change: StorageChange): string {
  return `${change.key} ${change.type === 'put' ? text(change.value) : '-'}`;
}
