/** The door of the server: an API server put together, and the parts of it that embedders touch. */

export {
  AggregatedServer,
  createAggregatedServer,
  type AggregatedAuthentication,
  type AggregatedAuthorization,
  type AggregatedListenOptions,
  type AggregatedServerOptions,
} from './aggregated.js';
export type { CertificateFiles } from './certificate-files.js';
export type { HealthCheck, HealthEndpoint } from './health.js';
export { type Inject, LoadError, loadObjects, type Loaded } from './load.js';
export { lineLogger, silentLogger, type LogFields, type Logger } from './logger.js';
export type { DiagnosticsChannel, DiagnosticsMessages, DiagnosticsRequest } from './diagnostics.js';
export { ServerError, type ServerErrorCode } from './error.js';
export type { InjectedRequest, InjectedUser } from './inject.js';
export { type InjectedEvent, InjectedResponse } from './injected-response.js';
export type {
  ListeningServer,
  NodeHandlerOptions,
  ServerCloseOptions,
  ServerListenOptions,
} from './lifecycle.js';
export type { ServerOptions } from './options.js';
export { ApiServer, createServer } from './server.js';
export type {
  ServingThread,
  ServingThreads,
  ThreadContext,
  ThreadModule,
  ThreadServerOptions,
} from './threads/index.js';
export { packageVersion, versionDocument } from './version.js';
