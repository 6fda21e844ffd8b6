/** A server of a test's own, HTTP or HTTPS, that answers as the test says and is closed with it. */

import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ExecutionContext } from 'ava';

import { issue, keyOf } from '../auth/authority.js';
import type { Issued, IssueOptions } from '../auth/authority.js';

export interface TestServer {
  readonly url: string;
  readonly server: Server;
}

export async function serveHttp(
  t: ExecutionContext,
  listener: RequestListener,
): Promise<TestServer> {
  return listening(t, 'http', createHttpServer(listener));
}

/** Clients are asked for a certificate and may have any. */
export async function serveHttps(
  t: ExecutionContext,
  serving: Issued,
  listener: RequestListener,
): Promise<TestServer> {
  const server = createHttpsServer(
    { cert: serving.pem, key: await keyOf(serving), requestCert: true, rejectUnauthorized: false },
    listener,
  );
  return listening(t, 'https', server);
}

/** A certificate that is valid now. */
export function issueNow(options: IssueOptions): Promise<Issued> {
  return issue({ around: Date.now(), ...options });
}

export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Lets everything that is ready run. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Waits, turn by turn, for what is sure to come. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

async function listening(t: ExecutionContext, scheme: string, server: Server): Promise<TestServer> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return { url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
