/**
 * Run as a process of its own by lifecycle.test.ts: serves a request of each protocol and a watch,
 * closes, and must then come to its end by itself, for nothing may keep the event loop alive.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { generateCertificates } from '../../lib/auth/index.js';
import { MetricsRegistry, registerProcessMetrics } from '../../lib/metrics/index.js';
import { textAnswer } from '../../lib/request/index.js';
import { listen } from '../../lib/transport/index.js';
import { clientOf } from './clients.js';
import type { Client } from './clients.js';
import { TestSource } from './fixture.js';

const clock = {
  now: () => Date.now(),
  setTimer(delayMs: number, callback: () => void) {
    const timer = setTimeout(callback, delayMs).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

const directory = mkdtempSync(join(tmpdir(), 'shardwatch-'));
const { authority, serving } = await generateCertificates({ directory, clock });
rmSync(directory, { recursive: true });
registerProcessMetrics(new MetricsRegistry());

const clients: Client[] = [];
for (const protocol of ['HTTP/1.1', 'HTTP/1.1 over TLS', 'HTTP/2'] as const) {
  const source = new TestSource(true);
  const listener = await listen({
    handler: async ({ path }) =>
      path === '/watch' ? { status: 200, headers: [], source } : textAnswer(200, 'ok'),
    host: '127.0.0.1',
    port: 0,
    clock,
    ...(protocol === 'HTTP/1.1' ? {} : { tls: { key: serving.key, cert: serving.cert } }),
  });
  const client = clientOf(protocol, listener, { ca: authority.cert });
  clients.push(client);
  await (await client.send('GET', '/')).text();
  const watch = await client.send('GET', '/watch');
  const ended = watch.text();
  await listener.close({ graceMs: 60_000 });
  await ended;
}
process.stdout.write('closed');
