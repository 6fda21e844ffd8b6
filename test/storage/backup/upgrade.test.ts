/** Formats of stores: upgraded step by step in one transaction, or refused. */

import test from 'ava';

import { Environment } from '../../../lib/storage/lmdb/environment.js';
import { LmdbStorage } from '../../../lib/storage/lmdb/index.js';
import { encodeKey, FORMAT_VERSION } from '../../../lib/storage/lmdb/layout.js';
import { Meta } from '../../../lib/storage/lmdb/meta.js';
import {
  CURRENT_FORMAT,
  type Format,
  type UpgradeStep,
} from '../../../lib/storage/lmdb/upgrade.js';
import { throwsCode } from '../conformance/subject.js';
import { makeFolder } from '../folder.js';
import { GADGET, NODE, seed, SEEDED, stateOf, withTable } from './seed.js';

const FORMAT = encodeKey('format');

/** A later program's format, two steps on; each step leaves a trace in `current`. */
function laterFormat(ran: string[], steps: Partial<Record<number, UpgradeStep>> = {}): Format {
  const step =
    (name: string, key: string): UpgradeStep =>
    (environment) => {
      ran.push(name);
      environment.current.removeSync(encodeKey(key));
    };
  return {
    version: FORMAT_VERSION + 2,
    steps: new Map([
      [FORMAT_VERSION, steps[FORMAT_VERSION] ?? step('first', GADGET)],
      [FORMAT_VERSION + 1, steps[FORMAT_VERSION + 1] ?? step('second', NODE)],
    ]),
  };
}

test('an older format is upgraded step by step, once', async (t) => {
  const path = await makeFolder(t);
  await seed(path);
  const ran: string[] = [];
  for (let round = 0; round < 2; round++) {
    const revision = await acquire(path, laterFormat(ran));
    t.is(revision, SEEDED);
    t.deepEqual(ran, ['first', 'second']);
  }
  t.is(await formatOf(path), String(FORMAT_VERSION + 2));
  t.deepEqual(
    await keysOf(path),
    [GADGET, NODE].map(() => false),
  );
  await throwsCode(t, 'unsupported-format', () => LmdbStorage.open({ path }), /use the newer/);
});

test('a step that fails leaves the store as it was, and free', async (t) => {
  const path = await makeFolder(t);
  await seed(path);
  const state = await stateOf(path);
  const failing: UpgradeStep = () => {
    throw new Error('no room');
  };
  const format = laterFormat([], { [FORMAT_VERSION + 1]: failing });
  await throwsCode(t, 'unavailable', () => acquire(path, format), /no room/);
  t.is(await formatOf(path), String(FORMAT_VERSION));
  t.deepEqual(await stateOf(path), state);
});

test('an older format without a step is refused', async (t) => {
  const path = await makeFolder(t);
  await seed(path);
  const format = { version: FORMAT_VERSION + 1, steps: new Map() };
  const reason = /has format 1, which is too old to be upgraded to 2/;
  await throwsCode(t, 'unsupported-format', () => acquire(path, format), reason);
});

for (const text of ['0', '01', 'one', '']) {
  test(`${JSON.stringify(text)} is no format`, async (t) => {
    const path = await makeFolder(t);
    await seed(path);
    await withTable(path, 'meta', (meta) => meta.put(FORMAT, Buffer.from(text)));
    await throwsCode(t, 'corrupt', () => LmdbStorage.open({ path }), /meta row "format" is/);
  });
}

test('every older format has a step', (t) => {
  t.is(CURRENT_FORMAT.version, FORMAT_VERSION);
  for (let version = 1; version < FORMAT_VERSION; version++) {
    t.true(CURRENT_FORMAT.steps.has(version), `nothing upgrades format ${version}`);
  }
});

async function acquire(path: string, format: Format): Promise<bigint> {
  const environment = new Environment({
    path,
    mapSizeBytes: 2 ** 20,
    runCommit: (commit) => commit(),
  });
  try {
    const meta = new Meta(environment, Math.random, format);
    const { revision } = environment.commitSync(() => meta.acquire());
    environment.commitSync(() => meta.release());
    return revision;
  } finally {
    await environment.close();
  }
}

function formatOf(path: string): Promise<string | undefined> {
  return withTable(path, 'meta', (meta) => meta.get(FORMAT)?.toString());
}

function keysOf(path: string): Promise<boolean[]> {
  return withTable(path, 'current', (current) =>
    [GADGET, NODE].map((key) => current.get(encodeKey(key)) !== undefined),
  );
}
