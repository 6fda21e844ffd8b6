/**
 * A cache in a program: changes go in, a controller lists and watches.
 *
 * The controller keeps what it knows in a Map. It lists once, then watches from the revision of
 * that list, so that nothing is missed and nothing is told twice.
 *
 * Prints:
 *   list at 4: db web-1
 *   ADDED web-2 at 5
 *   DELETED web-1 at 6
 *   DELETED db at 7
 *   known: web-2
 *   objects at 4: 3, now: 2
 */

import { WatchCache } from 'shardwatch/cache';

const cache = new WatchCache({ name: 'pods', fields: ['spec.nodeName'] });

const pod = (name, nodeName) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'shop', name },
  spec: { nodeName },
});
const put = (object) => ({ type: 'put', object });

cache.apply([put(pod('web-1', 'node-a')), put(pod('web-2', 'node-b')), put(pod('db', 'node-a'))]);

// What the kubelet of node-a would ask for.
const selection = { fieldSelector: 'spec.nodeName=node-a' };
const known = new Map();
const list = await cache.list(selection);
for (const { metadata } of list.items()) known.set(metadata.name, metadata.resourceVersion);
console.log(`list at ${list.resourceVersion}: ${[...known.keys()].join(' ')}`);

const watch = await cache.watch({ ...selection, resourceVersion: list.resourceVersion });

// An object that comes into the selection is added to it, one that leaves it is deleted from it.
cache.apply(put(pod('web-2', 'node-a')));
cache.apply(put(pod('web-1', 'node-b')));
cache.apply({ type: 'delete', namespace: 'shop', name: 'db' });

for await (const { type, object } of watch) {
  if (type === 'DELETED') known.delete(object.name);
  else known.set(object.name, object.resourceVersion);
  console.log(`${type} ${object.name} at ${object.resourceVersion}`);
  if (object.resourceVersion === cache.resourceVersion) break;
}
console.log(`known: ${[...known.keys()].join(' ')}`);

// The state of then is there for as long as the history goes back.
const before = cache.snapshot(list.resourceVersion);
console.log(`objects at ${before.resourceVersion}: ${before.size}, now: ${cache.stats().objects}`);
before.close();
await cache.close();
