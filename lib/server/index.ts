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
export type { InjectedRequest } from './inject.js';
export {
  ApiServer,
  createServer,
  type ListeningServer,
  type ServerListenOptions,
  type ServerOptions,
} from './server.js';
export { packageVersion, versionDocument } from './version.js';
