/** One storage of one process at a time: refusals, take-overs, and what a loser may still do. */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm, symlink } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import test, { type ExecutionContext } from 'ava';
import { open as openLmdb } from 'lmdb';

import { LmdbStorage } from '../../lib/storage/lmdb/index.js';
import { put, throwsCode } from './conformance/subject.js';
import { makeFolder } from './folder.js';
import { record } from './recorder.js';

const HOLDER = fileURLToPath(new URL('children/holder.js', import.meta.url));

test('a second storage in the same process is refused, the first one unharmed', async (t) => {
  const path = await makeFolder(t);
  const first = await LmdbStorage.open({ path });
  const link = `${path}-link`;
  await symlink(path, link);
  t.teardown(() => rm(link));
  const reason = new RegExp(`is in use: this process \\(${process.pid}\\) has it open already`);
  for (const other of [path, link]) {
    await throwsCode(t, 'locked', () => LmdbStorage.open({ path: other }), reason);
    t.true((await put(first, '/g/r/a', other)) > 1n);
  }
  await first.close();
  const second = await LmdbStorage.open({ path });
  t.is(second.committedRevision(), 3n);
  await second.close();
});

test('a second process is refused and told who holds the store, until that one closes', async (t) => {
  const path = await makeFolder(t);
  const holder = hold(t, path);
  t.is(await holder.says, `open ${holder.child.pid}`);
  const reason = new RegExp(`${path} is in use: process ${holder.child.pid} has it open: stop`);
  await throwsCode(t, 'locked', () => LmdbStorage.open({ path }), reason);
  const other = hold(t, path);
  t.regex(await other.says, new RegExp(`^locked .*process ${holder.child.pid} has it open`));
  holder.child.stdin!.end();
  await holder.exit;
  await (await LmdbStorage.open({ path })).close();
});

test('a process that was killed holds nothing', async (t) => {
  const path = await makeFolder(t);
  const holder = hold(t, path);
  t.regex(await holder.says, /^open/);
  holder.child.kill('SIGKILL');
  await holder.exit;
  await (await LmdbStorage.open({ path })).close();
});

test('of processes that open a new folder at once exactly one gets it', async (t) => {
  const path = await makeFolder(t);
  const holders = [1, 2, 3].map(() => hold(t, path));
  const said = await Promise.all(holders.map((holder) => holder.says));
  t.deepEqual(
    said.map((line) => line.split(' ')[0]).sort(),
    ['locked', 'locked', 'open'],
    said.join('\n'),
  );
});

// Other systems do not tell when a process began.
const onLinux = process.platform === 'linux' ? test : test.skip;

for (const [name, row] of [
  ['a process number that was given to another process', { processStart: '1' }],
  ['an owner from before the machine was started anew', { bootId: 'another' }],
] as const) {
  onLinux(`${name} does not hold the store`, async (t) => {
    const path = await makeFolder(t);
    const storage = await LmdbStorage.open({ path });
    const owner = JSON.parse((await readOwner(path))!);
    await storage.close();
    t.is(await readOwner(path), undefined);
    await writeOwner(path, JSON.stringify(owner));
    await throwsCode(t, 'locked', () => LmdbStorage.open({ path }));
    await writeOwner(path, JSON.stringify({ ...owner, ...row }));
    await (await LmdbStorage.open({ path })).close();
  });
}

test('a storage that was taken over writes nothing more and leaves the new owner alone', async (t) => {
  const path = await makeFolder(t);
  const storage = await LmdbStorage.open({ path });
  const revision = await put(storage, '/g/r/a', '1');
  const recorder = record(storage, '/g/r/', revision);
  const owner = JSON.parse((await readOwner(path))!);
  const taker = JSON.stringify({ ...owner, pid: process.ppid, instance: 'another' });
  await writeOwner(path, taker);
  const taken = new RegExp(`has been taken over by process ${process.ppid}`);
  await throwsCode(t, 'locked', () => put(storage, '/g/r/a', '2'), taken);
  await throwsCode(t, 'locked', () => put(storage, '/g/r/b', '2'), taken);
  t.is((await recorder.ended()).code, 'locked');
  await storage.close();
  t.is(await readOwner(path), taker);
});

interface Holder {
  readonly child: ChildProcess;
  readonly says: Promise<string>;
  readonly exit: Promise<unknown>;
}

function hold(t: ExecutionContext, path: string): Holder {
  const child = spawn(process.execPath, [HOLDER, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  t.teardown(async () => {
    child.stdin.end();
    await exit;
  });
  const says = once(child.stdout.setEncoding('utf8'), 'data').then(([line]) => String(line).trim());
  return { child, says, exit };
}

const BINARY = { encoding: 'binary', keyEncoding: 'binary' } as const;
const OWNER = Buffer.from('owner');

async function readOwner(path: string): Promise<string | undefined> {
  return withMeta(path, async (meta) => meta.get(OWNER)?.toString());
}

async function writeOwner(path: string, row: string): Promise<void> {
  await withMeta(path, (meta) => meta.put(OWNER, Buffer.from(row)));
}

type Meta = Pick<ReturnType<typeof openLmdb<Buffer, Buffer>>, 'get' | 'put'>;

async function withMeta<Result>(
  path: string,
  action: (meta: Meta) => Promise<Result>,
): Promise<Result> {
  const options = { path, noSubdir: false, overlappingSync: false, ...BINARY };
  const root = openLmdb<Buffer, Buffer>(options);
  try {
    return await action(root.openDB<Buffer, Buffer>({ name: 'meta', ...BINARY }));
  } finally {
    await root.close();
  }
}
