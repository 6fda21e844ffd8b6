/**
 * A mounted handler as a plugin of Fastify 5. Only the part of Fastify is named here that is used:
 * the package does not depend on it.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';

import type { NodeHandler } from '../contract.js';

/** What the plugin needs of the instance that it is registered with. */
export interface FastifyScope {
  /** The prefix that it is registered with. */
  readonly prefix: string;
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(
    contentType: '*',
    parser: (request: unknown, payload: unknown, done: (error: Error | null) => void) => void,
  ): unknown;
  all(path: string, handler: FastifyRouteHandler): unknown;
}

export type FastifyRouteHandler = (
  request: { readonly raw: IncomingMessage | Http2ServerRequest },
  reply: { readonly raw: ServerResponse | Http2ServerResponse; hijack(): unknown },
) => void;

export type FastifyPlugin = (
  instance: FastifyScope,
  options: unknown,
  done: (error?: Error) => void,
) => void;

/**
 * Serves the handler's prefix in a scope of its own, in which no body is parsed; the instance's
 * hooks run as before every route. Upgrades are no matter of Fastify's: pass them on with
 * `fastify.server.on('upgrade', handler.upgrade)`.
 *
 * Fails with an Error when it is registered with a prefix: the handler has its own.
 */
export function fastifyPlugin(handler: NodeHandler): FastifyPlugin {
  return (instance, _options, done) => {
    if (instance.prefix !== '') {
      done(
        new Error(
          `register the API server without a prefix: ${JSON.stringify(instance.prefix)} belongs ` +
            'to the options of nodeHandler',
        ),
      );
      return;
    }
    instance.removeAllContentTypeParsers();
    instance.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null));
    const route: FastifyRouteHandler = (request, reply) => {
      reply.hijack();
      handler(request.raw, reply.raw);
    };
    if (handler.prefix !== '') instance.all(handler.prefix, route);
    instance.all(`${handler.prefix}/*`, route);
    done();
  };
}
