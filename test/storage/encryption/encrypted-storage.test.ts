/**
 * A storage over another one: the conformance suite over memory and lmdb, what the one below gets
 * to see, how keys are changed, and what becomes of values that can't be decrypted.
 */

import { createDecipheriv } from 'node:crypto';

import test from 'ava';

import {
  EncryptedStorage,
  parseEncryptionConfiguration,
  type EncryptionRules,
} from '../../../lib/storage/encryption/index.js';
import { LmdbStorage } from '../../../lib/storage/lmdb/index.js';
import {
  CorruptValuesError,
  MemoryStorage,
  type StorageChange,
  type StorageError,
} from '../../../lib/storage/index.js';
import { registerConformance } from '../conformance.js';
import { bytes, put, remove, revisionOf, text, throwsCode, turns } from '../conformance/subject.js';
import { makeFolder } from '../folder.js';
import { record } from '../recorder.js';
import { aesgcm, configuration, identity, rulesOf } from './configuration.js';

const valueBytesMax = 2 * 1024 * 1024;
const RULES = rulesOf(aesgcm(['key1', 1]), identity);

registerConformance(test, 'encrypted memory', async (_t, clock) => {
  const storage = new MemoryStorage({ clock, valueBytesMax });
  return new EncryptedStorage({ storage, rules: () => RULES });
});

registerConformance(test, 'encrypted lmdb', async (t, clock) => {
  const storage = await LmdbStorage.open({ path: await makeFolder(t), clock, valueBytesMax });
  // Nothing is remembered: what is there is read before it is written over.
  return new EncryptedStorage({ storage, rules: () => RULES, knownBytesMax: 0 });
});

test('threads read what is committed where the storage below tells it', async (t) => {
  const { below, storage } = scene(RULES);
  t.is(storage.revisions, below.revisions);
  const revision = await put(storage, '/core/secrets/shop/a', '{"password":"x"}');
  t.is(new BigUint64Array(storage.revisions!)[0], revision);
});

test('the storage below sees upstream form, authenticated with the path', async (t) => {
  const { below, storage } = scene(RULES);
  await put(storage, '/core/secrets/shop/a', '{"password":"x"}');
  const stored = Buffer.from((await below.get('/core/secrets/shop/a'))!.value);
  const header = 'k8s:enc:aesgcm:v1:key1:';
  t.is(stored.subarray(0, header.length).toString(), header);
  const nonce = stored.subarray(header.length, header.length + 12);
  const decipher = createDecipheriv('aes-256-gcm', Buffer.alloc(32, 1), nonce);
  decipher.setAAD(Buffer.from('/registry/core/secrets/shop/a')).setAuthTag(stored.subarray(-16));
  const value = decipher.update(stored.subarray(header.length + 12, -16)).toString();
  t.is(value + decipher.final().toString(), '{"password":"x"}');
  // No two are equal.
  await put(storage, '/core/secrets/shop/b', '{"password":"x"}');
  const other = Buffer.from((await below.get('/core/secrets/shop/b'))!.value);
  t.false(other.subarray(header.length, header.length + 12).equals(nonce));
});

test('a write that changes nothing rewrites what another key or provider has written', async (t) => {
  const scenes = scene(rulesOf(identity));
  const { below, storage } = scenes;
  const key = '/g/r/a';
  const plain = await put(storage, key, '{}');
  t.is(text((await below.get(key))!.value), '{}');
  let last = plain;
  for (const [rules, head] of [
    [rulesOf(aesgcm(['old', 1]), identity), 'k8s:enc:aesgcm:v1:old:'],
    [rulesOf(aesgcm(['new', 2], ['old', 1])), 'k8s:enc:aesgcm:v1:new:'],
    [rulesOf(identity, aesgcm(['new', 2])), '{}'],
  ] as const) {
    scenes.use(rules);
    t.is(text((await storage.get(key))!.value), '{}');
    const rewritten = await storage.write({ key, expected: last, value: bytes('{}') });
    t.deepEqual(rewritten, { ok: true, revision: last + 1n, changed: true });
    last = revisionOf(rewritten);
    t.true(
      Buffer.from((await below.get(key))!.value)
        .toString()
        .startsWith(head),
      head,
    );
    const same = await storage.write({ key, expected: last, value: bytes('{}') });
    t.deepEqual(same, { ok: true, revision: last, changed: false });
  }
});

test('a value is of its key: one that was moved can not be read', async (t) => {
  const { below, storage } = scene(RULES);
  await put(storage, '/g/r/a', '{"role":"admin"}');
  const { value } = (await below.get('/g/r/a'))!;
  await below.write({ key: '/g/r/b', expected: 0n, value });
  await throwsCode(t, 'corrupt', () => storage.get('/g/r/b'), /"\/g\/r\/b": it is damaged, was/);
});

test('what can not be decrypted is told with key and reason; the others with it', async (t) => {
  const { below, storage, use } = scene(rulesOf(aesgcm(['lost', 1])));
  await put(storage, '/g/r/b', '{}');
  use(rulesOf(aesgcm(['key1', 2])));
  await put(storage, '/g/r/a', '{}');
  await put(below, '/g/r/c', '{}');
  await put(below, '/g/r/d', 'k8s:enc:aesgcm:v1:key1:short');
  const error = await t.throwsAsync(storage.list('/g/r/'), { instanceOf: CorruptValuesError });
  t.deepEqual(error.values, [
    {
      key: '/g/r/b',
      reason: 'it was encrypted by aesgcm with the key "lost", which is not given',
      revision: 2n,
    },
    {
      key: '/g/r/c',
      reason: 'no provider of the encryption configuration recognises it',
      revision: 4n,
    },
    { key: '/g/r/d', reason: 'it is cut off', revision: 5n },
  ]);
  t.deepEqual([error.code, error.isTruncated], ['corrupt', false]);
  t.regex(error.message, /^values that can't be read: "\/g\/r\/b": it was .*; "\/g\/r\/d": /);
  t.is(text((await storage.get('/g/r/a'))!.value), '{}');
  // A write that meets one tells it, too; at its revision it can be deleted and written over.
  const { revision } = (await below.get('/g/r/b'))!;
  const blind = { key: '/g/r/b', expected: 1n, value: bytes('{}') };
  await throwsCode(t, 'corrupt', () => storage.write(blind));
  t.true((await storage.write({ ...blind, expected: revision })).ok);
  t.is(text((await storage.get('/g/r/b'))!.value), '{}');
  await remove(below, '/g/r/d');
  const c = (await below.get('/g/r/c'))!;
  t.true((await storage.write({ key: c.key, expected: c.revision, value: null })).ok);
  t.is((await storage.list('/g/r/')).values.length, 2);
});

test('of very many the first hundred are told', async (t) => {
  const { below, storage } = scene(rulesOf(aesgcm(['key1', 1])));
  for (let index = 100; index < 201; index++) await put(below, `/g/r/${index}`, '{}');
  const error = await t.throwsAsync(storage.list('/'), { instanceOf: CorruptValuesError });
  t.deepEqual([error.values.length, error.isTruncated], [100, true]);
  t.regex(error.message, /"\/g\/r\/102": [^;]*; and 98 more$/);
});

for (const [about, act] of [
  ['a change', (below: MemoryStorage) => put(below, '/g/r/b', 'k8s:enc:aesgcm:v1:none:…')],
  ['the value that a deletion took', (below: MemoryStorage) => remove(below, '/g/r/x')],
] as const) {
  test(`a watch ends at what can not be decrypted, behind what came before: ${about}`, async (t) => {
    const { below, storage } = scene(rulesOf(aesgcm(['key1', 1])));
    await put(below, '/g/r/x', '{}');
    const after = await storage.committedRevision();
    const changes: StorageChange[] = [];
    const ends: StorageError[] = [];
    const first = await put(storage, '/g/r/a', '{}');
    await act(below);
    await put(storage, '/g/r/c', '{}');
    storage.watch('/g/r/', after, {
      onChanges: (batch) => changes.push(...batch),
      onProgress: () => undefined,
      onEnd: (error) => ends.push(error),
    });
    while (ends.length === 0) await turns(1);
    await put(storage, '/g/r/d', '{}');
    await turns();
    t.deepEqual(
      changes.map(({ key, value, revision }) => [key, text(value), revision]),
      [['/g/r/a', '{}', first]],
    );
    t.deepEqual(
      ends.map(({ code }) => code),
      ['corrupt'],
    );
  });
}

test('types have rules of their own', async (t) => {
  const rules = [[['secrets'], aesgcm(['key1', 1])]] as const;
  const { below, storage } = scene(parseEncryptionConfiguration(configuration(...rules)));
  const recorder = record(storage, '/', 1n);
  await put(storage, '/core/secrets/shop/a', '{}');
  const last = await put(storage, '/example.com/secrets/shop/a', '{}');
  t.regex(text((await below.get('/core/secrets/shop/a'))!.value), /^k8s:enc:/);
  t.is(text((await below.get('/example.com/secrets/shop/a'))!.value), '{}');
  await recorder.reached(last);
  t.deepEqual(
    recorder.changes.map(({ value }) => text(value)),
    ['{}', '{}'],
  );
});

interface Scene {
  readonly below: MemoryStorage;
  readonly storage: EncryptedStorage;
  readonly use: (rules: EncryptionRules) => void;
}

function scene(initial: EncryptionRules): Scene {
  let rules = initial;
  const below = new MemoryStorage();
  const storage = new EncryptedStorage({ storage: below, rules: () => rules });
  return { below, storage, use: (others) => void (rules = others) };
}
