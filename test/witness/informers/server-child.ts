/**
 * The server that informers are tested with, in a process of its own so that it can be killed:
 * `node server-child.js FOLDER`, over an lmdb store in that folder. It keeps little history, and
 * compacts when it is told to.
 */

import { join } from 'node:path';

import {
  type Authenticator,
  clientCertificateAuthenticator,
  generateCertificates,
} from '../../../lib/auth/index.js';
import { createServer } from '../../../lib/server/index.js';
import { systemClock } from '../../../lib/storage/index.js';
import { LmdbStorage } from '../../../lib/storage/lmdb/index.js';
import { residentMemory } from '../../lifecycle/resident-memory.js';
import { ITEMS } from './items.js';
import type { ServerMessage, ServerOrder } from './troubled-server.js';

/** So little that whoever is away for a moment has to list anew. */
const HISTORY = { entriesMin: 50, entriesMax: 150 };

const [folder = ''] = process.argv.slice(2);
const storage = await LmdbStorage.open({ path: join(folder, 'store') });
const { authority, serving } = await generateCertificates({
  directory: join(folder, 'pki'),
  clock: systemClock,
});
const certificates = await clientCertificateAuthenticator({
  authorities: authority.cert,
  clock: systemClock,
});
const authenticator: Authenticator = {
  // Sees every request: some ask for the initial state as a stream.
  authenticate: (request) => {
    if (request.query.get('sendInitialEvents') === 'true') tell({ type: 'streamed' });
    return certificates.authenticate(request);
  },
};
const server = createServer({ resources: [ITEMS], storage, history: HISTORY, authenticator });
await server.ready();
const { port } = await server.listen({ tls: { ...serving, clientCa: authority.cert } });

process.on('message', (message) => {
  if ((message as ServerOrder) === 'compact') void compact();
  else measure();
});
process.once('SIGTERM', () => void stop());
// Whoever started it has ended, or it has stopped itself.
process.once('disconnect', () => process.exit());
tell({ type: 'ready', port });

function tell(message: ServerMessage): void {
  process.send!(message);
}

async function compact(): Promise<void> {
  await storage.compact(storage.committedRevision());
  tell({ type: 'compacted' });
}

function measure(): void {
  globalThis.gc!();
  const { heapUsed, external } = process.memoryUsage();
  const { anonymousBytes, fileBytes } = residentMemory();
  const stats = server.cache('items.example.com')!.stats();
  tell({
    type: 'measured',
    anonymousBytes,
    fileBytes,
    heapBytes: heapUsed,
    externalBytes: external,
    reservedBytes: stats.bytesReserved,
    watches: stats.watches,
    watchGroups: stats.watchGroups,
    logEntries: stats.logEntries,
  });
}

async function stop(): Promise<void> {
  await server.close({ graceMs: 0 });
  await storage.close();
  process.disconnect();
}
