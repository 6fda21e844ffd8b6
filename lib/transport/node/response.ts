/**
 * Writes into Node's response objects, HTTP/1.1's and those of HTTP/2's compatibility layer, which
 * others may have had their hands on before: middleware of the server that one is mounted in.
 *
 * 1. What was set by `setHeader` before is sent, too, unless the answer says otherwise.
 * 2. Middleware that wraps `write` (compression, say) may drop callbacks, read the bytes later
 *    than it returns, and hold them back until it has more. So it gets a copy, `drain` says when it
 *    takes more, and its `flush` is called, if it has one, after every write.
 */

import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';

import { assertSendable } from './field.js';

export type NodeResponse = ServerResponse | Http2ServerResponse;

/**
 * Sends the head; `fields` are names and values in turn. Throws when one can't be sent; the
 * response is as before then.
 */
export function writeHead(response: NodeResponse, status: number, fields: readonly string[]): void {
  const lines = new Map<string, { name: string; readonly values: string[] }>();
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [name = '', value = ''] = fields.slice(index, index + 2);
    assertSendable(name, value);
    const line = lines.get(name.toLowerCase());
    if (line === undefined) lines.set(name.toLowerCase(), { name, values: [value] });
    else line.values.push(value);
  }
  // Of a body that somebody else meant to send.
  for (const name of ['content-length', 'content-encoding']) response.removeHeader(name);
  for (const { name, values } of lines.values()) {
    response.setHeader(name, values.length === 1 ? (values[0] ?? '') : values);
  }
  response.writeHead(status);
}

/**
 * Ends a response whose head has been made and not been sent yet: head and body, a text of latin1,
 * as one write of one text. Node's `end` makes two of them, of which the second is empty, and has
 * the kernel gather them. False where that can't be done, and nothing has been.
 *
 * Node keeps the head under names that are not documented: where they are not there, nothing is
 * done.
 */
export function endInOneWrite(response: ServerResponse, body: string): boolean {
  const { socket } = response;
  const outgoing = response as unknown as { _header?: unknown; _headerSent?: unknown };
  const { _header: head, _headerSent: isSent } = outgoing;
  if (typeof head !== 'string' || isSent !== false) return false;
  // An answer before this one is still being sent; somebody gathers writes.
  if (socket === null || !socket.writable || socket.writableCorked > 0) return false;
  outgoing._headerSent = true;
  socket.write(head + body, 'latin1');
  response.end();
  return true;
}

/** Writes; `taken` as in AnswerStream. */
export function write(response: NodeResponse, bytes: Uint8Array, taken: () => void): void {
  if (!isWrapped(response)) {
    (response as ServerResponse).write(bytes, taken);
    return;
  }
  const goesOn = (response as ServerResponse).write(Uint8Array.from(bytes));
  flush(response);
  // A microtask later: the caller goes on when it is taken, and is not through with this write yet.
  if (goesOn === false) whenDrained(response, taken);
  else queueMicrotask(taken);
}

// Once: middleware may move a listener for `drain` to where it can't be taken off any more.
function whenDrained(response: NodeResponse, taken: () => void): void {
  let isTaken = false;
  const settle = (): void => {
    if (isTaken) return;
    isTaken = true;
    response.off('drain', settle);
    response.off('close', settle);
    taken();
  };
  response.on('drain', settle);
  response.on('close', settle);
}

/** Sends what wrapping middleware holds back. */
export function flush(response: NodeResponse): void {
  const { flush: flushOwn } = response as { flush?: unknown };
  if (Object.hasOwn(response, 'flush') && typeof flushOwn === 'function') flushOwn.call(response);
}

/** Whether middleware has put methods of its own over the response's. */
export function isWrapped(response: NodeResponse): boolean {
  return Object.hasOwn(response, 'write') || Object.hasOwn(response, 'end');
}

/** Whether the response is as Node made it: no header set, no method replaced. */
export function isUntouched(response: NodeResponse): boolean {
  return (
    !isWrapped(response) &&
    !Object.hasOwn(response, 'writeHead') &&
    response.getHeaderNames().length === 0
  );
}
