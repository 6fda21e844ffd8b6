/**
 * A program that applies changes to a cache on the native engine, one by one, with so many watches
 * open that want none of them: its first argument is how many, the others objects and changes. It
 * is run under callgrind. The objects are there before anything is applied.
 */

import { DEFAULT_HISTORY } from '../../lib/cache/index.js';
import { createEngineCache, type Put } from '../../lib/engine/index.js';
import { FIRST_REVISION, podIdentity, PodSource } from './pods.js';

const OBJECT_BYTES = 2_048;
const SHARDS = 16;

/** A step through the objects that comes to all of them. */
const STRIDE = 7_919;

const [watches = 0, objects = 0, changes = 0] = process.argv.slice(2).map(Number);
const pods = new PodSource(OBJECT_BYTES);
let revision = FIRST_REVISION;

function put(index: number): Put {
  const object = pods.bytes(index, ++revision - FIRST_REVISION, revision);
  return { type: 'put', ...podIdentity(index), object, revision: BigInt(revision) };
}

const cache = createEngineCache('native', {
  name: 'pods',
  shardCount: SHARDS,
  fields: ['spec.nodeName'],
  history: DEFAULT_HISTORY,
  now: () => performance.now(),
});
const state = Array.from({ length: objects }, (_, index) => {
  const { object, ...rest } = put(index);
  return { ...rest, object: object.slice() };
});
cache.replace(state, BigInt(revision));
for (let number = 0; number < watches; number++) {
  cache.watch({
    selector: { labels: [{ key: 'app', operator: 'In', values: [`none-${number}`] }], fields: [] },
    from: { type: 'after', revision: cache.revision },
    wake: () => {},
  });
}
for (let turn = 0; turn < changes; turn++) cache.apply([put((turn * STRIDE) % objects)]);
const { watches: open, logEntries } = cache.stats();
process.stdout.write(`${open} ${logEntries}\n`);
cache.close();
