/**
 * `shardwatch store defrag`: gives what compaction has freed in etcd's databases back to their file
 * systems, and to their quota.
 *
 *  1. One member at a time, since it answers nobody meanwhile; the leader last.
 *  2. Every member is asked first: where one is away, nothing is begun, since its absence and a
 *     pause of another one together may leave no majority.
 */

import { EtcdClient, EtcdError, type StatusResponse } from '../storage/etcd/index.js';
import { etcdAccess, type EtcdFlags } from './etcd-flags.js';
import { FlagError } from './flag-error.js';
import { STORE_EXIT } from './store-command.js';

/** All members of the cluster are to be named. */
export type DefragmentFlags = EtcdFlags & Required<Pick<EtcdFlags, 'etcdServers'>>;

/** Resolves to the exit code. */
export async function runDefragment(flags: DefragmentFlags, signal: AbortSignal): Promise<number> {
  try {
    await using client = new EtcdClient(await etcdAccess(flags));
    for (const { endpoint, status } of await members(client, signal)) {
      await client.maintenance.defragment(endpoint, { signal });
      const { dbSize } = await client.maintenance.status(endpoint, { signal });
      process.stdout.write(`${endpoint}: ${status.dbSize} bytes before, ${dbSize} now\n`);
    }
    return STORE_EXIT.done;
  } catch (error) {
    if (!(error instanceof EtcdError) && !(error instanceof FlagError)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    return signal.aborted ? STORE_EXIT.interrupted : STORE_EXIT.failed;
  }
}

interface Member {
  readonly endpoint: string;
  readonly status: StatusResponse;
}

async function members(client: EtcdClient, signal: AbortSignal): Promise<readonly Member[]> {
  const all = await Promise.all(
    client.endpoints.map(async (endpoint) => ({
      endpoint,
      status: await client.maintenance.status(endpoint, { signal }),
    })),
  );
  return [...all.filter((member) => !isLeader(member)), ...all.filter(isLeader)];
}

function isLeader({ status }: Member): boolean {
  return status.header?.memberId === status.leader;
}
