/** Rule 4: watches replay, go live without gap or double, and report progress. */

import type { TestFn } from 'ava';

import type { StorageChange, StorageWatch } from '../../../lib/storage/index.js';
import { Recorder, record } from '../recorder.js';
import {
  bytes,
  describeList,
  openSubject,
  put,
  remove,
  text,
  turns,
  type StorageFactory,
} from './subject.js';

export function registerWatchTests(test: TestFn, name: string, factory: StorageFactory): void {
  test(`${name}: a watch from each revision gets exactly the changes above it`, async (t) => {
    const { storage, base } = await openSubject(t, factory);
    const a = await put(storage, '/g/r/a', '1');
    await put(storage, '/g/r-x/a', '1');
    await put(storage, '/g/r/a', '2');
    await put(storage, '/g/r/b', '1');
    await remove(storage, '/g/r/a');
    await put(storage, '/g/s/c', '1');
    const last = await put(storage, '/g/r/a', '3');
    const ALL: readonly StorageChange[] = [
      change('put', '/g/r/a', '1', a, a),
      change('put', '/g/r/a', '2', a + 2n, a),
      change('put', '/g/r/b', '1', a + 3n, a + 3n),
      change('delete', '/g/r/a', '2', a + 4n, a),
      change('put', '/g/r/a', '3', a + 6n, a + 6n),
    ];
    for (let after = base; after <= last; after++) {
      const recorder = record(storage, '/g/r/', after);
      if (after < last) await recorder.reached(last);
      t.deepEqual(
        recorder.changes,
        ALL.filter((expected) => expected.revision > after),
        `after ${after}`,
      );
      recorder.watch.close();
    }
  });

  test(`${name}: a live watch gets changes in order, with the value that a deletion took`, async (t) => {
    const { storage, base } = await openSubject(t, factory);
    const recorder = record(storage, '/g/r/', base);
    await turns();
    const created = await put(storage, '/g/r/a', '1');
    await put(storage, '/g/r/a', '2');
    const deleted = await remove(storage, '/g/r/a');
    await recorder.reached(deleted);
    t.deepEqual(recorder.changes, [
      change('put', '/g/r/a', '1', created, created),
      change('put', '/g/r/a', '2', created + 1n, created),
      change('delete', '/g/r/a', '2', deleted, created),
    ]);
  });

  test(`${name}: watches that begin while others write miss nothing and double nothing`, async (t) => {
    const { storage, base } = await openSubject(t, factory);
    const WRITES = 600;
    const recorders: { after: bigint; recorder: Recorder }[] = [];
    const writer = async (name: string): Promise<void> => {
      for (let index = 0; index < WRITES / 4; index++) {
        await put(storage, `/g/r/${name}-${index % 7}`, String(index));
        if (index % 10 !== 0) continue;
        const after = index % 20 === 0 ? base : await storage.committedRevision();
        recorders.push({ after, recorder: record(storage, '/g/r/', after) });
      }
    };
    await Promise.all(['a', 'b', 'c', 'd'].map(writer));
    const last = await storage.committedRevision();
    t.is(last, base + BigInt(WRITES));
    for (const { after, recorder } of recorders) {
      if (after < last) await recorder.reached(last);
      const expected = Array.from(
        { length: Number(last - after) },
        (_, i) => after + 1n + BigInt(i),
      );
      t.deepEqual(recorder.revisions, expected);
    }
  });

  test(`${name}: a list and the changes after it make the later list`, async (t) => {
    const { storage } = await openSubject(t, factory);
    for (let index = 0; index < 20; index++) await put(storage, `/g/r/${index % 7}`, `${index}`);
    const list = await storage.list('/g/r/');
    const state = new Map(list.values.map((value) => [value.key, text(value.value)]));
    const recorder = record(storage, '/g/r/', list.revision);
    for (let index = 0; index < 20; index++) await put(storage, `/g/r/${index % 9}`, `b${index}`);
    await recorder.reached(await remove(storage, '/g/r/3'));
    for (const { type, key, value } of recorder.changes) {
      if (type === 'put') state.set(key, text(value));
      else state.delete(key);
    }
    const now = (await storage.list('/g/r/')).values;
    t.deepEqual(
      [...state].sort(),
      now.map((value) => [value.key, text(value.value)]),
    );
  });

  test(`${name}: a history of several pages is replayed whole`, async (t) => {
    const { storage, base } = await openSubject(t, factory);
    const COUNT = 2500;
    await Promise.all(
      Array.from({ length: COUNT }, (_, index) =>
        storage.write({ key: `/g/${index % 5}/${index}`, expected: 0n, value: bytes('x') }),
      ),
    );
    const recorder = record(storage, '/g/3/', base);
    // A change during the replay is neither lost nor early.
    await turns(1);
    const last = await put(storage, '/g/3/last', 'x');
    await recorder.reached(last);
    const found = recorder.changes.map((change) => change.key);
    t.is(found.length, COUNT / 5 + 1);
    t.is(new Set(found).size, found.length);
    t.is(found.at(-1), '/g/3/last');
    t.deepEqual(
      recorder.revisions,
      [...recorder.revisions].sort((a, b) => (a < b ? -1 : 1)),
    );
  });

  test(`${name}: a quiet prefix learns the committed revision, after the changes it covers`, async (t) => {
    const { storage, base } = await openSubject(t, factory);
    const quiet = record(storage, '/g/quiet/', base);
    const busy = record(storage, '/g/busy/', base);
    for (let index = 0; index < 3; index++) {
      const revision = await put(storage, '/g/busy/a', String(index));
      await Promise.all([quiet.reached(revision), busy.reached(revision)]);
    }
    t.deepEqual(quiet.changes, []);
    t.is(quiet.progress.at(-1), base + 3n);
    t.deepEqual(busy.calls, [
      `put /g/busy/a ${base + 1n}`,
      `progress ${base + 1n}`,
      `put /g/busy/a ${base + 2n}`,
      `progress ${base + 2n}`,
      `put /g/busy/a ${base + 3n}`,
      `progress ${base + 3n}`,
    ]);
    t.deepEqual(quiet.progress, [...new Set(quiet.progress)]);
  });

  test(`${name}: a watch from a later revision begins there`, async (t) => {
    const { storage, base } = await openSubject(t, factory);
    const recorder = record(storage, '/g/r/', base + 2n);
    await turns();
    await put(storage, '/g/r/a', '1');
    await put(storage, '/g/r/a', '2');
    t.deepEqual(recorder.calls, []);
    const third = await put(storage, '/g/r/a', '3');
    await recorder.reached(third);
    t.deepEqual(recorder.calls, [`put /g/r/a ${third}`, `progress ${third}`]);
  });

  test(`${name}: nothing is called from within watch, and nothing after close`, async (t) => {
    const { storage, base } = await openSubject(t, factory);
    await put(storage, '/g/r/a', '1');
    const recorder = record(storage, '/g/r/', base);
    t.deepEqual(recorder.calls, []);
    recorder.watch.close();
    recorder.watch.close();
    await turns();
    const live = record(storage, '/g/r/', base);
    const revision = await put(storage, '/g/r/a', '2');
    await live.reached(revision);
    const calls = live.calls.length;
    live.watch.close();
    await put(storage, '/g/r/a', '3');
    await turns();
    t.is(live.calls.length, calls);
    t.deepEqual(recorder.calls, []);
  });

  test(`${name}: observers may close themselves, close others and open more`, async (t) => {
    const { storage, base } = await openSubject(t, factory);
    const other = record(storage, '/g/r/', base);
    const later = new Recorder();
    const self = new Recorder();
    await turns();
    // Registered first, so that it is told first in a store that tells them in order.
    const watch: StorageWatch = storage.watch('/g/r/', base, {
      ...self,
      onChanges: (changes) => {
        self.onChanges(changes);
        watch.close();
        storage.watch('/g/r/', base, later);
      },
    });
    const last = record(storage, '/g/r/', base);
    const revision = await put(storage, '/g/r/a', '1');
    await Promise.all([other, later, last].map((recorder) => recorder.reached(revision)));
    const second = await put(storage, '/g/r/a', '2');
    await Promise.all([other, later, last].map((recorder) => recorder.reached(second)));
    t.deepEqual(self.calls, [`put /g/r/a ${revision}`]);
    t.deepEqual(later.revisions, [revision, second]);
    t.deepEqual(last.revisions, [revision, second]);
  });

  test(`${name}: an observer may write, and what it writes comes after`, async (t) => {
    const { storage, base } = await openSubject(t, factory);
    const written: Promise<bigint>[] = [];
    const first = new Recorder();
    storage.watch('/g/r/', base, {
      ...first,
      onChanges: (changes) => {
        first.onChanges(changes);
        if (written.length < 3) written.push(put(storage, `/g/r/${written.length}`, 'x'));
      },
    });
    const second = record(storage, '/g/r/', base);
    await put(storage, '/g/r/a', '1');
    await Promise.all([first, second].map((recorder) => recorder.reached(base + 4n)));
    const expected = [base + 1n, base + 2n, base + 3n, base + 4n];
    t.deepEqual([first.revisions, second.revisions], [expected, expected]);
  });

  test(`${name}: a watch has been told of a write when the next list shows it`, async (t) => {
    const { storage, base } = await openSubject(t, factory);
    const recorder = record(storage, '/g/r/', base);
    await put(storage, '/g/r/a', '1');
    await recorder.reached(base + 1n);
    const revision = await put(storage, '/g/r/a', '2');
    t.deepEqual(await describeList(storage, '/g/r/'), [`/g/r/a=2@${revision}`]);
    await recorder.reached(revision);
    t.is(recorder.revisions.at(-1), revision);
  });

  test(`${name}: a negative revision to watch from is refused`, async (t) => {
    const { storage } = await openSubject(t, factory);
    t.throws(() => storage.watch('/g/r/', -1n, new Recorder()), { instanceOf: RangeError });
  });
}

function change(
  type: 'put' | 'delete',
  key: string,
  value: string,
  revision: bigint,
  createRevision: bigint,
): StorageChange {
  return { type, key, value: bytes(value), revision, createRevision };
}
