/**
 * What the flags of `shardwatch serve` mean for every thread that serves: the first one reads the
 * files, and the others get what it has read, so that all of them serve the same.
 *
 * This is the module that further threads import.
 */

import {
  authenticatorChain,
  clientCertificateAuthenticator,
  tokenAuthenticator,
  type Authenticator,
  type TokenUser,
} from '../auth/index.js';
import type { ResourceType } from '../object/index.js';
import { systemClock } from '../storage/index.js';
import { lineLogger, type Logger } from './logger.js';
import type { ThreadContext, ThreadServerOptions } from './threads/index.js';

/** Plain data. */
export interface ServedFlags {
  readonly types: readonly ResourceType[];
  /** PEM of the authorities of client certificates. */
  readonly authorities: string;
  /** Undefined: tokens are not asked for. */
  readonly tokens: readonly TokenUser[] | undefined;
  readonly freshnessFallback: 'storage' | 'refuse';
  readonly requestTimeoutMs: number;
  readonly minRequestTimeoutMs: number;
  /** As of `--v`. */
  readonly verbosity: number;
}

export async function servedOptions(
  flags: ServedFlags,
  logger: Logger,
): Promise<ThreadServerOptions> {
  const { freshnessFallback, requestTimeoutMs, minRequestTimeoutMs } = flags;
  return {
    resources: flags.types,
    freshnessFallback,
    requestTimeoutMs,
    minRequestTimeoutMs,
    authenticator: await authenticatorOf(flags, logger),
    logger,
  };
}

export default function threadOptions({
  thread,
  data,
}: ThreadContext): Promise<ThreadServerOptions> {
  const flags = data as ServedFlags;
  const write = (line: string): void => {
    process.stderr.write(line.replace(/\n$/, ` thread=${thread}\n`));
  };
  return servedOptions(flags, lineLogger(write, flags.verbosity));
}

async function authenticatorOf(
  { authorities, tokens }: ServedFlags,
  logger: Logger,
): Promise<Authenticator> {
  const onRefused = (reason: string): void => logger.info({ reason }, 'client certificate refused');
  const chain: Authenticator[] = [
    await clientCertificateAuthenticator({ authorities, clock: systemClock, onRefused }),
  ];
  if (tokens !== undefined) chain.push(tokenAuthenticator(tokens));
  return authenticatorChain(chain);
}
