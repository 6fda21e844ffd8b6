/**
 * `shardwatch serve`: from flags to a running server, and down again on a signal.
 *
 * 1. Whatever the user can mend (a bad file, a port in use, a folder that another server holds)
 *    ends with one sentence on standard error and exit code 1, before anything is listened on.
 * 2. One line on standard output says that the server is ready and where; scripts wait for it.
 * 3. SIGINT and SIGTERM stop it gracefully; a second signal stops it at once.
 */

import { join } from 'node:path';
import {
  AuthError,
  clientCertificateAuthenticator,
  generateCertificates,
  readTokenFile,
  writeKubeconfig,
  type GeneratedCertificates,
} from '../auth/index.js';
import { EngineError, type EngineKind } from '../engine/index.js';
import { MetricsRegistry } from '../metrics/index.js';
import type { ResourceType } from '../object/index.js';
import { DefinitionError, readResourceTypes } from '../rest/index.js';
import { StorageError, systemClock } from '../storage/index.js';
import { makeFolder } from '../storage/lmdb/index.js';
import { TransportError, type TlsOptions } from '../transport/index.js';
import { ServerError } from './error.js';
import { FlagError } from './flag-error.js';
import { readFlagFile } from './flag-file.js';
import { loadObjects, LoadError } from './load.js';
import { lineLogger, type Logger } from './logger.js';
import type { ListeningServer } from './lifecycle.js';
import { openStore, storeKind, type StoreOptions } from './open-store.js';
import { servedOptions, type ServedFlags } from './serve-thread.js';
import { createServer, type ApiServer } from './server.js';

/** The flags of `shardwatch serve`, as its `--help` explains them. */
export interface ServeOptions extends StoreOptions {
  readonly bindAddress: string;
  readonly securePort: number;
  readonly insecurePort?: number;
  readonly crd: readonly string[];
  readonly load: readonly string[];
  readonly writeKubeconfig?: string;
  readonly tokenAuthFile?: string;
  readonly tlsCertFile?: string;
  readonly tlsPrivateKeyFile?: string;
  readonly clientCaFile?: string;
  readonly engine: EngineKind | 'auto';
  readonly threads: number;
  readonly eventWindow: number;
  readonly freshnessFallback: 'storage' | 'refuse';
  readonly consistencyCheckInterval: number;
  readonly maxRequestsInflight: number;
  readonly maxMutatingRequestsInflight: number;
  readonly requestTimeout: number;
  readonly minRequestTimeout: number;
  readonly shutdownGracePeriod: number;
  readonly shutdownDelayDuration: number;
  readonly shutdownWatchTerminationGracePeriod: number;
  readonly v: number;
}

/** Serves until a signal comes; resolves to the exit code. */
export async function serve(options: ServeOptions): Promise<number> {
  const logger = lineLogger((line) => process.stderr.write(line), options.v);
  const opened: Opened = { releases: [] };
  try {
    const running = await start(options, logger, opened);
    // Listened for first: who waits for the line may send a signal before the next statement runs.
    const stopped = stopSignal(logger);
    process.stdout.write(`${readyLine(options, running)}\n`);
    await stopped;
    await running.server.close({
      graceMs: options.shutdownGracePeriod,
      delayMs: options.shutdownDelayDuration,
      watchGraceMs: options.shutdownWatchTerminationGracePeriod,
    });
    return 0;
  } catch (error) {
    if (!isForTheUser(error)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    return 1;
  } finally {
    for (const release of opened.releases.reverse()) await release();
  }
}

interface Opened {
  /** What has to be undone at the end, in the order in which it was done. */
  readonly releases: (() => Promise<void>)[];
}

interface Running {
  readonly server: ApiServer;
  readonly listeners: readonly ListeningServer[];
  readonly types: readonly ResourceType[];
}

async function start(options: ServeOptions, logger: Logger, opened: Opened): Promise<Running> {
  const types = await readTypes(options);
  makeDataFolder(options.dataDir);
  const certificates = await generateCertificates({
    directory: join(options.dataDir, 'pki'),
    hosts: [options.bindAddress],
    clock: systemClock,
  });
  const tls = await servingTls(options, certificates);
  const flags = await servedFlags(options, types, certificates);
  const metrics = new MetricsRegistry();
  const { storage, checks, startCompaction, close } = await openStore(options, { metrics, logger });
  opened.releases.push(close);
  const compaction = startCompaction();
  opened.releases.push(async () => compaction.stop());
  const server = createServer({
    ...(await servedOptions(flags, logger)),
    storage,
    engine: options.engine,
    history: { windowMs: options.eventWindow },
    consistencyCheckIntervalMs: options.consistencyCheckInterval,
    healthChecks: checks,
    maxRequestsInflight: options.maxRequestsInflight,
    maxMutatingRequestsInflight: options.maxMutatingRequestsInflight,
    metrics,
    threads: {
      count: options.threads,
      module: new URL('./serve-thread.js', import.meta.url),
      data: flags,
    },
  });
  opened.releases.push(() => server.close({ graceMs: 0 }));
  await server.settled();
  const loaded = await loadObjects(options.load, types, (request) => server.inject(request));
  logger.info({ ...loaded }, 'objects loaded');
  return { server, types, listeners: await listen(options, server, tls, certificates) };
}

function makeDataFolder(path: string): void {
  try {
    makeFolder(path);
  } catch (error) {
    throw new FlagError(`--data-dir: ${(error as Error).message}`);
  }
}

async function readTypes(options: ServeOptions): Promise<readonly ResourceType[]> {
  const types = await readResourceTypes(options.crd);
  if (types.length === 0) {
    throw new FlagError('nothing to serve: name a CustomResourceDefinition with --crd FILE|FOLDER');
  }
  return types;
}

async function servingTls(
  options: ServeOptions,
  certificates: GeneratedCertificates,
): Promise<TlsOptions> {
  const { tlsCertFile, tlsPrivateKeyFile } = options;
  if ((tlsCertFile === undefined) !== (tlsPrivateKeyFile === undefined)) {
    throw new FlagError('--tls-cert-file and --tls-private-key-file belong together');
  }
  const clientCa = certificates.authority.cert;
  if (tlsCertFile === undefined || tlsPrivateKeyFile === undefined) {
    return { key: certificates.serving.key, cert: certificates.serving.cert, clientCa };
  }
  return {
    key: await readFlagFile('--tls-private-key-file', tlsPrivateKeyFile),
    cert: await readFlagFile('--tls-cert-file', tlsCertFile),
    clientCa,
  };
}

async function servedFlags(
  options: ServeOptions,
  types: readonly ResourceType[],
  certificates: GeneratedCertificates,
): Promise<ServedFlags> {
  const { tokenAuthFile, freshnessFallback, requestTimeout, minRequestTimeout, v } = options;
  return {
    types,
    authorities: await trustedAuthorities(options, certificates),
    tokens: tokenAuthFile === undefined ? undefined : readTokenFile(tokenAuthFile),
    freshnessFallback,
    requestTimeoutMs: requestTimeout,
    minRequestTimeoutMs: minRequestTimeout,
    verbosity: v,
  };
}

async function trustedAuthorities(
  options: ServeOptions,
  certificates: GeneratedCertificates,
): Promise<string> {
  const own = certificates.authority.cert;
  if (options.clientCaFile === undefined) return own;
  const given = await readFlagFile('--client-ca-file', options.clientCaFile);
  // Read by itself first, so that an error names this file and not the two together.
  await clientCertificateAuthenticator({
    authorities: given,
    name: options.clientCaFile,
    clock: systemClock,
  });
  return `${own}\n${given}`;
}

async function listen(
  options: ServeOptions,
  server: ApiServer,
  tls: TlsOptions,
  certificates: GeneratedCertificates,
): Promise<ListeningServer[]> {
  const host = options.bindAddress;
  const secure = await server.listen({ host, port: options.securePort, tls });
  const listeners = [secure];
  if (options.insecurePort !== undefined) {
    listeners.push(await server.listen({ host, port: options.insecurePort }));
  }
  if (options.writeKubeconfig !== undefined) {
    writeKubeconfig(options.writeKubeconfig, {
      server: secure.url,
      ca: options.tlsCertFile === undefined ? certificates.authority.cert : String(tls.cert),
      cert: certificates.client.cert,
      key: certificates.client.key,
    });
  }
  return listeners;
}

function readyLine(options: ServeOptions, { server, types, listeners }: Running): string {
  const urls = listeners.map(({ url }) => url).join(' and ');
  const threads = options.threads === 1 ? '' : `, ${options.threads} threads`;
  const about =
    `${types.length} resource types, ${storeKind(options)} store, ` +
    `${server.engine} engine${threads}`;
  return `shardwatch is ready on ${urls} (${about})`;
}

// The handlers stay: without one for a moment, a second signal would end the process by itself.
function stopSignal(logger: Logger): Promise<void> {
  return new Promise((resolve) => {
    let isStopping = false;
    const stop = (signal: NodeJS.Signals): void => {
      if (isStopping) process.exit(1);
      isStopping = true;
      logger.info({ signal }, 'stopping');
      resolve();
    };
    process.on('SIGINT', stop).on('SIGTERM', stop);
  });
}

function isForTheUser(error: unknown): error is Error {
  return [
    AuthError,
    DefinitionError,
    EngineError,
    FlagError,
    LoadError,
    ServerError,
    StorageError,
    TransportError,
  ].some((known) => error instanceof known);
}
