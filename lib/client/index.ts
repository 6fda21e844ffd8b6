/** The door of the client: a small transport to a Kubernetes API server, and list-and-watch. */

export { Backoff } from './backoff.js';
export type { BackoffOptions } from './backoff.js';
export { createApiClient } from './client.js';
export type { ApiClient, ApiClientOptions, ApiRequest, ApiResponse } from './client.js';
export type { ClientConfig, Impersonation, Material } from './config.js';
export { ClientError } from './error.js';
export type { ClientErrorCode } from './error.js';
export { inClusterConfig } from './in-cluster.js';
export type { InClusterOptions } from './in-cluster.js';
export { readKubeconfig } from './kubeconfig.js';
export type { KubeconfigSource } from './kubeconfig.js';
export { startReflector } from './reflector.js';
export type { Reflector, ReflectorOptions } from './reflector.js';
export type { ApiWatchEvent } from './response.js';
