/** Rules 1 to 3: revisions, compare-and-swap, writes that change nothing, what is refused. */

import type { TestFn } from 'ava';

import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from '../../../lib/storage/index.js';
import { record } from '../recorder.js';
import {
  bytes,
  describeList,
  openSubject,
  put,
  remove,
  text,
  throwsCode,
  type StorageFactory,
} from './subject.js';

export function registerWriteTests(test: TestFn, name: string, factory: StorageFactory): void {
  test(`${name}: every write that changes something takes exactly the next revision`, async (t) => {
    const { storage, base } = await openSubject(t, factory);
    t.true(base >= 1n);
    t.is(await put(storage, '/g/r/a', '1'), base + 1n);
    t.is(await put(storage, '/g/other/b', '1'), base + 2n);
    t.is(await put(storage, '/g/r/a', '2'), base + 3n);
    t.is(await remove(storage, '/g/r/a'), base + 4n);
    t.is(await storage.committedRevision(), base + 4n);
  });

  test(`${name}: a write that changes nothing keeps the revision and tells nobody`, async (t) => {
    const { storage, base } = await openSubject(t, factory);
    const revision = await put(storage, '/g/r/a', 'same', 60);
    const recorder = record(storage, '/g/r/', base);
    const same = { key: '/g/r/a', expected: revision, value: bytes('same'), ttlSeconds: 60 };
    t.deepEqual(await storage.write(same), { ok: true, revision, changed: false });
    const absent = await storage.write({ key: '/g/r/none', expected: 0n, value: null });
    t.deepEqual(absent, { ok: true, revision: 0n, changed: false });
    t.is(await storage.committedRevision(), revision);
    const next = await put(storage, '/g/r/b', 'x');
    t.is(next, revision + 1n);
    await recorder.reached(next);
    t.deepEqual(recorder.revisions, [revision, next]);
  });

  test(`${name}: the same value with another TTL is a change`, async (t) => {
    const { storage } = await openSubject(t, factory);
    const first = await put(storage, '/g/r/a', 'same', 60);
    const second = await put(storage, '/g/r/a', 'same', 61);
    t.is(second, first + 1n);
    t.is(await put(storage, '/g/r/a', 'same'), second + 1n);
  });

  test(`${name}: an empty value is a value`, async (t) => {
    const { storage } = await openSubject(t, factory);
    const revision = await put(storage, '/g/r/a', '');
    t.deepEqual(await storage.get('/g/r/a'), {
      key: '/g/r/a',
      value: new Uint8Array(0),
      revision,
      createRevision: revision,
    });
  });

  test(`${name}: a write that does not meet its expected revision reports what is there`, async (t) => {
    const { storage } = await openSubject(t, factory);
    const first = await put(storage, '/g/r/a', '1');
    const second = await put(storage, '/g/r/a', '2');
    const current = { key: '/g/r/a', value: bytes('2'), revision: second, createRevision: first };
    for (const expected of [0n, first, second + 1n]) {
      for (const value of [bytes('3'), bytes('2'), null]) {
        const result = await storage.write({ key: '/g/r/a', expected, value });
        t.deepEqual(result, { ok: false, current });
      }
    }
    const missing = await storage.write({ key: '/g/r/b', expected: first, value: bytes('1') });
    t.deepEqual(missing, { ok: false, current: undefined });
    t.is(await storage.committedRevision(), second);
  });

  test(`${name}: createRevision stays over updates and begins anew after a deletion`, async (t) => {
    const { storage } = await openSubject(t, factory);
    const created = await put(storage, '/g/r/a', '1');
    await put(storage, '/g/r/a', '2');
    t.is((await storage.get('/g/r/a'))?.createRevision, created);
    await remove(storage, '/g/r/a');
    t.is(await storage.get('/g/r/a'), undefined);
    const recreated = await put(storage, '/g/r/a', '3');
    const value = await storage.get('/g/r/a');
    t.is(value?.createRevision, recreated);
    t.is(value?.revision, recreated);
  });

  test(`${name}: of writers that expect the same revision exactly one wins`, async (t) => {
    const { storage, base } = await openSubject(t, factory);
    const WRITERS = 64;
    const INCREMENTS = 3;
    let refused = 0;
    const writer = async (): Promise<void> => {
      for (let done = 0; done < INCREMENTS;) {
        const current = await storage.get('/g/r/counter');
        const count = current === undefined ? 0 : Number(text(current.value));
        const expected = current?.revision ?? 0n;
        const value = bytes(String(count + 1));
        const result = await storage.write({ key: '/g/r/counter', expected, value });
        if (result.ok) done++;
        else refused++;
      }
    };
    await Promise.all(Array.from({ length: WRITERS }, writer));
    const total = WRITERS * INCREMENTS;
    t.deepEqual(await describeList(storage, '/g/r/'), [
      `/g/r/counter=${total}@${base + BigInt(total)}`,
    ]);
    t.is(await storage.committedRevision(), base + BigInt(total));
    t.true(refused > 0);
  });

  test(`${name}: concurrent writes of many keys take one revision each, without gaps`, async (t) => {
    const { storage, base } = await openSubject(t, factory);
    const results = await Promise.all(
      Array.from({ length: 300 }, (_, index) =>
        storage.write({ key: `/g/r/${index}`, expected: 0n, value: bytes('x') }),
      ),
    );
    const revisions = results.map((result) => (result.ok ? result.revision : 0n));
    const expected = revisions.map((_, index) => base + 1n + BigInt(index));
    t.deepEqual([...revisions].sort(compareBigints), expected);
  });

  test(`${name}: the caller may use its buffer again at once`, async (t) => {
    const { storage } = await openSubject(t, factory);
    const buffer = bytes('before');
    const writing = storage.write({ key: '/g/r/a', expected: 0n, value: buffer });
    buffer.fill(0);
    await writing;
    t.is(text((await storage.get('/g/r/a'))!.value), 'before');
  });

  test(`${name}: keys and prefixes that are none are refused with the reason`, async (t) => {
    const { storage, base } = await openSubject(t, factory);
    const BAD_KEYS: readonly (readonly [string, RegExp])[] = [
      ['', /does not begin with/],
      ['g/r/a', /does not begin with/],
      ['/', /ends in "\/"/],
      ['/g/r/', /ends in "\/"/],
      ['/g//a', /empty segment/],
      ['/g/./a', /"\." is not a name/],
      ['/g/../a', /"\.\." is not a name/],
      ['/g/r/a\0b', /NUL/],
      ['/g/r/\ud800', /well-formed/],
      [`/g/${'é'.repeat(KEY_BYTES_MAX / 2)}`, /has 1539 bytes; at most 1536/],
    ];
    for (const [key, reason] of BAD_KEYS) {
      const write = { key, expected: 0n, value: bytes('x') };
      await throwsCode(t, 'invalid-key', () => storage.write(write), reason);
      await throwsCode(t, 'invalid-key', () => storage.get(key), reason);
    }
    for (const prefix of ['', '/g/r', 'g/r/', '//', '/g/../']) {
      await throwsCode(t, 'invalid-key', () => storage.list(prefix));
      t.throws(() => storage.watch(prefix, 0n, record(storage, '/', base)), {
        code: 'invalid-key',
      });
    }
    t.is(await storage.committedRevision(), base);
  });

  test(`${name}: the longest key and the largest value are stored, more is refused`, async (t) => {
    const { storage } = await openSubject(t, factory);
    const key = `/g/${'k'.repeat(KEY_BYTES_MAX - 3)}`;
    const value = new Uint8Array(VALUE_BYTES_MAX).fill(7);
    await storage.write({ key, expected: 0n, value });
    const stored = await storage.get(key);
    t.true(Buffer.from(value).equals(stored!.value));
    const larger = new Uint8Array(VALUE_BYTES_MAX + 1);
    const write = { key, expected: stored!.revision, value: larger };
    await throwsCode(t, 'too-large', () => storage.write(write), /1572865 bytes; at most 1572864/);
    t.is((await storage.get(key))?.revision, stored!.revision);
    // Its history is stored, too.
    await remove(storage, key);
    const before = await storage.list('/g/', { revision: stored!.revision });
    t.true(Buffer.from(value).equals(before.values[0]!.value));
  });

  test(`${name}: a TTL that is none, or a negative revision, is refused`, async (t) => {
    const { storage, base } = await openSubject(t, factory);
    for (const ttlSeconds of [-1, 0.5, NaN, Infinity, 9_000_000_001]) {
      const write = { key: '/g/r/a', expected: 0n, value: bytes('x'), ttlSeconds };
      await t.throwsAsync(storage.write(write), { instanceOf: RangeError });
    }
    const write = { key: '/g/r/a', expected: -1n, value: bytes('x') };
    await t.throwsAsync(storage.write(write), { instanceOf: RangeError });
    t.is(await storage.committedRevision(), base);
  });
}

function compareBigints(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
