/** The door of the transports: they listen, make request records, and pump answers. */

export { GZIP_BYTES_MIN, acceptsGzip, compress, gzipAnswer } from './compress.js';
export { TRANSPORT_LIMITS } from './contract.js';
export type {
  CloseOptions,
  DescriptorState,
  ListenerDescriptors,
  ListenOptions,
  Listener,
  Mount,
  MountOptions,
  NodeHandler,
  ServingCertificate,
  TlsOptions,
  Transport,
  TransportClock,
  TransportErrorPlace,
  TransportLimits,
} from './contract.js';
export { TransportError } from './error.js';
export type { TransportErrorCode } from './error.js';
export { LocalTransport } from './local.js';
export type { LocalAnswer, LocalRequest, LocalTransportOptions } from './local.js';
export { GZIP_CACHE_BYTES_MAX, GzipCache } from './gzip-cache.js';
export { fastifyPlugin } from './node/fastify.js';
export type { FastifyPlugin, FastifyRouteHandler, FastifyScope } from './node/fastify.js';
export { listen, nodeTransport } from './node/listen.js';
export { mount } from './node/mount.js';
