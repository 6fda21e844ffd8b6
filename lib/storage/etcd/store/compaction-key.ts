/**
 * Compaction of an etcd that many servers share: one of them does it, and all of them know.
 *
 * The protocol is kube-apiserver's (`storage/etcd3/compact.go`), so that its servers and ours may
 * share an etcd: the version of the key `compact_rev_key` is a clock. Every interval each server
 * tries to move it on; who does, compacts up to the revision that it saw one interval before and
 * writes that into the key. The others learn the version, and from the key what is compacted.
 */

import { systemClock, type Timer } from '../../clock.js';
import {
  COMPACTION_INTERVAL_MS,
  type Compaction,
  type CompactionOptions,
} from '../../compaction.js';
import type { EtcdClient } from '../client/client.js';
import { keyBytes } from '../client/key-range.js';
import { COMPARE_RESULT, COMPARE_TARGET } from '../client/kv.js';
import type { EtcdWatch } from '../client/watcher.js';
import type { KeyValue } from '../rpc/range_pb.js';

/** As kube-apiserver's. */
export const COMPACTION_KEY = 'compact_rev_key';
const KEY = keyBytes(COMPACTION_KEY);

/** Compacts `compact`'s storage in turn with other servers, until stopped. */
export function startSharedCompaction(
  client: EtcdClient,
  compact: (revision: bigint) => Promise<void>,
  options: CompactionOptions = {},
): Compaction {
  const clock = options.clock ?? systemClock;
  const intervalMs = options.intervalMs ?? COMPACTION_INTERVAL_MS;
  if (!(intervalMs > 0))
    throw new RangeError(`intervalMs must be above 0, but it is ${intervalMs}`);
  let isStopped = false;
  let state = { version: 0n, revision: 0n };
  let timer: Timer = clock.setTimer(intervalMs, () => void round());
  return {
    stop: () => {
      isStopped = true;
      timer.cancel();
    },
  };

  async function round(): Promise<void> {
    try {
      const { isMine, version, revision } = await advance(client, state);
      const seen = state.revision;
      state = { version, revision };
      if (isMine && seen > 0n && !isStopped) await compact(seen);
    } catch (error) {
      options.onError?.(error);
    }
    if (!isStopped) timer = clock.setTimer(intervalMs, () => void round());
  }
}

/** Tells of every revision that is compacted, by whomever, beginning with the last one. */
export function followCompaction(
  client: EtcdClient,
  onCompacted: (revision: bigint) => void,
): EtcdWatch {
  client.kv.range({ key: KEY }).then(
    ({ kvs }) => tell(kvs[0], onCompacted),
    () => undefined,
  );
  return client.watch(
    { key: KEY },
    {
      onEvents: (events) => tell(events.at(-1)?.kv, onCompacted),
      // A user who may not read the key learns it from etcd's refusals.
      onEnd: () => undefined,
    },
  );
}

function tell(kv: KeyValue | undefined, onCompacted: (revision: bigint) => void): void {
  const revision = compactedIn(kv);
  if (revision !== undefined) onCompacted(revision);
}

/** What the value of the key says; `undefined` where it says nothing. */
export function compactedIn(kv: KeyValue | undefined): bigint | undefined {
  const text = Buffer.from(kv?.value ?? []).toString();
  return /^\d+$/.test(text) ? BigInt(text) : undefined;
}

async function advance(
  client: EtcdClient,
  { version, revision }: { readonly version: bigint; readonly revision: bigint },
): Promise<{ readonly isMine: boolean; readonly version: bigint; readonly revision: bigint }> {
  const value = keyBytes(String(revision));
  const { succeeded, responses, header } = await client.kv.txn({
    compare: [
      {
        key: KEY,
        result: COMPARE_RESULT.equal,
        target: COMPARE_TARGET.version,
        targetUnion: { case: 'version', value: version },
      },
    ],
    success: [{ request: { case: 'requestPut', value: { key: KEY, value } } }],
    failure: [{ request: { case: 'requestRange', value: { key: KEY } } }],
  });
  const reached = header?.revision ?? 0n;
  if (succeeded) return { isMine: true, version: version + 1n, revision: reached };
  const answer = responses[0]?.response;
  const kv = answer?.case === 'responseRange' ? answer.value.kvs[0] : undefined;
  return { isMine: false, version: kv?.version ?? 0n, revision: reached };
}
