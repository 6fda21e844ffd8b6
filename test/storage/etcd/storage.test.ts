/**
 * The storage over etcd: the conformance suite on every version that is here.
 *
 * The tests of a version share one etcd, each at a prefix of its own and one after the other, since
 * they count revisions. Once no recent changes are held, so that watches from behind replay.
 */

import test, { type TestFn } from 'ava';

import { EncryptedStorage } from '../../../lib/storage/encryption/index.js';
import { VALUE_BYTES_MAX, type Storage } from '../../../lib/storage/index.js';
import { EtcdStorage, type EtcdStorageOptions } from '../../../lib/storage/etcd/index.js';
import { registerConformance } from '../conformance.js';
import { aesgcm, rulesOf } from '../encryption/configuration.js';
import type { Etcd } from '../../witness/tools/index.js';
import { ETCDS, NEWEST, startCluster, type EtcdCluster } from './member.js';

/** The largest value with its key, and what etcd adds. */
const FLAGS = ['--max-request-bytes', String(4 * 1024 * 1024)];

interface Variant {
  readonly about: string;
  readonly etcd: Etcd;
  readonly limits: Pick<EtcdStorageOptions, 'recentBytesMax' | 'valueBytesMax'>;
  /** What is put over the storage. */
  readonly over: (storage: EtcdStorage, pathPrefix: string) => Storage;
}

const plain = (storage: EtcdStorage): Storage => storage;

const VARIANTS: readonly Variant[] = [
  ...ETCDS.map((etcd) => ({ about: '', etcd, limits: {}, over: plain })),
  { about: ', replaying', etcd: NEWEST, limits: { recentBytesMax: 0 }, over: plain },
  {
    about: ', encrypted',
    etcd: NEWEST,
    // What is encrypted is larger than what is written.
    limits: { valueBytesMax: VALUE_BYTES_MAX + 1_024 },
    over: (storage, pathPrefix) => {
      const rules = rulesOf(aesgcm(['key', 1]));
      return new EncryptedStorage({ storage, pathPrefix, rules: () => rules });
    },
  },
];

for (const { about, etcd, limits, over } of VARIANTS) {
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
    const client = { endpoints };
    const options = { client, prefix, clock, ...limits };
    return over(await EtcdStorage.open(options), prefix);
  });
}
