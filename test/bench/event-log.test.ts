/** What a client of watches is given to compare with, and that it compares. */

import test, { type ExecutionContext } from 'ava';
import { readFileSync, statSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { BYTES_AT, EventLog } from '../../bench/peers/event-log.js';
import { LoadClient, loadClientProblem } from '../../bench/peers/load-client.js';
import { ROOT } from '../../bench/machine.js';

test.before(async () => {
  const { buildLoadClient } = (await import(
    pathToFileURL(join(ROOT, 'scripts', 'load-client.mjs')).href
  )) as { buildLoadClient: () => Promise<string | undefined> };
  await buildLoadClient();
});

test('events stand one behind the other, with their ends and the time', (t) => {
  const log = new EventLog();
  t.teardown(() => log.close());
  const before = process.hrtime.bigint();
  log.write(Buffer.from('one\n'));
  log.write(Buffer.from('three\n'));
  const file = readFileSync(log.path);
  t.is(log.count, 2);
  t.is(file.toString('latin1', BYTES_AT, BYTES_AT + 10), 'one\nthree\n');
  t.is(file.readBigUInt64LE(0), 4n);
  t.is(file.readBigUInt64LE(16), 10n);
  t.true(file.readBigUInt64LE(8) >= before);
  t.is(file.readBigUInt64LE(32), 0n);
  t.true(statSync(log.path).blocks < 100);
});

const WATCHES = 7;

/** A server that gives all its watches what the test writes. */
async function watched(t: ExecutionContext) {
  const responses: ServerResponse[] = [];
  const server = createServer((_, response) => {
    responses.push(response);
    response.writeHead(200).flushHeaders();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  t.teardown(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const log = new EventLog();
  t.teardown(() => log.close());
  const { port } = server.address() as AddressInfo;
  const options = { protocol: 'http', connections: WATCHES, targets: ['/'] } as const;
  const client = await LoadClient.start({ ...options, port, log: log.path });
  t.teardown(() => client.close());
  return { responses, log, client };
}

if (loadClientProblem() === undefined || process.platform === 'linux') {
  test('a client tells when all watches have an event, however it was cut', async (t) => {
    const { responses, log, client } = await watched(t);
    t.is(responses.length, WATCHES);
    log.write(Buffer.from('{"type":"ADDED"}\n'));
    log.write(Buffer.from('{"type":"DELETED"}\n'));
    const reached = client.reach(2);
    for (const response of responses) {
      response.write('{"type":');
      response.write('"ADDED"}\n{"type":"DELE');
      response.write('TED"}\n');
    }
    await reached;
    const { count, p50Us, p99Us, maxUs } = await client.latencies();
    t.is(count, 2 * WATCHES);
    t.true(p50Us > 0 && p50Us <= p99Us && p99Us <= maxUs);
    t.is((await client.latencies()).count, 0);
  });

  for (const [about, sent] of [
    ['changed by one byte', '{"type":"ADDEF"}\n'],
    ['sent before it was there', '{"type":"ADDED"}\n{'],
  ] as const) {
    test(`a client refuses an event that was ${about}`, async (t) => {
      const { responses, log, client } = await watched(t);
      log.write(Buffer.from('{"type":"ADDED"}\n'));
      const reached = client.reach(2);
      responses[3]?.write(sent);
      await t.throwsAsync(reached, { message: /byte (0|17) of its body: not what was to come/ });
    });
  }

  test('a client refuses a watch that ends', async (t) => {
    const { responses, client } = await watched(t);
    const reached = client.reach(1);
    responses[0]?.end();
    await t.throwsAsync(reached, { message: /a watch has ended/ });
  });
}
