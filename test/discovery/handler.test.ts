import { createHash } from 'node:crypto';
import test from 'ava';
import {
  aggregatedDiscovery,
  apiGroup,
  apiGroupList,
  apiResourceList,
  createDiscoveryHandler,
} from '../../lib/discovery/index.js';
import type { Answer } from '../../lib/request/index.js';
import { defineResource } from '../../lib/rest/definition/index.js';
import { makeRecord } from '../request/make-record.js';
import { bodyJson, bodyText, headersOf } from '../request/read-answer.js';
import { team, widget } from './types.js';

const core = defineResource({ group: '', version: 'v1', kind: 'Thing' });
const types = [team, widget, core];
const handle = createDiscoveryHandler(types);

function get(
  path: string,
  accept?: string,
  more: readonly (readonly [string, string])[] = [],
): Answer | undefined {
  const headers = [...(accept === undefined ? [] : [['accept', accept] as const]), ...more];
  return handle(makeRecord(path, { headers }));
}

const V2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const V2_BETA = 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList';

const legacy: readonly (readonly [string, unknown])[] = [
  ['/apis', apiGroupList(types)],
  ['/apis/', apiGroupList(types)],
  ['/apis?timeout=32s', apiGroupList(types)],
  ['/apis/example.com', apiGroup(types, 'example.com')],
  ['/apis/demo.example.com/v1', apiResourceList(types, 'demo.example.com', 'v1')],
  ['/api/v1', apiResourceList(types, '', 'v1')],
];

for (const [path, expected] of legacy) {
  test(`legacy discovery at ${path}`, (t) => {
    for (const accept of [
      undefined,
      'application/json, */*',
      'application/json;as=Table, application/*',
    ]) {
      const answer = get(path, accept);
      t.is(answer?.status, 200);
      t.is(headersOf(answer)['content-type'], 'application/json');
      t.deepEqual(bodyJson(answer), JSON.parse(JSON.stringify(expected)));
    }
  });
}

test('the root tells where the server is', (t) => {
  const answer = get('/api', undefined, [['host', 'server.example:6443']]);
  t.deepEqual(bodyJson(answer), {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: 'server.example:6443' }],
  });
});

const others = [
  '/',
  '/version',
  '/apis/other.com',
  '/apis/demo.example.com/v2',
  '/apis/demo.example.com/v1alpha1',
  '/apis/demo.example.com/v1/widgets',
  '/apis//v1',
  '/api/v2',
  '/api/v1/things',
  '/apiss',
];

for (const path of others) {
  test(`${path} is left to others`, (t) => {
    t.is(get(path), undefined);
  });
}

const aggregatedFirst = [
  V2,
  `${V2},${V2_BETA},application/json`,
  'application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io;profile=nopeer',
  `${V2_BETA},${V2},application/json;q=0.9`,
];

for (const accept of aggregatedFirst) {
  test(`aggregated discovery for ${accept}`, (t) => {
    const answer = get('/apis', accept);
    const list = aggregatedDiscovery(types);
    const hash = createHash('sha512').update(JSON.stringify(list.items)).digest('hex');
    t.is(answer?.status, 200);
    t.deepEqual(headersOf(answer), {
      'content-type': V2,
      etag: `"${hash.toUpperCase()}"`,
      vary: 'Accept',
      'cache-control': 'public',
    });
    t.deepEqual(bodyJson(answer), JSON.parse(JSON.stringify(list)));
  });
}

test('the core group has an aggregated document of its own', (t) => {
  const answer = get('/api', V2);
  t.deepEqual(bodyJson(answer), JSON.parse(JSON.stringify(aggregatedDiscovery(types, 'core'))));
  t.not(headersOf(answer)['etag'], headersOf(get('/apis', V2))['etag']);
});

test('who has the present aggregated document does not get it again', (t) => {
  const etag = headersOf(get('/apis', V2))['etag'] ?? '';
  const answer = get('/apis', V2, [['if-none-match', etag]]);
  t.is(answer?.status, 304);
  t.is(bodyText(answer), '');
  t.is(headersOf(answer)['etag'], etag);
  t.is(get('/apis', V2, [['if-none-match', '"OLD"']])?.status, 200);
});

test('the older aggregated form, or that of one version, is not to be had', (t) => {
  t.is(headersOf(get('/apis', `${V2_BETA},application/json`))['content-type'], 'application/json');
  const one = get('/apis/example.com/v1', `${V2},application/json`);
  t.is(headersOf(one)['content-type'], 'application/json');
});

test('who takes no JSON is told what there is', (t) => {
  for (const accept of ['application/yaml', 'text/*', V2_BETA]) {
    const answer = get('/apis', accept);
    t.is(answer?.status, 406);
    t.is(
      (bodyJson(answer) as { message: string }).message,
      'only the following media types are accepted: application/json',
    );
  }
});

test('discovery is only read', (t) => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    const answer = handle(makeRecord('/apis/example.com', { method }));
    t.is(answer?.status, 405);
    t.is(headersOf(answer)['allow'], 'GET, HEAD');
    t.is((bodyJson(answer) as { reason: string }).reason, 'MethodNotAllowed');
  }
  t.is(handle(makeRecord('/apis', { method: 'HEAD' }))?.status, 200);
});
