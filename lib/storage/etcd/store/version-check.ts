/** Refuses an etcd that is too old, rather than to fail on what it lacks, later and one by one. */

import { StorageError } from '../../contract.js';
import type { EtcdError } from '../client/error.js';
import type { MaintenanceClient } from '../client/maintenance.js';

/** Progress of watches and fragments of answers came with it. */
const OLDEST = { major: 3, minor: 4 } as const;
/** What a member that is away may hold an attempt up. */
const PATIENCE_MS = 1_000;

/**
 * Throws `unsupported-format` where a member that answers is older than 3.4, naming it. One that
 * does not answer soon, or does not let this user ask, is passed over.
 */
export async function checkVersions(
  maintenance: Pick<MaintenanceClient, 'status'>,
  endpoints: readonly string[],
): Promise<void> {
  const versions = await Promise.all(
    endpoints.map(async (endpoint) => {
      const asked = maintenance
        .status(endpoint, { timeoutMs: PATIENCE_MS })
        .catch((error: EtcdError) => error);
      const status = await asked;
      return { endpoint, version: 'version' in status ? status.version : undefined };
    }),
  );
  const old = versions.find(({ version }) => version !== undefined && isTooOld(version));
  if (old === undefined) return;
  const { major, minor } = OLDEST;
  const message = `etcd at ${old.endpoint} is version ${old.version}; it takes ${major}.${minor}`;
  throw new StorageError('unsupported-format', `${message} or later`);
}

function isTooOld(version: string): boolean {
  const [, major = 0, minor = 0] = (/^(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
  return major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor);
}
