/**
 * A handler mounted in somebody else's server: node:http, node:https or node:http2 (through its
 * compatibility layer), or a framework that passes their requests on.
 *
 * 1. The server, its connections and its limits stay its owner's: nothing here ends a connection
 *    but to break off an answer that HTTP/1.1 can't break off in another way.
 * 2. A request outside of the prefix is passed on, or answered 404 where nobody is next.
 * 3. After `close` requests still reach the handler, which says what is refused; watches end at
 *    once.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Duplex } from 'node:stream';

import { pageNotFound, statusAnswer } from '../../request/index.js';
import { TRANSPORT_LIMITS } from '../contract.js';
import type { Mount, MountOptions, NodeHandler } from '../contract.js';
import { guardedReport, TransportError } from '../error.js';
import { targetBelow } from '../target.js';
import type { MountedTarget } from '../target.js';
import { TurnQueue } from '../turns.js';
import { ForeignConnections } from './connections.js';
import { NodeContext } from './context.js';
import { acceptHttp1 } from './http1.js';
import { acceptHttp2 } from './http2-response.js';
import { acceptUpgrade } from './upgrade.js';

/**
 * Makes request listeners of a handler. Throws a TransportError `bad-prefix` for a prefix that is
 * no path or ends with a slash.
 */
export function mount(options: MountOptions): Mount {
  const { prefix = '', clock } = options;
  assertPrefix(prefix);
  const onError = guardedReport(options.onError);
  const contextFor = (handler: MountOptions['handler']): NodeContext =>
    new NodeContext({
      exchanges: {
        handler,
        turns: new TurnQueue(),
        clock,
        onError,
        streaming: new Set(),
        closing: false,
      },
      clock,
      limits: { ...TRANSPORT_LIMITS, ...options.limits },
      connections: new ForeignConnections(),
      onError,
    });
  const context = contextFor(options.handler);
  const outside = contextFor(async () => statusAnswer(pageNotFound()));
  return {
    nodeHandler: nodeHandler(prefix, context, outside),
    close: ({ graceMs, watchGraceMs = 0 }) => closeContext(context, graceMs, watchGraceMs),
  };
}

function nodeHandler(prefix: string, context: NodeContext, outside: NodeContext): NodeHandler {
  const handle = (
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
    next?: () => void,
  ): void => {
    const mounted = targetOf(request, prefix);
    if (mounted === undefined && next !== undefined) {
      next();
    } else if (response.headersSent) {
      const message = 'somebody else has answered the request: it is mounted behind that';
      context.onError(new TransportError('already-answered', message), 'handler');
    } else {
      serve(mounted === undefined ? outside : context, request, response, mounted);
    }
  };
  const upgrade = (
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    next?: () => void,
  ): void => {
    const mounted = targetOf(request, prefix);
    if (mounted === undefined && next !== undefined) next();
    else acceptUpgrade(mounted === undefined ? outside : context, request, socket, head, mounted);
  };
  return Object.assign(handle, { prefix, upgrade });
}

function serve(
  context: NodeContext,
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
  mounted: MountedTarget | undefined,
): void {
  if (isHttp2(request)) {
    const target = mounted ?? { target: request.url, basePath: '' };
    acceptHttp2(context, request, response as Http2ServerResponse, target);
  } else {
    const options = mounted === undefined ? {} : { mounted };
    acceptHttp1(context, request, response as ServerResponse, options);
  }
}

const isHttp2 = (request: IncomingMessage | Http2ServerRequest): request is Http2ServerRequest =>
  request.httpVersionMajor === 2;

/**
 * Express cuts the path off by which it found a handler, and keeps the whole as `originalUrl`. So
 * the prefix may be given here, there, or in both places.
 */
function targetOf(
  request: IncomingMessage | Http2ServerRequest,
  prefix: string,
): MountedTarget | undefined {
  const { url = '', originalUrl = url } = request as { url?: string; originalUrl?: string };
  const mounted = targetBelow(prefix, url) ?? targetBelow(prefix, originalUrl);
  if (mounted === undefined || originalUrl === url) return mounted;
  return { ...mounted, basePath: basePathOf(originalUrl, mounted) };
}

// The rest is a tail of the original, but for the slash of a path that is nothing but the prefix.
function basePathOf(originalUrl: string, { target, basePath }: MountedTarget): string {
  const tail = originalUrl.endsWith(target) ? target : target.slice(1);
  return originalUrl.endsWith(tail)
    ? originalUrl.slice(0, originalUrl.length - tail.length)
    : basePath;
}

/** Segments of RFC 3986 §3.3, none of them empty, `.` or `..`. */
const PREFIX = /^(?:\/(?!\.{1,2}(?:\/|$))(?:[\w.~!$&'()+,;=:@-]|%[0-9A-Fa-f]{2})+)*$/;

function assertPrefix(prefix: string): void {
  if (typeof prefix === 'string' && PREFIX.test(prefix)) return;
  const given = JSON.stringify(prefix);
  throw new TransportError(
    'bad-prefix',
    `the prefix ${given} is no path such as "/k8s": it begins with a slash, does not end with ` +
      'one, and has no pattern in it; leave it out to serve every path',
  );
}

async function closeContext(
  context: NodeContext,
  graceMs: number,
  watchGraceMs: number,
): Promise<void> {
  const idle = context.whenIdle();
  context.close(watchGraceMs);
  if (graceMs <= 0) {
    context.destroy();
  } else {
    const timer = context.clock.setTimer(graceMs, () => context.destroy());
    void idle.then(() => timer.cancel());
  }
  await idle;
}
