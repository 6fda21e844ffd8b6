/**
 * The storage over etcd: the conformance suite on every version that is here.
 *
 * The tests of a version share one etcd, each at a prefix of its own and one after the other, since
 * they count revisions. Once no recent changes are held, so that watches from behind replay.
 */

import test, { type TestFn } from 'ava';

import { EtcdStorage } from '../../../lib/storage/etcd/index.js';
import { registerConformance } from '../conformance.js';
import type { Etcd } from '../../witness/tools/index.js';
import { ETCDS, NEWEST, startCluster, type EtcdCluster } from './member.js';

/** The largest value with its key, and what etcd adds. */
const FLAGS = ['--max-request-bytes', String(4 * 1024 * 1024)];

const VARIANTS: readonly (readonly [about: string, etcd: Etcd, recentBytesMax: number])[] = [
  ...ETCDS.map((etcd) => ['', etcd, 32 * 1024 * 1024] as const),
  [', replaying', NEWEST, 0],
];

for (const [about, etcd, recentBytesMax] of VARIANTS) {
  let cluster: Promise<EtcdCluster> | undefined;
  let opened = 0;
  let stop = async (): Promise<void> => undefined;
  const start = (): Promise<EtcdCluster> =>
    startCluster({ teardown: (end) => (stop = async () => end()) }, { etcd, flags: FLAGS });
  test.after.always(() => stop());
  registerConformance(test.serial as TestFn, `etcd ${etcd.version}${about}`, async (_t, clock) => {
    cluster ??= start();
    const { endpoints } = await cluster;
    const prefix = `/conformance/${opened++}`;
    return EtcdStorage.open({ client: { endpoints }, prefix, clock, recentBytesMax });
  });
}
