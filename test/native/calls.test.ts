/** What the addon's exports do with caches, writes, roots and lists, and what the exchange says. */

import test from 'ava';

import { LIMIT, STATUS, WATCH_END } from '../../lib/engine/wire.js';
import { ALL, Border, NONCE, objectBytes } from './border.js';

const border = new Border();
const { addon } = border;

function cacheOf(...names: readonly string[]): number {
  const cache = border.openCache();
  names.forEach((name, index) => border.apply(cache, BigInt(index + 1), '', name));
  return cache;
}

test('an object is read as it was written, with its revision in it', (t) => {
  const cache = border.openCache();
  t.is(border.apply(cache, 2n ** 63n + 1n, 'team', 'a', { spec: { node: 'n1' } }), 0);
  t.is(
    border.get(cache, 'team', 'a'),
    '{"apiVersion":"example.com/v1","metadata":{"name":"a","namespace":"team",' +
      '"resourceVersion":"9223372036854775809"},"spec":{"node":"n1"}}',
  );
  t.is(border.revision(), 2n ** 63n + 1n);
  t.regex(
    String(border.get(cache, 'team', 'a', 'example.com/v2')),
    /"apiVersion":"example.com\/v2"/,
  );
  t.is(border.get(cache, 'team', 'b'), STATUS.notFound);
  t.is(border.get(cache, '', 'a'), STATUS.notFound);
});

test('an object that does not fit tells how many bytes it takes, and nothing is written', (t) => {
  const cache = cacheOf('a');
  const length = String(border.get(cache, '', 'a')).length;
  border.page.fill(0);
  for (const room of [0, 1, length - 1]) {
    const offset = border.page.length - room;
    t.is(addon.get(cache, '', 'a', undefined, border.page, offset), STATUS.tooSmall);
    t.is(border.number('needed'), length);
  }
  t.true(border.page.every((byte) => byte === 0));
  const offset = border.page.length - length;
  t.is(addon.get(cache, '', 'a', undefined, border.page, offset), length);
  const before = addon.get(cache, '', 'a', undefined, border.page, border.page.length + 1);
  t.is(before, STATUS.invalidArgument);
});

test('keys and values of any length and alphabet cross whole', (t) => {
  const cache = border.openCache();
  const names = [
    'é'.repeat(500),
    '𐀀'.repeat(300),
    'n'.repeat(1020),
    'n'.repeat(1023),
    'x'.repeat(5000),
  ];
  names.forEach((name, index) => {
    t.is(border.apply(cache, BigInt(index + 1), name, name), 0, name);
    t.regex(String(border.get(cache, name, name)), new RegExp(`"name":"${name}"`));
  });
  const list = border.openList(cache);
  const lengths = (all: readonly string[]): readonly number[] =>
    all.map((name) => name.length).toSorted();
  t.deepEqual(lengths(border.readObjects(list).map(({ name }) => name)), lengths(names));
  addon.closeList(list);
});

test('a batch is applied whole, and a fault in it says which change it is', (t) => {
  const cache = cacheOf('a');
  const good = objectBytes('', 'b');
  const revisions = BigUint64Array.of(5n, 6n, 7n);
  const batch = (...objects: (Uint8Array | undefined)[]): number =>
    addon.apply(cache, 0, ['', 'b', '', 'a', '', 'b'], objects, revisions);
  t.is(batch(good, undefined, Buffer.from('{')), STATUS.invalidObject);
  t.is(border.number('faultIndex'), 2);
  t.is(batch(good, objectBytes('', 'c'), good), STATUS.keyMismatch);
  t.is(border.number('faultIndex'), 1);
  t.is(border.get(cache, '', 'b'), STATUS.notFound);
  t.is(batch(good, undefined, good), 0);
  t.is(border.get(cache, '', 'a'), STATUS.notFound);
  t.regex(String(border.get(cache, '', 'b')), /"resourceVersion":"7"/);
  t.is(batch(good, undefined, good), STATUS.revisionNotRising);
  t.is(border.revision(), 7n);
  t.is(addon.apply(cache, 0, [], [], new BigUint64Array(0)), 0);
});

test('a cache that numbers its own writes tells revisions and conflicts', (t) => {
  const cache = border.openCache();
  t.is(border.write(cache, 'a', {}, 0n), 0);
  t.is(border.revision(), 1n);
  t.is(border.write(cache, 'a', {}, 0n), STATUS.conflict);
  t.is(border.revision(), 1n);
  t.is(border.write(cache, 'a', {}), 0);
  const current = border.revision();
  t.is(border.write(cache, 'a', undefined, current), 0);
  t.true(border.revision() > current);
  t.is(border.write(cache, 'a', undefined), 0);
  t.is(border.revision(), 0n);
});

test('a new state replaces everything and begins a generation', (t) => {
  const cache = cacheOf('a', 'b');
  t.is(border.replace(cache, 1n, ['', 'c']), STATUS.revisionNotRising);
  t.is(border.replace(cache, 9n, ['', 'c', '', 'd']), 0);
  t.is(border.get(cache, '', 'a'), STATUS.notFound);
  t.is(addon.state(cache), 0);
  t.is(border.revision(), 9n);
  t.is(border.revision('oldestRevision'), 9n);
  t.is(border.number('generation'), 1);
  t.is(border.stat(cache, 'objects'), 2);
});

test('progress raises the revision and nothing else', (t) => {
  const cache = cacheOf('a');
  border.revisions[0] = 2n ** 64n - 1n;
  t.is(addon.progress(cache), 0);
  addon.state(cache);
  t.is(border.revision(), 2n ** 64n - 1n);
  t.is(border.stat(cache, 'objects'), 1);
  t.is(border.stat(cache, 'logEnd') - border.stat(cache, 'logStart'), 1);
});

test('a root is the state at its revision, whatever is written or closed afterwards', (t) => {
  const cache = cacheOf('a', 'b');
  const root = border.openRoot(cache);
  t.is(border.revision(), 2n);
  t.is(border.number('count'), 2);
  border.delete(cache, 3n, '', 'a');
  const exact = border.openRoot(cache, 1n);
  t.is(border.number('count'), 1);
  t.is(border.openRoot(cache, 4n), STATUS.revisionFuture);
  t.is(border.revision(), 3n);
  t.is(addon.closeCache(cache), 0);
  const length = addon.getAt(root, '', 'a', undefined, border.page, 0);
  t.regex(border.text(0, length), /"resourceVersion":"1"/);
  t.is(addon.getAt(exact, '', 'b', undefined, border.page, 0), STATUS.notFound);
  const list = border.openList(cache, ALL, 0, root);
  t.deepEqual(
    border.readObjects(list).map(({ name }) => name),
    ['a', 'b'],
  );
  for (const close of [addon.closeList(list), addon.closeRoot(root), addon.closeRoot(exact)]) {
    t.is(close, 0);
  }
});

test('a revision that history has not is told apart: gone, or still to come', (t) => {
  const cache = border.openCache();
  border.replace(cache, 5n, ['', 'a']);
  t.is(border.openRoot(cache, 4n), STATUS.revisionExpired);
  t.is(border.revision('oldestRevision'), 5n);
  t.is(border.openWatch(cache, ALL, 4n), STATUS.revisionExpired);
  t.is(border.revision('oldestRevision'), 5n);
  t.is(border.openRoot(cache, 6n), STATUS.revisionFuture);
});

test('a root is listed only through the cache that it is of', (t) => {
  const cache = cacheOf('a');
  const root = border.openRoot(cacheOf('b'));
  t.is(border.openList(cache, ALL, 0, root), STATUS.invalidHandle);
});

test('a list is read in chunks that join, its page known from the start', (t) => {
  const cache = border.openCache();
  const keys = ['a/x', 'a/y', 'b/x', 'b/y', 'c/x'];
  keys.forEach((key, index) => border.apply(cache, BigInt(index + 1), key[0]!, key.slice(2)));
  const list = border.openList(cache, ALL, 3);
  t.is(border.number('hasMore'), 1);
  t.is(border.number('hasRemaining'), 1);
  t.is(border.number('remaining'), 2);
  t.deepEqual(addon.listLast(list), ['b', 'x']);
  let text = '';
  for (;;) {
    const bytes = addon.readList(list, border.page, 1);
    if (bytes === 0) break;
    text += border.text(0, bytes);
  }
  t.is(border.number('needed'), 0);
  const objects = JSON.parse(`[${text}]`) as { metadata: { name: string; namespace: string } }[];
  t.deepEqual(
    objects.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
    ['a/x', 'a/y', 'b/x'],
  );
  t.is(addon.readList(list, border.page, 1), 0);
  t.is(addon.closeList(list), 0);
  const rest = addon.openList(cache, -1, ALL, ['b', 'x\0'], 0, 0);
  t.is(border.number('hasMore'), 0);
  t.is(addon.listLast(rest), STATUS.notFound);
  t.deepEqual(
    border.readObjects(rest).map(({ namespace, name }) => `${namespace}/${name}`),
    ['b/y', 'c/x'],
  );
});

test('objects of a list come as far as page and records reach', (t) => {
  const cache = border.openCache();
  const names = Array.from({ length: 1500 }, (_, index) => `n${String(index).padStart(4, '0')}`);
  border.replace(
    cache,
    1n,
    names.flatMap((name) => ['', name]),
  );
  const list = border.openList(cache);
  const large = new Border(addon, 1 << 20);
  const count = addon.readListObjects(list, large.page, 0, Infinity);
  t.is(count, LIMIT.recordsMax);
  t.is(border.number('atEnd'), 0);
  t.is(border.number('needed'), 0);
  const room = 300;
  const few = addon.readListObjects(list, large.page, large.page.length - room, 1000);
  t.true(few > 0 && few < 10);
  t.true(border.number('needed') > 0);
  t.true(border.number('pageEnd') <= large.page.length);
  t.is(addon.readListObjects(list, large.page, 0, 0), 0);
  const rest = addon.readListObjects(list, large.page, 0, 1000);
  t.is(count + few + rest, names.length);
  t.is(border.number('atEnd'), 1);
  t.is(addon.readListObjects(list, large.page, 0, 1000), 0);
});

test('selectors and places narrow lists', (t) => {
  const cache = border.openCache();
  const of = (app: string, node: string): object => ({ spec: { node }, labels: { app } });
  for (const [index, [name, app, node]] of [
    ['a', 'web', 'n1'],
    ['b', 'web', 'n2'],
    ['c', 'db', 'n1'],
  ].entries()) {
    const object = JSON.stringify({ ...of(app!, node!), metadata: { name, labels: { app } } });
    const revisions = BigUint64Array.of(BigInt(index + 1));
    t.is(addon.apply(cache, 0, ['', name!], [Buffer.from(object)], revisions), 0);
  }
  const names = (...scope: readonly (string | number | undefined)[]): string => {
    const list = border.openList(cache, scope);
    const found = border.readObjects(list).map(({ name }) => name);
    addon.closeList(list);
    return found.join('');
  };
  const all = [undefined, undefined, undefined] as const;
  t.is(names(...all, 1, 'app', 0, 2, 'web', 'x', 0), 'ab');
  t.is(names(...all, 1, 'app', 1, 1, 'web', 0), 'c');
  t.is(names(...all, 2, 'app', 2, 0, 'app', 0, 1, 'db', 0), 'c');
  t.is(names(...all, 1, 'app', 3, 0, 0), '');
  t.is(names(...all, 0, 1, 'spec.node', 0, 'n1'), 'ac');
  t.is(names(...all, 1, 'app', 0, 1, 'web', 1, 'spec.node', 1, 'n1'), 'b');
  t.is(names('', 'b', undefined, 0, 0), 'b');
  t.is(names(undefined, 'b', undefined, 0, 0), 'b');
  t.is(names('other', undefined, undefined, 0, 0), '');
});

test('a closed cache answers closed, has ended its watches, and tells its last state', (t) => {
  const cache = cacheOf('a');
  const watch = border.openWatch(cache, ALL, 1n);
  t.is(addon.closeCache(cache), 0);
  t.is(border.number('ownReady'), 1);
  t.deepEqual(border.takeReady(), [watch]);
  t.deepEqual(border.drainEvents(watch), []);
  t.is(border.number('end'), WATCH_END.closed);
  t.is(addon.closeCache(cache), 0);
  t.is(addon.state(cache), 0);
  t.is(border.revision(), 1n);
  t.is(border.stat(cache, 'objects'), 0);
  t.is(border.stat(cache, 'watches'), 0);
  for (const status of [
    border.apply(cache, 2n, '', 'a'),
    border.write(cache, 'a', {}),
    border.replace(cache, 2n, []),
    addon.progress(cache),
    addon.trim(cache, 0),
    border.get(cache, '', 'a'),
    border.openRoot(cache),
    border.openList(cache),
    border.openWatch(cache),
    addon.shareCache(cache),
    addon.awaitRevision(cache),
  ]) {
    t.is(status, STATUS.closed);
  }
});

test('a cache is shared by number and nonce, and is closed to all by its owner', (t) => {
  const cache = cacheOf('a');
  const id = addon.shareCache(cache);
  t.is(addon.shareCache(cache), id);
  border.revisions.fill(NONCE);
  const other = addon.attachCache(border.connection, id);
  t.true(other >= 0);
  t.is(addon.shareCache(other), id);
  t.is(border.stat(cache, 'attachments'), 2);
  border.revisions.fill(NONCE + 1n);
  t.is(addon.attachCache(border.connection, id), STATUS.invalidHandle);
  border.revisions.fill(NONCE);
  t.is(addon.attachCache(border.connection, 0), STATUS.invalidHandle);
  t.is(addon.attachCache(border.connection, 2 ** 40), STATUS.invalidHandle);
  t.is(border.apply(other, 2n, '', 'b'), 0);
  t.regex(String(border.get(cache, '', 'b')), /"b"/);
  addon.closeCache(cache);
  t.is(border.get(other, '', 'b'), STATUS.closed);
  border.revisions.fill(NONCE);
  t.is(addon.attachCache(border.connection, id), STATUS.closed);
  addon.dropCache(cache);
  addon.dropCache(other);
  border.revisions.fill(NONCE);
  t.is(addon.attachCache(border.connection, id), STATUS.closed);
});

test('what a list or root held is freed as it is closed', (t) => {
  const cache = border.openCache();
  border.apply(cache, 1n, '', 'a', { pad: 'x'.repeat(10_000) });
  border.setLimits();
  const holders = [border.openRoot(cache), border.openList(cache)];
  t.is(border.stat(cache, 'roots') >= 2, true);
  border.replace(cache, 2n, []);
  t.true(border.stat(cache, 'bytesRetained') > 10_000);
  addon.closeRoot(holders[0]!);
  t.true(border.stat(cache, 'bytesRetained') > 10_000);
  addon.closeList(holders[1]!);
  t.is(border.stat(cache, 'bytesRetained'), 0);
});
