/**
 * One cache, served by all threads of a process.
 *
 * The main thread writes; every thread answers LIST over HTTP out of the same memory: no object is
 * sent between threads, and none is kept twice. Where the addon does not load, a cache belongs to
 * one thread, and the main thread serves alone.
 *
 * Prints:
 *   every server has 3 widgets at revision 4
 *   every server has 2 widgets at revision 5
 */

import { once } from 'node:events';
import { createServer } from 'node:http';
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

import { WatchCache } from 'shardwatch/cache';

async function serve(cache) {
  const server = createServer(async (request, response) => {
    // Not older than the newest revision that anybody was told of, on whichever thread.
    const list = await cache.list();
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ revision: list.resourceVersion, items: list.items() }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

if (isMainThread) await main();
else await work(workerData);

async function work(share) {
  const cache = new WatchCache({ share });
  const server = await serve(cache);
  parentPort.postMessage(server.address().port);
  await once(parentPort, 'message');
  server.close();
  server.closeAllConnections();
  await cache.close();
  parentPort.close();
}

async function main() {
  const cache = new WatchCache({ name: 'widgets' });
  const widget = (name) => ({ kind: 'Widget', metadata: { namespace: 'shop', name } });
  cache.apply(['a', 'b', 'c'].map((name) => ({ type: 'put', object: widget(name) })));

  const server = await serve(cache);
  const count = cache.engine === 'native' ? availableParallelism() : 0;
  const workers = Array.from({ length: count }, () => {
    return new Worker(new URL(import.meta.url), { workerData: cache.share() });
  });
  const ports = await Promise.all(
    workers.map(async (worker) => (await once(worker, 'message'))[0]),
  );
  ports.push(server.address().port);

  await compare(ports);
  cache.apply({ type: 'delete', namespace: 'shop', name: 'b' });
  await compare(ports);

  for (const worker of workers) worker.postMessage('close');
  await Promise.all(workers.map((worker) => once(worker, 'exit')));
  server.close();
  server.closeAllConnections();
  await cache.close();
}

async function compare(ports) {
  const answers = await Promise.all(
    ports.map(async (port) => {
      const { revision, items } = await (await fetch(`http://127.0.0.1:${port}/`)).json();
      return `${items.length} widgets at revision ${revision}`;
    }),
  );
  console.log(`every server has ${[...new Set(answers)].join(', or ')}`);
}
