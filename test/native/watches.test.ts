/** Watches across the border: batches, frames, ends, and who is told that there is something. */

import test from 'ava';

import { STATUS, WATCH_END, WATCH_PHASE } from '../../lib/engine/wire.js';
import { ALL, Border, inNamespace, NONCE } from './border.js';

const border = new Border();
const { addon } = border;

function cacheOf(...names: readonly string[]): number {
  const cache = border.openCache();
  names.forEach((name, index) => border.apply(cache, BigInt(index + 1), '', name));
  return cache;
}

test('a watch delivers its state, then what follows, in batches of one phase', (t) => {
  const cache = cacheOf('a', 'b');
  const watch = border.openWatch(cache);
  t.is(border.revision(), 2n);
  t.is(border.number('ownReady'), 1);
  t.deepEqual(border.takeReady(), [watch]);
  border.apply(cache, 3n, '', 'c');
  t.deepEqual(border.drainEvents(watch, 1), ['ADDED /a@1']);
  t.is(border.number('phase'), WATCH_PHASE.initial);
  t.is(border.revision('position'), 0n);
  t.is(border.number('more'), 1);
  t.deepEqual(border.drainEvents(watch), ['ADDED /b@2']);
  t.is(border.revision('position'), 2n);
  t.deepEqual(border.drainEvents(watch), ['ADDED /c@3']);
  t.is(border.number('phase'), WATCH_PHASE.live);
  t.is(border.revision('position'), 3n);
  t.is(border.number('more'), 0);
  border.delete(cache, 4n, '', 'a');
  t.is(border.number('ownReady'), 1);
  t.deepEqual(border.takeReady(), [watch]);
  t.deepEqual(border.drainEvents(watch), ['DELETED /a@4']);
  t.is(addon.closeWatch(watch), 0);
});

test('a frame crosses once for all watches of an environment', (t) => {
  const cache = border.openCache();
  const watches = [ALL, ALL, inNamespace('')].map((scope) => border.openWatch(cache, scope, 0n));
  border.apply(cache, 1n, '', 'a');
  const [first] = border.drainFrames(watches[0]!);
  const bytes = border.number('bytes');
  t.is(String(first).length, bytes);
  t.regex(String(first), /^\{"type":"ADDED","object":\{.*"resourceVersion":"1"\}\}\}\n$/);
  for (const watch of watches.slice(1)) {
    t.deepEqual(border.drainFrames(watch), [1]);
    t.is(border.number('bytes'), bytes);
    t.is(border.number('pageEnd'), 0);
  }
  t.is(border.number('firstKeptFrame'), 1);
  // Of a state each watch has its own.
  const state = border.openWatch(cache);
  t.deepEqual(border.drainFrames(state), [first]);
  t.is(border.record(0, 0), -1);
});

test('frames are held to the budget, but for the first one of a drain', (t) => {
  const cache = border.openCache();
  const watch = border.openWatch(cache, ALL, 0n);
  for (const [index, name] of ['a', 'b', 'c'].entries()) {
    border.apply(cache, BigInt(index + 1), '', name);
  }
  t.is(border.drainFrames(watch, 1).length, 1);
  const length = border.number('bytes');
  t.is(border.revision('position'), 1n);
  t.deepEqual(border.drainFrames(watch, length - 1, true), []);
  t.is(border.number('needed'), 0);
  t.is(border.number('more'), 1);
  t.is(border.drainFrames(watch, length, true).length, 1);
  // And to the page.
  const offset = border.page.length - length + 1;
  t.is(addon.drainFrames(watch, border.page, offset, 1000, false), 0);
  t.is(border.number('needed'), length);
  t.is(addon.drainFrames(watch, border.page, offset - 1, 1000, false), 1);
  t.is(border.number('pageEnd'), border.page.length);
  t.is(border.number('more'), 0);
});

test('frames that no watch can ask for any more are told', (t) => {
  border.setLimits({ entriesMin: 2, entriesMax: 2, windowMs: 0 });
  const cache = addon.openCache(border.connection, [], [], []);
  const watch = border.openWatch(cache, ALL, 0n);
  for (let revision = 1n; revision <= 5n; revision++) {
    border.apply(cache, revision, '', 'a');
    t.is(border.drainFrames(watch).length, 1);
  }
  t.is(border.number('firstKeptFrame'), 4);
});

test('a watch that falls off the log ends with expired, one of a past generation with replaced', (t) => {
  border.setLimits({ entriesMin: 1, entriesMax: 1, windowMs: 0 });
  const cache = addon.openCache(border.connection, [], [], []);
  const slow = border.openWatch(cache, ALL, 0n);
  border.apply(cache, 1n, '', 'a');
  border.apply(cache, 2n, '', 'b');
  t.deepEqual(border.drainEvents(slow), []);
  t.is(border.number('end'), WATCH_END.expired);
  const other = border.openWatch(cache, ALL, 2n);
  border.replace(cache, 3n, []);
  t.deepEqual(border.drainEvents(other), []);
  t.is(border.number('end'), WATCH_END.replaced);
});

test('a use that is no owner ends its own watches and leaves the others', (t) => {
  const cache = cacheOf('a');
  const id = addon.shareCache(cache);
  border.revisions.fill(NONCE);
  const other = addon.attachCache(border.connection, id);
  const watch = border.openWatch(cache, ALL, 1n);
  const called = border.openWatch(other, ALL, 0n);
  const quiet = border.openWatch(other, ALL, 1n);
  const state = border.openWatch(other);
  t.deepEqual(border.takeReady().toSorted(), [called, state].toSorted());
  t.is(addon.closeCache(other), 0);
  t.is(border.number('ownReady'), 1);
  // Those that were called already are not called again.
  t.deepEqual(border.takeReady(), [quiet]);
  for (const [ended, phase] of [
    [called, WATCH_PHASE.live],
    [quiet, WATCH_PHASE.live],
    [state, WATCH_PHASE.initial],
  ] as const) {
    t.deepEqual(border.drainEvents(ended), []);
    t.is(border.number('end'), WATCH_END.closed);
    t.is(border.number('phase'), phase);
    t.is(addon.closeWatch(ended), 0);
  }
  border.apply(cache, 2n, '', 'b');
  t.deepEqual(border.drainEvents(watch), ['ADDED /b@2']);
  t.is(border.stat(cache, 'watches'), 1);
  t.is(border.get(other, '', 'a'), STATUS.closed);
});

test('a revision that is awaited is told once, as the cache and no watch', (t) => {
  const cache = cacheOf('a');
  border.revisions[0] = 1n;
  t.is(addon.awaitRevision(cache), 1);
  border.revisions[0] = 3n;
  t.is(addon.awaitRevision(cache), 0);
  border.apply(cache, 2n, '', 'b');
  t.deepEqual(border.takeReady(), []);
  border.apply(cache, 4n, '', 'b');
  t.is(border.number('ownReady'), 1);
  t.deepEqual(border.takeReady(), [-cache - 1]);
  t.deepEqual(border.takeReady(), []);
});
