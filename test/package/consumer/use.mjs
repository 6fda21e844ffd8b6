/** Uses what was installed as its users do, and prints what it was told, as one line of JSON. */

import { WatchCache } from 'shardwatch/cache';
import { engineReport } from 'shardwatch/engine';
import { PriorityQueue } from 'shardwatch/queue';

const widget = (name, team) => ({
  kind: 'Widget',
  metadata: { namespace: 'shop', name, labels: { team } },
});

const cache = new WatchCache();
const watch = await cache.watch({ labelSelector: 'team=red' });
cache.apply([
  { type: 'put', object: widget('a', 'red') },
  { type: 'put', object: widget('b', 'blue') },
]);
cache.apply({ type: 'put', object: widget('b', 'red') });
cache.apply({ type: 'delete', namespace: 'shop', name: 'a' });
const events = [];
for await (const { type, object } of watch) {
  events.push(`${type} ${object.name} ${object.resourceVersion}`);
  if (events.length === 3) break;
}
const list = await cache.list({ namespace: 'shop' });
const got = await cache.get('shop', 'b');

const queue = new PriorityQueue();
queue.enqueue('later', 1);
queue.enqueue('now', 0);

const { kind, reason, file } = engineReport();
console.log(
  JSON.stringify({
    engine: { kind, reason, file },
    cache: cache.engine,
    events,
    names: list.items().map(({ metadata }) => metadata.name),
    got: got?.parse().metadata.labels.team,
    dequeued: queue.dequeue(),
    arch: process.arch,
    node: process.versions.node,
  }),
);
queue.close();
await cache.close();
