/** Descriptors of listening sockets: a duplicate accepts, and outlives the one it was made of. */

import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import test from 'ava';

import { closeListener, duplicateListener, EngineError } from '../../../lib/engine/index.js';
import { nodeTransport } from '../../../lib/transport/index.js';
import { systemClock } from '../../../lib/storage/index.js';
import { bytesAnswer } from '../../../lib/request/index.js';

const listening = async (text: string, descriptor?: number) =>
  nodeTransport.listen({
    handler: async () => bytesAnswer(200, Buffer.from(text), 'text/plain'),
    clock: systemClock,
    host: '127.0.0.1',
    port: 0,
    ...(descriptor === undefined ? {} : { descriptor }),
  });

test('a duplicate accepts on the same port when the first one is closed', async (t) => {
  const first = await listening('first');
  const descriptor = duplicateListener(first.descriptor!);
  t.not(descriptor, first.descriptor);
  const second = await listening('second', descriptor);
  t.is(second.port, first.port);
  t.is(second.address, first.address);
  await first.close({ graceMs: 0 });
  t.is(first.descriptor, undefined);
  const answer = await fetch(`http://127.0.0.1:${second.port}/`);
  t.is(await answer.text(), 'second');
  await second.close({ graceMs: 0 });
  const refused = connect(second.port, '127.0.0.1');
  const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
  t.is(error.code, 'ECONNREFUSED');
});

test('what is no socket that listens is refused', async (t) => {
  const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(client, 'connect');
  const { fd } = (client as unknown as { readonly _handle: { readonly fd: number } })._handle;
  const file = openSync(fileURLToPath(import.meta.url), 'r');
  for (const descriptor of [fd, file, 999_999, 2 ** 40]) {
    const refused = { instanceOf: EngineError, code: 'invalid-descriptor' };
    t.throws(() => duplicateListener(descriptor), refused, `${descriptor}`);
    closeListener(descriptor);
  }
  // They are open as before.
  t.true(fstatSync(file).isFile());
  t.true(fstatSync(fd).isSocket());
  closeSync(file);
  client.destroy();
  server.close();
});

test('a duplicate that nobody took over is closed', async (t) => {
  const first = await listening('first');
  const descriptor = duplicateListener(first.descriptor!);
  t.true(fstatSync(descriptor).isSocket());
  closeListener(descriptor);
  t.throws(() => fstatSync(descriptor), { code: 'EBADF' });
  await first.close({ graceMs: 0 });
});
