import test from 'ava';
import {
  StatusError,
  bytesAnswer,
  emptyAnswer,
  isStatusError,
  jsonAnswer,
  notFound,
  pageNotFound,
  statusAnswer,
  successStatus,
  textAnswer,
  toStatusError,
  tooManyInFlight,
} from '../../lib/request/index.js';
import { bodyText, headersOf } from './read-answer.js';

const widgets = { group: 'example.com', resource: 'widgets' };

test('a StatusError is known across copies of the package', (t) => {
  class OtherCopy extends Error {
    readonly code = 404;
    constructor() {
      super('x');
      Object.defineProperty(this, Symbol.for('shardwatch.StatusError'), { value: true });
    }
  }
  t.true(isStatusError(new OtherCopy()));
  t.true(new OtherCopy() instanceof StatusError);
  for (const other of [undefined, null, 'x', {}, new Error('x')]) {
    t.false(isStatusError(other));
    t.false((other as unknown) instanceof StatusError);
  }
  t.true(notFound(widgets, 'x') instanceof Error);
});

test('what nobody meant for a client is served as an internal error', (t) => {
  const cause = new TypeError('x is undefined');
  const error = toStatusError(cause);
  t.is(error.code, 500);
  t.is(error.message, 'Internal error occurred: x is undefined');
  t.is(error.cause, cause);
  t.is(toStatusError('text').message, 'Internal error occurred: text');
  const known = notFound(widgets, 'x');
  t.is(toStatusError(known), known);
});

test('a deletion done is a Status of success', (t) => {
  t.is(
    JSON.stringify(successStatus({ uid: 'u', kind: 'widgets', group: 'example.com', name: 'x' })),
    '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success",' +
      '"details":{"name":"x","group":"example.com","kind":"widgets","uid":"u"}}',
  );
  t.is(
    JSON.stringify(successStatus()),
    '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success"}',
  );
});

test('answers carry their content type and further headers', (t) => {
  const json = jsonAnswer(201, { a: 1 }, [['Warning', '299 - "w"']]);
  t.is(json.status, 201);
  t.is(bodyText(json), '{"a":1}\n');
  t.deepEqual(json.headers, [
    ['Content-Type', 'application/json'],
    ['Warning', '299 - "w"'],
  ]);
  const bytes = new Uint8Array([1, 2]);
  t.deepEqual(bytesAnswer(200, bytes, 'a/b').source, { type: 'bytes', bytes });
  t.is(headersOf(textAnswer(200, 'ok'))['content-type'], 'text/plain; charset=utf-8');
  t.is(bodyText(textAnswer(200, 'ok')), 'ok');
  t.is(bodyText(emptyAnswer(304)), '');
  t.deepEqual(emptyAnswer(304).headers, []);
});

test('errors are answered as Status, with their headers', (t) => {
  const answer = statusAnswer(notFound(widgets, 'x'), [['X-A', 'b']]);
  t.is(answer.status, 404);
  t.is(bodyText(answer), `${JSON.stringify(notFound(widgets, 'x').toStatus())}\n`);
  t.deepEqual(headersOf(answer), { 'content-type': 'application/json', 'x-a': 'b' });
  t.is(statusAnswer(new Error('boom')).status, 500);
});

test('some errors are answered as text', (t) => {
  const missing = statusAnswer(pageNotFound());
  t.is(missing.status, 404);
  t.is(bodyText(missing), '404 page not found\n');
  t.is(headersOf(missing)['content-type'], 'text/plain; charset=utf-8');
  const full = statusAnswer(tooManyInFlight());
  t.is(bodyText(full), 'Too many requests, please try again later.\n');
  t.is(headersOf(full)['retry-after'], '1');
});
