/**
 * A listener whose handler reads the chain of the client's certificate, in a process of its own:
 * tells its port, and its resident memory whenever it is asked. Needs --expose-gc.
 */

import { systemClock } from '../../lib/storage/index.js';
import { testCertificates } from '../../lib/testing/certificates.js';
import { nodeTransport } from '../../lib/transport/index.js';
import { residentMemory } from '../lifecycle/resident-memory.js';

const { serving } = await testCertificates();
const { port } = await nodeTransport.listen({
  host: '127.0.0.1',
  port: 0,
  tls: serving,
  clock: systemClock,
  onError: (error) => {
    throw error;
  },
  handler: async ({ peerCertificate }) => ({
    status: 200,
    headers: [],
    source: { type: 'bytes', bytes: peerCertificate!.chain[0]! },
  }),
});
process.on('message', () => void measure());
process.once('disconnect', () => process.exit());
process.send!(port);

// What waits for a turn of the loop, a finalizer or a closing socket has had it by then.
async function measure(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) {
    globalThis.gc!();
    await new Promise((resolve) => setImmediate(resolve));
  }
  process.send!(residentMemory().anonymousBytes);
}
