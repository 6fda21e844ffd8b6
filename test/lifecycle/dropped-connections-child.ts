/**
 * The server whose connections are dropped; see dropped-connections.ts. Argument: the engine. Needs
 * --expose-gc.
 */

import { readdirSync } from 'node:fs';

import { defineResource } from '../../lib/rest/index.js';
import { createServer } from '../../lib/server/index.js';
import { testCertificates } from '../../lib/testing/certificates.js';
import type { DroppedReport, Ports } from './dropped-connections.js';
import { residentMemory } from './resident-memory.js';

const [engine] = process.argv.slice(2) as ['native' | 'javascript'];

const server = createServer({
  resources: [defineResource({ group: 'example.com', version: 'v1', kind: 'Widget' })],
  engine,
  authenticator: {
    authenticate: async () => ({ username: 'ana', uid: '', groups: [], extra: {} }),
  },
});
const { serving } = await testCertificates();
const plain = await server.listen({ host: '127.0.0.1' });
const secure = await server.listen({ host: '127.0.0.1', tls: serving });
await server.ready();

process.on('message', () => void report());
process.on('disconnect', () => process.exit());
process.send?.({ plain: plain.port, secure: secure.port } satisfies Ports);

async function report(): Promise<void> {
  // What waits for a turn of the loop, a finalizer or a closing socket has had it by then.
  for (let turn = 0; turn < 10; turn++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed: heapBytes } = process.memoryUsage();
  const descriptors = readdirSync('/proc/self/fd').length;
  const { anonymousBytes } = residentMemory();
  process.send?.({ anonymousBytes, heapBytes, descriptors } satisfies DroppedReport);
}
