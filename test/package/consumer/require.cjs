/** Uses what was installed by `require`, and prints it, as one line of JSON. */

const { WatchCache } = require('shardwatch/cache');
const { createServer } = require('shardwatch');
const { engineReport } = require('shardwatch/engine');

const cache = new WatchCache();
cache.apply({ type: 'put', object: { metadata: { namespace: 'shop', name: 'a' } } });
cache.list().then(async (list) => {
  const names = list.items().map(({ metadata }) => metadata.name);
  const server = typeof createServer;
  console.log(JSON.stringify({ engine: { kind: engineReport().kind }, names, server }));
  await cache.close();
});
