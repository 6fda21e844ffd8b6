import test from 'ava';
import { createOpenApiHandler, openApiV3Document, openApiV3Root } from '../../lib/openapi/index.js';
import type { Answer } from '../../lib/request/index.js';
import { team, widget } from '../discovery/types.js';
import { makeRecord } from '../request/make-record.js';
import type { RecordOptions } from '../request/make-record.js';
import { bodyText, headersOf } from '../request/read-answer.js';

const types = [widget, team];
const now = Date.UTC(2024, 0, 1);
const handle = createOpenApiHandler(types);
const root = openApiV3Root(types);
const document = openApiV3Document('example.com', 'v1', types);
const path = '/openapi/v3/apis/example.com/v1';
const hash = document?.hash ?? '';

function request(target: string, options: RecordOptions = {}): Answer | undefined {
  return handle(makeRecord(target, options), now);
}

function header(name: string, value: string): RecordOptions {
  return { headers: [[name, value]] };
}

test('the root is served with an ETag', (t) => {
  for (const target of ['/openapi/v3', '/openapi/v3/', '/openapi/v3?timeout=32s']) {
    const answer = request(target, header('accept', 'application/json, */*'));
    t.is(answer?.status, 200);
    t.is(bodyText(answer), new TextDecoder().decode(root.bytes));
    t.deepEqual(headersOf(answer), {
      'content-type': 'application/json',
      etag: `"${root.hash}"`,
      vary: 'Accept',
    });
  }
  t.is(request('/openapi/v3', header('if-none-match', `"${root.hash}"`))?.status, 304);
});

test('a document without a hash may have changed the next time', (t) => {
  const answer = request(path);
  t.is(answer?.status, 200);
  t.is(bodyText(answer), new TextDecoder().decode(document?.bytes));
  t.deepEqual(headersOf(answer), {
    'content-type': 'application/json',
    etag: `"${hash}"`,
    vary: 'Accept',
  });
});

test('a document with its present hash is kept for a year', (t) => {
  const answer = request(`${path}?hash=${hash}`);
  t.is(answer?.status, 200);
  t.deepEqual(headersOf(answer), {
    'content-type': 'application/json',
    etag: `"${hash}"`,
    'cache-control': 'public, immutable',
    expires: 'Tue, 31 Dec 2024 00:00:00 GMT',
    vary: 'Accept',
  });
});

test('who has an older hash is sent to the present document', (t) => {
  const answer = request(`${path}?hash=OLD`);
  t.is(answer?.status, 301);
  t.deepEqual(headersOf(answer), { location: `${path}?hash=${hash}` });
  t.is(bodyText(answer), '');
});

test('who has the document does not get it again', (t) => {
  for (const target of [path, `${path}?hash=${hash}`]) {
    const answer = request(target, header('if-none-match', `"${hash}"`));
    t.is(answer?.status, 304);
    t.is(bodyText(answer), '');
    t.is(headersOf(answer)['etag'], `"${hash}"`);
  }
  t.is(request(path, header('if-none-match', '"OLD"'))?.status, 200);
});

const missing = [
  '/openapi',
  '/openapi/v2',
  '/openapi/v3/apis/other.com/v1',
  '/openapi/v3/apis/demo.example.com/v1alpha1',
  '/openapi/v3/api/v1',
  '/openapi/v3/version',
];

for (const target of missing) {
  test(`there is nothing at ${target}`, (t) => {
    const answer = request(target);
    t.is(answer?.status, 404);
    t.is(bodyText(answer), '404 page not found\n');
  });
}

test('other paths are left to others', (t) => {
  for (const target of ['/', '/apis', '/openapis', '/version']) {
    t.is(request(target), undefined);
  }
});

test('who takes no JSON is refused', (t) => {
  const protobuf = 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf';
  for (const target of ['/openapi/v3', path]) {
    t.is(request(target, header('accept', protobuf))?.status, 406);
    t.is(request(target, header('accept', `${protobuf}, application/json`))?.status, 200);
  }
});

test('documents are only read', (t) => {
  for (const target of ['/openapi/v3', path]) {
    const answer = request(target, { method: 'POST' });
    t.is(answer?.status, 405);
    t.is(headersOf(answer)['allow'], 'GET, HEAD');
    t.is(request(target, { method: 'HEAD' })?.status, 200);
  }
});
