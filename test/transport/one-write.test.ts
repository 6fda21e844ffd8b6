/** Head and body of a short answer over HTTP/1.1, as one write. */

import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';

import { latin1Source, type Answer, type Handler } from '../../lib/request/index.js';
import { sendableName } from '../../lib/transport/node/field.js';
import { endInOneWrite } from '../../lib/transport/node/response.js';
import { bench } from './fixture.js';

const LAST = 'GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/** What comes back for these requests, sent at once, until the server ends the connection. */
function exchange(port: number, ...paths: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  for (const path of paths) socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  socket.write(LAST);
  return text(socket);
}

/** A server of node:http; what it answers, and what its socket was given to write by `respond`. */
async function served(
  t: ExecutionContext,
  respond: (response: ServerResponse) => void,
): Promise<{ readonly answers: string; readonly writes: readonly unknown[] }> {
  const writes: unknown[] = [];
  const server = createServer((_, response) => {
    const { socket } = response;
    if (socket === null) return respond(response);
    const write = socket.write.bind(socket);
    socket.write = ((...given: Parameters<typeof write>) => {
      writes.push(given[0]);
      return write(...given);
    }) as typeof socket.write;
    respond(response);
    socket.write = write;
  });
  t.teardown(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const answers = await exchange((server.address() as AddressInfo).port);
  return { answers, writes };
}

test('head and body are one write, and the connection goes on as Node has it', async (t) => {
  const { answers, writes } = await served(t, (response) => {
    response.writeHead(200, ['X-One', 'a', 'Content-Length', '4']);
    t.true(endInOneWrite(response, 'b\u00e9dy'));
    t.true(response.writableEnded);
  });
  t.is(writes.length, 1);
  t.true(answers.startsWith('HTTP/1.1 200 OK\r\nX-One: a\r\n'));
  t.is(Buffer.byteLength(answers.slice(answers.indexOf('\r\n\r\n') + 4), 'latin1'), 4);
});

for (const [what, prepare] of [
  ['no head yet', () => undefined],
  ['a head that is sent', (response) => response.writeHead(200).flushHeaders()],
  ['writes that are gathered', (response) => response.writeHead(200).socket?.cork()],
] as const satisfies readonly (readonly [string, (response: ServerResponse) => void])[]) {
  test(`with ${what} nothing is done`, async (t) => {
    const { answers } = await served(t, (response) => {
      prepare(response);
      t.false(endInOneWrite(response, 'not sent'));
      t.false(response.writableEnded);
      response.end('sent');
    });
    t.regex(answers, /sent/);
    t.notRegex(answers, /not sent/);
  });
}

test('answers of one connection come in the order of its requests', async (t) => {
  let release: () => void = () => undefined;
  const answer = (path: string): Answer => ({
    status: 200,
    headers: [],
    source: latin1Source(`<${path}>`),
  });
  const handler: Handler = ({ path }) => {
    if (path === '/last') setImmediate(() => release());
    if (path !== '/late') return answer(path);
    return new Promise((resolve) => (release = () => resolve(answer(path))));
  };
  const { listener } = await bench(t, 'HTTP/1.1', handler);
  const received = await exchange(listener.port, '/first', '/late', '/next');
  t.deepEqual(received.match(/<[^>]*>/g), ['</first>', '</late>', '</next>', '</last>']);
});

test('what a field must not have in it is refused under a known name, too', (t) => {
  t.is(sendableName('X-Known', 'a'), 'x-known');
  t.is(sendableName('X-Known', 'b'), 'x-known');
  for (const [name, value] of [
    ['X-Known', 'a\r\nb'],
    ['X-Known', '\u0100'],
    ['X Unknown', 'a'],
  ] as const) {
    t.throws(() => sendableName(name, value), { instanceOf: TypeError });
  }
});
