/**
 * HTTP/1.1 upgrades (RFC 9110 §7.8): the handler decides. It answers with a connect source and gets
 * the connection, or with anything else and the request counts as an ordinary one, as a server that
 * does not know the protocol must treat it (`Upgrade: h2c` of curl, for instance).
 *
 * Node stops parsing at the head of such a request, so it can have no body, and its connection
 * ends with the answer.
 */

import { STATUS_CODES, ServerResponse } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex as NodeDuplex } from 'node:stream';

import type { Answer, ConnectSource } from '../../request/index.js';
import type { Headers } from '../stream.js';
import type { MountedTarget } from '../target.js';
import type { NodeContext } from './context.js';
import { duplexOf } from './duplex.js';
import { assertSendable } from './field.js';
import type { Http1Server } from './http1.js';
import { acceptHttp1 } from './http1.js';

export function serveUpgrades(server: Http1Server, context: NodeContext): void {
  server.on('upgrade', (request, socket, head) => acceptUpgrade(context, request, socket, head));
}

/** Serves one request for an upgrade. */
export function acceptUpgrade(
  context: NodeContext,
  request: IncomingMessage,
  socket: NodeDuplex,
  head: Buffer,
  mounted?: MountedTarget,
): void {
  socket.on('error', ignore);
  if (hasBody(request)) {
    socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    return;
  }
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  try {
    response.assignSocket(socket as Socket);
  } catch {
    // Sent before an earlier request of the connection was answered: nobody may do that.
    socket.destroy();
    return;
  }
  response.once('finish', () => (socket as Socket).destroySoon());
  if (head.byteLength > 0) socket.unshift(head);
  acceptHttp1(context, request, response, {
    connect: (answer, source) => connect(response, socket as Socket, answer, source),
    ...(mounted === undefined ? {} : { mounted }),
  });
}

function connect(
  response: ServerResponse,
  socket: Socket,
  answer: Answer,
  source: ConnectSource,
): void {
  const head = headText(answer.status, answer.headers);
  // The response object would end the socket's life with its own; `close` still reports the end.
  socket.once('close', () => response.emit('close'));
  response.detachSocket(socket);
  socket.write(head);
  source.connect(duplexOf(socket));
}

function headText(status: number, headers: Headers): string {
  const lines = headers.map(([name, value]) => {
    assertSendable(name, value);
    return `${name}: ${value}\r\n`;
  });
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n`;
}

function hasBody(request: IncomingMessage): boolean {
  const length = request.headers['content-length'];
  return (
    request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
  );
}

function ignore(): void {}
