import test from 'ava';
import type { ExecutionContext } from 'ava';
import {
  aggregatedDiscovery,
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
  compareVersions,
  storageVersionHash,
} from '../../lib/discovery/index.js';
import { defineResource } from '../../lib/rest/definition/index.js';
import { engine, team, widget } from './types.js';

const types = [team, widget];
const MAIN_VERBS = [
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'create',
  'update',
  'watch',
];
const STATUS_VERBS = ['get', 'patch', 'update'];

function exact(t: ExecutionContext, actual: unknown, expected: unknown): void {
  t.is(JSON.stringify(actual, undefined, 1), JSON.stringify(expected, undefined, 1));
}

test('versions are ordered as clients prefer them', (t) => {
  const ordered = [
    'v10',
    'v2',
    'v1',
    'v11beta2',
    'v10beta3',
    'v3beta1',
    'v12alpha1',
    'v11alpha2',
    'foo1',
    'foo10',
    'v1gamma1',
  ];
  t.deepEqual([...ordered].reverse().sort(compareVersions), ordered);
  t.is(compareVersions('v1', 'v1'), 0);
  t.is(compareVersions('x', 'x'), 0);
  t.true(compareVersions('v99999999999999999999', 'v99999999999999999998') < 0);
});

test('the groups in alphabetical order, their versions with the preferred one first', (t) => {
  exact(t, apiGroupList(types), {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: [
      {
        name: 'demo.example.com',
        versions: [
          { groupVersion: 'demo.example.com/v1', version: 'v1' },
          { groupVersion: 'demo.example.com/v1beta1', version: 'v1beta1' },
        ],
        preferredVersion: { groupVersion: 'demo.example.com/v1', version: 'v1' },
      },
      {
        name: 'example.com',
        versions: [{ groupVersion: 'example.com/v1', version: 'v1' }],
        preferredVersion: { groupVersion: 'example.com/v1', version: 'v1' },
      },
    ],
  });
});

test('one group', (t) => {
  exact(t, apiGroup(types, 'example.com'), {
    kind: 'APIGroup',
    apiVersion: 'v1',
    name: 'example.com',
    versions: [{ groupVersion: 'example.com/v1', version: 'v1' }],
    preferredVersion: { groupVersion: 'example.com/v1', version: 'v1' },
  });
  t.is(apiGroup(types, 'other.com'), undefined);
  t.is(apiGroup(types, ''), undefined);
});

test('the resources of a version, with the status where there is one', (t) => {
  exact(t, apiResourceList(types, 'demo.example.com', 'v1'), {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: 'demo.example.com/v1',
    resources: [
      {
        name: 'widgets',
        singularName: 'widget',
        namespaced: true,
        kind: 'Widget',
        verbs: MAIN_VERBS,
        shortNames: ['wd'],
        categories: ['all'],
        storageVersionHash: storageVersionHash(widget),
      },
      {
        name: 'widgets/status',
        singularName: '',
        namespaced: true,
        kind: 'Widget',
        verbs: STATUS_VERBS,
      },
    ],
  });
  exact(t, apiResourceList(types, 'example.com', 'v1'), {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: 'example.com/v1',
    resources: [
      {
        name: 'teams',
        singularName: 'team',
        namespaced: false,
        kind: 'Team',
        verbs: MAIN_VERBS,
        storageVersionHash: storageVersionHash(team),
      },
    ],
  });
  t.is(apiResourceList(types, 'demo.example.com', 'v1beta1')?.resources.length, 1);
});

test('a version that is not served is not there', (t) => {
  for (const version of ['v1alpha1', 'v2', '']) {
    t.is(apiResourceList(types, 'demo.example.com', version), undefined);
  }
  t.is(apiResourceList(types, '', 'v1'), undefined);
});

test('resources are in the order of their names, whatever the order of the types', (t) => {
  const kinds = ['Zebra', 'Ant', 'Mole'];
  const zoo = kinds.map((kind) => defineResource({ group: 'zoo.com', version: 'v1', kind }));
  t.deepEqual(
    apiResourceList(zoo, 'zoo.com', 'v1')?.resources.map(({ name }) => name),
    ['ants', 'moles', 'zebras'],
  );
});

test('the core group is at /api', (t) => {
  const address = [{ clientCIDR: '0.0.0.0/0', serverAddress: 'host:1' }];
  exact(t, apiVersions(types, 'host:1'), {
    kind: 'APIVersions',
    versions: [],
    serverAddressByClientCIDRs: address,
  });
  const core = defineResource({ group: '', version: 'v1', kind: 'Thing' });
  exact(t, apiVersions([core], 'host:1'), {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: address,
  });
  t.is(apiResourceList([core], '', 'v1')?.groupVersion, 'v1');
  t.deepEqual(apiGroupList([core]).groups, []);
});

test('the hash of the stored version is that of group, version and kind', (t) => {
  // printf 'demo.example.com/v1/Widget' | openssl dgst -sha256 -binary | head -c 8 | base64
  t.is(storageVersionHash(widget), 'bQ1YHmG75GQ=');
});

test('the aggregated form has all of it in one document', (t) => {
  const responseKind = { group: 'demo.example.com', version: 'v1', kind: 'Widget' };
  exact(t, aggregatedDiscovery(types), {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: [
      {
        metadata: { name: 'demo.example.com' },
        versions: [
          {
            version: 'v1',
            resources: [
              {
                resource: 'widgets',
                responseKind,
                scope: 'Namespaced',
                singularResource: 'widget',
                verbs: MAIN_VERBS,
                shortNames: ['wd'],
                categories: ['all'],
                subresources: [{ subresource: 'status', responseKind, verbs: STATUS_VERBS }],
              },
            ],
            freshness: 'Current',
          },
          {
            version: 'v1beta1',
            resources: [
              {
                resource: 'widgets',
                responseKind: { ...responseKind, version: 'v1beta1' },
                scope: 'Namespaced',
                singularResource: 'widget',
                verbs: MAIN_VERBS,
                shortNames: ['wd'],
                categories: ['all'],
              },
            ],
            freshness: 'Current',
          },
        ],
      },
      {
        metadata: { name: 'example.com' },
        versions: [
          {
            version: 'v1',
            resources: [
              {
                resource: 'teams',
                responseKind: { group: 'example.com', version: 'v1', kind: 'Team' },
                scope: 'Cluster',
                singularResource: 'team',
                verbs: MAIN_VERBS,
              },
            ],
            freshness: 'Current',
          },
        ],
      },
    ],
  });
  t.deepEqual(aggregatedDiscovery(types, 'core').items, []);
});

test('a type that is not served with all verbs tells those that it has, in their order', (t) => {
  const reviews = { ...team, verbs: ['watch', 'get', 'list'] };
  const listed = apiResourceList([reviews], 'example.com', 'v1')?.resources[0];
  t.deepEqual(listed?.verbs, ['get', 'list', 'watch']);
  t.false('storageVersionHash' in (listed ?? {}), 'it is not stored');
  const [group] = aggregatedDiscovery([reviews]).items;
  t.deepEqual(group?.versions[0]?.resources[0]?.verbs, ['get', 'list', 'watch']);
});

const told: readonly (readonly [string, string, string, string, readonly string[]])[] = [
  ['status', 'example.com', 'v1', 'Engine', STATUS_VERBS],
  ['scale', 'autoscaling', 'v1', 'Scale', STATUS_VERBS],
  ['eviction', 'policy', 'v1', 'Eviction', ['create']],
  ['report', 'example.com', 'v1', 'Engine', ['get', 'update']],
  ['restart', 'example.com', 'v1', 'Restart', ['create']],
  ['shell', 'example.com', 'v1', 'Engine', ['create', 'get']],
];

test('subresources are told with their verbs and kinds, in the list of a version', (t) => {
  const resources = apiResourceList([engine], 'example.com', 'v1')?.resources ?? [];
  t.deepEqual(
    resources.slice(1),
    told.map(([name, group, version, kind, verbs]) => {
      const foreign = group === 'example.com' ? {} : { group, version };
      const common = { name: `engines/${name}`, singularName: '', namespaced: true };
      return { ...common, ...foreign, kind, verbs };
    }),
  );
});

test('subresources are told with their verbs and kinds, in the aggregated document', (t) => {
  const [resource] = aggregatedDiscovery([engine]).items[0]?.versions[0]?.resources ?? [];
  t.deepEqual(
    resource?.subresources,
    told.map(([subresource, group, version, kind, verbs]) => {
      return { subresource, verbs, responseKind: { group, version, kind } };
    }),
  );
});
