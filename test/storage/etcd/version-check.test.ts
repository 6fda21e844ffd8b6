/** Which versions of etcd a storage takes. */

import test from 'ava';

import { EtcdClient, EtcdError, type StatusResponse } from '../../../lib/storage/etcd/index.js';
import { checkVersions } from '../../../lib/storage/etcd/store/version-check.js';
import { throwsCode } from '../conformance/subject.js';
import { ETCDS, startCluster } from './member.js';

for (const etcd of ETCDS) {
  test(`etcd ${etcd.version} is new enough`, async (t) => {
    const { endpoints } = await startCluster(t, { etcd });
    const client = new EtcdClient({ endpoints });
    t.teardown(() => client.close());
    t.is((await client.maintenance.status(endpoints[0]!)).version, etcd.version);
    await t.notThrowsAsync(() => checkVersions(client.maintenance, endpoints));
  });
}

// No machine has such an old one any more; of what a member tells, only the version counts.
const told = (versions: {
  readonly [endpoint: string]: string;
}): Parameters<typeof checkVersions>[0] => ({
  status: async (endpoint) => {
    const version = versions[endpoint];
    if (version === undefined) throw new EtcdError('unavailable', 'away', { endpoint });
    return { version } as StatusResponse;
  },
});

test('one old member among new ones is refused and named', async (t) => {
  const members = { 'http://a:1': '3.5.1', 'http://b:1': '3.3.27', 'http://c:1': '3.4.0' };
  await throwsCode(
    t,
    'unsupported-format',
    () => checkVersions(told(members), Object.keys(members)),
    /^etcd at http:\/\/b:1 is version 3\.3\.27; it takes 3\.4 or later$/,
  );
  await throwsCode(t, 'unsupported-format', () => checkVersions(told({ a: '2.3.8' }), ['a']));
});

test('later versions are taken, and a member that is away holds nothing up', async (t) => {
  for (const version of ['3.4.0', '3.7.0-alpha.0', '4.0.0', '10.1.2']) {
    await t.notThrowsAsync(() => checkVersions(told({ a: version }), ['a', 'away']));
  }
});
