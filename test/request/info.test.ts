import test from 'ava';
import { booleanParameter, isStatusError, parseRequestInfo } from '../../lib/request/index.js';
import type { RequestInfo } from '../../lib/request/index.js';

const nothing: RequestInfo = {
  isResourceRequest: false,
  path: '',
  verb: 'get',
  apiPrefix: '',
  group: '',
  version: '',
  namespace: '',
  resource: '',
  subresource: '',
  name: '',
  parts: [],
  fieldSelector: '',
  labelSelector: '',
};
const core: RequestInfo = {
  ...nothing,
  isResourceRequest: true,
  apiPrefix: 'api',
  version: 'v1',
};
const grouped: RequestInfo = {
  ...nothing,
  isResourceRequest: true,
  apiPrefix: 'apis',
  group: 'g.example',
  version: 'v1',
};

type Row = readonly [method: string, target: string, expected: Partial<RequestInfo>];

function read(method: string, target: string): RequestInfo {
  const [path = '', query = ''] = target.split('?');
  return parseRequestInfo(method, path, new URLSearchParams(query));
}

const nonResource: readonly Row[] = [
  ['GET', '/', {}],
  ['GET', '/healthz', {}],
  ['POST', '/healthz', { verb: 'post' }],
  ['GET', '/api', {}],
  ['GET', '/api/v1', {}],
  ['GET', '/apis', {}],
  ['GET', '/apis/g.example', {}],
  ['GET', '/apis/g.example/v1', {}],
  ['GET', '/apis/g.example/v1/', {}],
  ['HEAD', '/openapi/v3/apis/g.example/v1', { verb: 'head' }],
  ['GET', '/other/a/b/c/d', {}],
];

for (const [method, target, expected] of nonResource) {
  test(`no resource: ${method} ${target}`, (t) => {
    t.deepEqual(read(method, target), { ...nothing, path: target, ...expected });
  });
}

const W = { resource: 'widgets', parts: ['widgets'] };
const N = { ...W, namespace: 'a' };
const X = { name: 'x', parts: ['widgets', 'x'] };
const ns = '/apis/g.example/v1/namespaces/a/widgets';
const all = '/apis/g.example/v1/widgets';

const groupedRows: readonly Row[] = [
  ['GET', all, { ...W, verb: 'list' }],
  ['HEAD', all, { ...W, verb: 'list' }],
  ['GET', ns, { ...N, verb: 'list' }],
  ['GET', `${ns}/`, { ...N, verb: 'list' }],
  ['POST', ns, { ...N, verb: 'create' }],
  ['DELETE', ns, { ...N, verb: 'deletecollection' }],
  ['OPTIONS', ns, { ...N, verb: '' }],
  ['GET', `${ns}/x`, { ...N, ...X, verb: 'get' }],
  ['HEAD', `${ns}/x`, { ...N, ...X, verb: 'get' }],
  ['PUT', `${ns}/x`, { ...N, ...X, verb: 'update' }],
  ['PATCH', `${ns}/x`, { ...N, ...X, verb: 'patch' }],
  ['DELETE', `${ns}/x`, { ...N, ...X, verb: 'delete' }],
  [
    'PATCH',
    `${ns}/x/status`,
    { ...N, ...X, verb: 'patch', subresource: 'status', parts: ['widgets', 'x', 'status'] },
  ],
  [
    'GET',
    `${ns}/x/proxy/some/path`,
    {
      ...N,
      ...X,
      subresource: 'proxy',
      parts: ['widgets', 'x', 'proxy', 'some', 'path'],
    },
  ],
  // An object read by name is no watch, whatever the query says.
  ['GET', `${ns}/x?watch=true`, { ...N, ...X, verb: 'get' }],
  ['GET', `${ns}/caf%C3%A9`, { ...N, name: 'caf\u00e9', parts: ['widgets', 'caf\u00e9'] }],
  ['GET', '/apis/g.example/v1/namespaces/a%2Fwidgets/x', { ...N, ...X }],
  ['GET', '/apis/g.example/v1/watch/widgets', { ...W, verb: 'watch' }],
  ['GET', '/apis/g.example/v1/watch/namespaces/a/widgets/x', { ...N, ...X, verb: 'watch' }],
  [
    'GET',
    '/apis/g.example/v1/proxy/widgets/x/y',
    { ...W, verb: 'proxy', name: 'x', parts: ['widgets', 'x', 'y'] },
  ],
];

const selecting: readonly Row[] = [
  [
    'GET',
    `${ns}?fieldSelector=metadata.name%3Dx&labelSelector=a%3Db`,
    { ...N, verb: 'list', name: 'x', fieldSelector: 'metadata.name=x', labelSelector: 'a=b' },
  ],
  [
    'GET',
    `${ns}?watch=true&fieldSelector=spec.a%3Db,metadata.name%3D%3Dx`,
    { ...N, verb: 'watch', name: 'x', fieldSelector: 'spec.a=b,metadata.name==x' },
  ],
  [
    'GET',
    `${ns}?fieldSelector=metadata.name!%3Dx`,
    { ...N, verb: 'list', fieldSelector: 'metadata.name!=x' },
  ],
  [
    'GET',
    `${ns}?fieldSelector=metadata.name%3D..`,
    { ...N, verb: 'list', fieldSelector: 'metadata.name=..' },
  ],
  ['GET', `${ns}?fieldSelector=nonsense`, { ...N, verb: 'list', fieldSelector: 'nonsense' }],
  [
    'GET',
    `${ns}?fieldSelector=metadata.name%3Dx&limit=many`,
    { ...N, verb: 'list', fieldSelector: 'metadata.name=x' },
  ],
  [
    'GET',
    `${ns}?fieldSelector=metadata.name%3Dx&labelSelector=a%3D%3D%3D`,
    { ...N, verb: 'list', fieldSelector: 'metadata.name=x', labelSelector: 'a===' },
  ],
  [
    'DELETE',
    `${ns}?fieldSelector=metadata.name%3Dx`,
    { ...N, verb: 'deletecollection', fieldSelector: 'metadata.name=x' },
  ],
  ['POST', `${ns}?fieldSelector=metadata.name%3Dx`, { ...N, verb: 'create' }],
];

for (const [method, target, expected] of [...groupedRows, ...selecting]) {
  test(`resource: ${method} ${target}`, (t) => {
    const path = decodeURIComponent(target.split('?')[0] ?? '');
    t.deepEqual(read(method, target), { ...grouped, path, ...expected });
  });
}

const coreRows: readonly Row[] = [
  ['GET', '/api/v1/pods', { resource: 'pods', parts: ['pods'], verb: 'list' }],
  ['GET', '/api/v1/namespaces', { resource: 'namespaces', parts: ['namespaces'], verb: 'list' }],
  [
    'GET',
    '/api/v1/namespaces/a',
    { resource: 'namespaces', namespace: 'a', name: 'a', parts: ['namespaces', 'a'] },
  ],
  [
    'PUT',
    '/api/v1/namespaces/a/finalize',
    {
      resource: 'namespaces',
      namespace: 'a',
      name: 'a',
      subresource: 'finalize',
      parts: ['namespaces', 'a', 'finalize'],
      verb: 'update',
    },
  ],
  [
    'GET',
    '/api/v1/namespaces/a/pods/p/log',
    {
      resource: 'pods',
      namespace: 'a',
      name: 'p',
      subresource: 'log',
      parts: ['pods', 'p', 'log'],
    },
  ],
];

for (const [method, target, expected] of coreRows) {
  test(`core resource: ${method} ${target}`, (t) => {
    t.deepEqual(read(method, target), { ...core, path: target, ...expected });
  });
}

const truth: readonly (readonly [string, boolean])[] = [
  ['', false],
  ['watch', true],
  ['watch=', true],
  ['watch=true', true],
  ['watch=1', true],
  ['watch=no', true],
  ['watch=0', false],
  ['watch=false', false],
  ['watch=FALSE', false],
  ['watch=false&watch=true', false],
];

for (const [query, expected] of truth) {
  test(`the parameter in "${query}" is ${expected}`, (t) => {
    t.is(booleanParameter(new URLSearchParams(query), 'watch'), expected);
    t.is(read('GET', `${ns}?${query}`).verb, expected ? 'watch' : 'list');
  });
}

test('a path that can not be decoded is a bad request', (t) => {
  for (const path of ['/apis/g/v1/%zz', '/api/v1/pods/%', '/api/v1/pods/%ff']) {
    const error = t.throws(() => read('GET', path));
    t.true(isStatusError(error) && error.code === 400, path);
  }
});

test('a path verb without a resource is refused', (t) => {
  for (const path of ['/api/v1/watch', '/apis/g/v1/proxy']) {
    const error = t.throws(() => read('GET', path));
    t.true(isStatusError(error) && error.code === 500);
    t.is(
      error?.message,
      'Internal error occurred: failed to create RequestInfo: unable to determine kind and ' +
        `namespace from url, ${path}`,
    );
  }
});
