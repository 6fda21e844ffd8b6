/** Rule 5 and the order of keys: get and list, now and at older revisions, in pages. */

import type { TestFn } from 'ava';

import {
  describeList,
  openSubject,
  put,
  remove,
  throwsCode,
  type StorageFactory,
} from './subject.js';
import type { Storage } from '../../../lib/storage/index.js';

export function registerReadTests(test: TestFn, name: string, factory: StorageFactory): void {
  test(`${name}: a prefix never leaks keys that merely begin like it`, async (t) => {
    const { storage, base } = await openSubject(t, factory);
    const KEYS = [
      '/g/pods-x/a/1',
      '/g/pods/a',
      '/g/pods/a-b/1',
      '/g/pods/a/1',
      '/g/pods/a/10',
      '/g/pods/a0/1',
      '/g/pods0/a',
      '/g/podsa/a',
    ];
    for (const key of [...KEYS].reverse()) await put(storage, key, 'x');
    const revision = await storage.committedRevision();
    await Promise.all(KEYS.map((key) => remove(storage, key)));
    for (const [prefix, expected] of [
      ['/', KEYS],
      ['/g/', KEYS],
      ['/g/pods/', ['/g/pods/a', '/g/pods/a-b/1', '/g/pods/a/1', '/g/pods/a/10', '/g/pods/a0/1']],
      ['/g/pods/a/', ['/g/pods/a/1', '/g/pods/a/10']],
      ['/g/pods-x/', ['/g/pods-x/a/1']],
      ['/g/pods/a/1/', []],
      ['/h/', []],
    ] as const) {
      t.deepEqual(await keys(storage, prefix, revision), expected, prefix);
      t.deepEqual(await keys(storage, prefix), [], prefix);
      t.deepEqual(await keys(storage, prefix, base), [], prefix);
    }
  });

  test(`${name}: lists are in the order of the keys' UTF-8 bytes`, async (t) => {
    const { storage } = await openSubject(t, factory);
    // By UTF-16 code unit the last two would change places.
    const KEYS = ['/g/r/A', '/g/r/a', '/g/r/a-b', '/g/r/a.b', '/g/r/a/b', '/g/r/aa', '/g/r/é'];
    const FAR = ['/g/r/\uffee', '/g/r/\u{1f600}'];
    for (const key of [...FAR, ...KEYS].reverse()) await put(storage, key, 'x');
    t.deepEqual(await keys(storage, '/g/r/'), [...KEYS, ...FAR]);
    const revision = await storage.committedRevision();
    await put(storage, '/g/r/aa', 'y');
    t.deepEqual(await keys(storage, '/g/r/', revision), [...KEYS, ...FAR]);
  });

  test(`${name}: a list at any revision is the state at that revision`, async (t) => {
    const { storage, base } = await openSubject(t, factory);
    const states: string[][] = [[]];
    const step = async (action: Promise<bigint>): Promise<void> => {
      await action;
      states.push(await describeList(storage, '/g/r/'));
    };
    await step(put(storage, '/g/r/a', '1'));
    await step(put(storage, '/g/r/c', '1'));
    await step(put(storage, '/g/r/a', '2'));
    await step(put(storage, '/g/r/b', '1'));
    await step(remove(storage, '/g/r/a'));
    await step(put(storage, '/g/other/x', '1'));
    await step(put(storage, '/g/r/a', '3'));
    await step(remove(storage, '/g/r/c'));
    for (const [index, state] of states.entries()) {
      const revision = base + BigInt(index);
      t.deepEqual(await describeList(storage, '/g/r/', revision), state, `revision ${revision}`);
      t.is((await storage.list('/g/r/', { revision })).revision, revision);
    }
    t.is((await storage.list('/g/r/')).revision, base + 8n);
  });

  test(`${name}: a revision that is not there yet is refused`, async (t) => {
    const { storage } = await openSubject(t, factory);
    const revision = (await put(storage, '/g/r/a', '1')) + 1n;
    await throwsCode(t, 'future-revision', () => storage.list('/g/r/', { revision }));
    await throwsCode(t, 'future-revision', () => storage.compact(revision));
  });

  test(`${name}: list options that make no sense are refused`, async (t) => {
    const { storage } = await openSubject(t, factory);
    for (const options of [{ limit: -1 }, { limit: 1.5 }, { revision: 0n }, { revision: -1n }]) {
      await t.throwsAsync(storage.list('/g/r/', options), { instanceOf: RangeError });
    }
  });

  test(`${name}: pages of one revision make up the list, whatever is written meanwhile`, async (t) => {
    const { storage } = await openSubject(t, factory);
    for (let index = 0; index < 10; index++) await put(storage, `/g/r/${index}`, 'x');
    await put(storage, '/g/s/after', 'x');
    const { revision } = await storage.list('/g/r/');
    const whole = await describeList(storage, '/g/r/', revision);
    for (const limit of [1, 3, 5, 10, 11]) {
      const pages: string[] = [];
      let start: string | undefined;
      for (let more = true; more;) {
        const options = { revision, limit, ...(start !== undefined && { start }) };
        const page = await storage.list('/g/r/', options);
        t.true(page.values.length <= limit);
        pages.push(...page.values.map((value) => `${value.key}=x@${value.revision}`));
        more = page.more;
        // Continue tokens begin at the first key behind the last one.
        start = `${page.values.at(-1)!.key}\0`;
        const number = pages.length % 10;
        await put(storage, `/g/r/${number}`, `changed ${limit} ${pages.length}`);
        await put(storage, `/g/r/${number}-new-${limit}`, 'x');
      }
      t.deepEqual(pages, whole, `limit ${limit}`);
    }
  });

  test(`${name}: a list begins at a key, tells whether more follow, and takes 0 as no limit`, async (t) => {
    const { storage } = await openSubject(t, factory);
    for (const key of ['a', 'b', 'c', 'd']) await put(storage, `/g/r/${key}`, '1');
    const revision = await storage.committedRevision();
    for (const [options, expected, more] of [
      [{ start: '/g/r/b' }, 'bcd', false],
      [{ start: '/g/r/bb', limit: 1 }, 'c', true],
      [{ start: '/g/r/c', limit: 2 }, 'cd', false],
      [{ start: '/g/r/a', limit: 2 }, 'ab', true],
      [{ start: '/g/r/z' }, '', false],
      [{ start: '/a', limit: 2 }, 'ab', true],
      [{ start: '/z' }, '', false],
      [{ limit: 0 }, 'abcd', false],
      [{ limit: 4 }, 'abcd', false],
    ] as const) {
      for (const at of [{}, { revision }]) {
        const list = await storage.list('/g/r/', { ...options, ...at });
        t.is(list.values.map((value) => value.key.slice(-1)).join(''), expected);
        t.is(list.more, more);
      }
    }
    // What follows must be there at the revision of the list.
    await put(storage, '/g/r/e', '1');
    const list = await storage.list('/g/r/', { revision, start: '/g/r/c', limit: 2 });
    t.false(list.more);
  });

  test(`${name}: what was read does not change with later writes`, async (t) => {
    const { storage } = await openSubject(t, factory);
    const revision = await put(storage, '/g/r/a', 'first');
    const [value, list] = [await storage.get('/g/r/a'), await storage.list('/g/r/')];
    for (let round = 0; round < 20; round++) await put(storage, '/g/r/a', `round ${round}`);
    t.is(Buffer.from(value!.value).toString(), 'first');
    t.is(Buffer.from(list.values[0]!.value).toString(), 'first');
    t.is(value!.revision, revision);
  });
}

async function keys(storage: Storage, prefix: string, revision?: bigint): Promise<string[]> {
  const list = await storage.list(prefix, revision === undefined ? {} : { revision });
  return list.values.map((value) => value.key);
}
