/** One object as the body of an answer. */

import { byteLengthOf, isPromise } from '../../lib/request/index.js';
import { ManualClock } from '../clock.js';
import { cacheTest, fed, isPending, rejects, standAlone, store, widget } from './fixture.js';
import { GatedStorage } from './gated-storage.js';

const V2 = 'example.com/v2';

cacheTest('a document is the JSON of get and a newline, at once', async (t, engine) => {
  const cache = standAlone(t, engine);
  cache.apply({ type: 'put', object: widget('ns', 'ä', { labels: { name: 'Zoë 😀' } }) });
  cache.apply({ type: 'put', object: widget('ns', 'b') });
  for (const options of [{}, { apiVersion: V2 }, { resourceVersion: '0' }]) {
    for (const name of ['ä', 'b']) {
      const document = cache.document('ns', name, options);
      if (isPromise(document)) return t.fail('it was promised');
      const object = await cache.get('ns', name, options);
      t.deepEqual(document?.bytes, Buffer.concat([object!.bytes, Buffer.from('\n')]));
      t.is(document && byteLengthOf(document), object!.bytes.length + 1);
    }
  }
  t.is(cache.document('ns', 'missing'), undefined);
  t.is(cache.document('other', 'b'), undefined);
});

cacheTest('what is given stays as it is when others are read', (t, engine) => {
  const cache = standAlone(t, engine);
  cache.apply({ type: 'put', object: widget('ns', 'a', { color: 'red' }) });
  cache.apply({ type: 'put', object: widget('ns', 'b', { color: 'blue' }) });
  const documents = ['a', 'b'].map((name) => cache.document('ns', name));
  const colors = documents.map((document) => {
    if (document === undefined || isPromise(document)) return t.fail('it was promised');
    return (JSON.parse(Buffer.from(document.bytes).toString()) as { spec: object }).spec;
  });
  t.deepEqual(colors, [{ color: 'red' }, { color: 'blue' }]);
});

cacheTest('short ones are text, and no length is in between', async (t, engine) => {
  const cache = standAlone(t, engine);
  const plain = widget('ns', 'a', { labels: { pad: '' } });
  cache.apply({ type: 'put', object: plain });
  const least = (await cache.get('ns', 'a'))!.bytes.length;
  for (const length of [least, 15_359, 15_360, 15_361, 70_000]) {
    const pad = 'x'.repeat(length - least);
    cache.apply({ type: 'put', object: widget('ns', 'a', { labels: { pad } }) });
    const document = cache.document('ns', 'a');
    if (document === undefined || isPromise(document)) return t.fail('it was promised');
    const { bytes } = (await cache.get('ns', 'a'))!;
    t.is(bytes.length, length);
    t.is(document.latin1 === undefined, length > 15_360, `${length} bytes`);
    t.deepEqual(document.bytes, Buffer.concat([bytes, Buffer.from('\n')]));
  }
});

cacheTest('what is not there yet is promised', async (t, engine) => {
  const clock = new ManualClock();
  const storage = new GatedStorage();
  const cache = fed(t, engine, storage, { clock });
  await cache.ready();
  storage.hold();
  await store(storage, widget('ns', 'a'));
  const document = cache.document('ns', 'a', { apiVersion: V2 });
  t.true(isPromise(document));
  t.true(await isPending(Promise.resolve(document)));
  storage.release();
  const object = await cache.get('ns', 'a', { apiVersion: V2 });
  t.deepEqual((await document)?.bytes, Buffer.concat([object!.bytes, Buffer.from('\n')]));
  const never = cache.document('ns', 'a', { resourceVersion: '9' });
  t.true(isPromise(never));
  clock.advance(3_000);
  await rejects(t, async () => never, 'resource-version-too-large', /Too large resource version/);
});

cacheTest('the storage answers while the cache is not filled', async (t, engine) => {
  const storage = new GatedStorage();
  await store(storage, widget('ns', 'a'));
  const cache = fed(t, engine, storage);
  const document = cache.document('ns', 'a');
  t.true(isPromise(document));
  const bytes = (await document)?.bytes ?? new Uint8Array(0);
  t.deepEqual(
    Buffer.from(bytes),
    Buffer.concat([(await cache.get('ns', 'a'))!.bytes, Buffer.from('\n')]),
  );
});

cacheTest('refusals are those of get', async (t, engine) => {
  const cache = standAlone(t, engine);
  const refused = async (options: { resourceVersion?: string; signal?: AbortSignal }) =>
    cache.document('ns', 'a', options);
  await rejects(
    t,
    () => refused({ resourceVersion: 'x' }),
    'invalid-resource-version',
    /^invalid resource version/,
  );
  await rejects(t, () => refused({ signal: AbortSignal.abort() }), 'aborted', /aborted/);
  await cache.close();
  await rejects(t, () => refused({}), 'closed', /stopped/);
});
