import test from 'ava';
import {
  alreadyExists,
  applyConflict,
  badRequest,
  conflict,
  expired,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  forbidden,
  generateNameConflict,
  gone,
  internalError,
  invalid,
  methodNotAllowed,
  notAcceptable,
  notFound,
  pageNotFound,
  requestEntityTooLarge,
  serverTimeout,
  serviceUnavailable,
  timeout,
  tooLargeResourceVersion,
  tooManyInFlight,
  tooManyRequests,
  unauthorized,
  unprocessable,
  unsupportedMediaType,
} from '../../lib/request/index.js';
import type { StatusError } from '../../lib/request/index.js';

const widgets = { group: 'demo.example.com', resource: 'widgets', kind: 'Widget' };
const details = { name: 'x', group: 'demo.example.com', kind: 'widgets' };

interface Row {
  readonly error: StatusError;
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details?: unknown;
}

const rows: readonly Row[] = [
  { error: badRequest('no'), code: 400, reason: 'BadRequest', message: 'no' },
  { error: unauthorized(), code: 401, reason: 'Unauthorized', message: 'Unauthorized' },
  {
    error: forbidden('not you', widgets, 'x'),
    code: 403,
    reason: 'Forbidden',
    message: 'widgets.demo.example.com "x" is forbidden: not you',
    details,
  },
  {
    error: forbidden('not you', widgets),
    code: 403,
    reason: 'Forbidden',
    message: 'widgets.demo.example.com is forbidden: not you',
    details: { group: 'demo.example.com', kind: 'widgets' },
  },
  {
    error: forbidden('not you'),
    code: 403,
    reason: 'Forbidden',
    message: 'forbidden: not you',
    details: {},
  },
  {
    error: notFound(widgets, 'x'),
    code: 404,
    reason: 'NotFound',
    message: 'widgets.demo.example.com "x" not found',
    details,
  },
  {
    error: notFound({ group: '', resource: 'pods' }, 'a"b'),
    code: 404,
    reason: 'NotFound',
    message: 'pods "a\\"b" not found',
    details: { name: 'a"b', kind: 'pods' },
  },
  {
    error: pageNotFound(),
    code: 404,
    reason: 'NotFound',
    message: 'the server could not find the requested resource',
  },
  {
    error: methodNotAllowed(widgets, 'patch'),
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'patch is not supported on resources of kind "widgets.demo.example.com"',
    details: { group: 'demo.example.com', kind: 'widgets' },
  },
  {
    error: notAcceptable(['application/json', 'application/yaml']),
    code: 406,
    reason: 'NotAcceptable',
    message: 'only the following media types are accepted: application/json, application/yaml',
  },
  {
    error: alreadyExists(widgets, 'x'),
    code: 409,
    reason: 'AlreadyExists',
    message: 'widgets.demo.example.com "x" already exists',
    details,
  },
  {
    error: generateNameConflict(widgets, 'x'),
    code: 409,
    reason: 'AlreadyExists',
    message:
      'widgets.demo.example.com "x" already exists, the server was not able to generate a ' +
      'unique name for the object',
    details: { ...details, retryAfterSeconds: 1 },
  },
  {
    error: conflict(widgets, 'x'),
    code: 409,
    reason: 'Conflict',
    message:
      'Operation cannot be fulfilled on widgets.demo.example.com "x": the object has been ' +
      'modified; please apply your changes to the latest version and try again',
    details,
  },
  {
    error: conflict(
      widgets,
      'x',
      'Precondition failed: UID in precondition: a, UID in object meta: b',
    ),
    code: 409,
    reason: 'Conflict',
    message:
      'Operation cannot be fulfilled on widgets.demo.example.com "x": Precondition failed: ' +
      'UID in precondition: a, UID in object meta: b',
    details,
  },
  {
    error: applyConflict('Apply failed', [{ field: '.spec', message: 'm', reason: 'r' }]),
    code: 409,
    reason: 'Conflict',
    message: 'Apply failed',
    details: { causes: [{ reason: 'r', message: 'm', field: '.spec' }] },
  },
  {
    error: expired('The resourceVersion for the provided list is too old.'),
    code: 410,
    reason: 'Expired',
    message: 'The resourceVersion for the provided list is too old.',
  },
  { error: gone('away'), code: 410, reason: 'Gone', message: 'away' },
  {
    error: requestEntityTooLarge('limit is 3145728'),
    code: 413,
    reason: 'RequestEntityTooLarge',
    message: 'Request entity too large: limit is 3145728',
  },
  {
    error: unsupportedMediaType(['application/json', 'application/yaml']),
    code: 415,
    reason: 'UnsupportedMediaType',
    message:
      'the body of the request was in an unknown format - accepted media types include: ' +
      'application/json, application/yaml',
  },
  {
    error: invalid(widgets, 'x', [fieldInvalid('spec.size', 0, 'must be positive')]),
    code: 422,
    reason: 'Invalid',
    message:
      'Widget.demo.example.com "x" is invalid: spec.size: Invalid value: 0: must be positive',
    details: {
      name: 'x',
      group: 'demo.example.com',
      kind: 'Widget',
      causes: [
        {
          reason: 'FieldValueInvalid',
          message: 'Invalid value: 0: must be positive',
          field: 'spec.size',
        },
      ],
    },
  },
  {
    error: invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [
      fieldForbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'),
      fieldRequired('b'),
      fieldRequired('b'),
    ]),
    code: 422,
    reason: 'Invalid',
    message:
      'ListOptions.meta.k8s.io "" is invalid: [sendInitialEvents: Forbidden: sendInitialEvents ' +
      'is forbidden for list, b: Required value]',
    details: {
      group: 'meta.k8s.io',
      kind: 'ListOptions',
      causes: [
        {
          reason: 'FieldValueForbidden',
          message: 'Forbidden: sendInitialEvents is forbidden for list',
          field: 'sendInitialEvents',
        },
        { reason: 'FieldValueRequired', message: 'Required value', field: 'b' },
        { reason: 'FieldValueRequired', message: 'Required value', field: 'b' },
      ],
    },
  },
  {
    error: invalid({ group: '', kind: 'Pod' }, 'x'),
    code: 422,
    reason: 'Invalid',
    message: 'Pod "x" is invalid',
    details: { name: 'x', kind: 'Pod' },
  },
  {
    error: unprocessable(widgets, 'x', 'test failed'),
    code: 422,
    reason: 'Invalid',
    message: 'the server rejected our request due to an error in our request',
    details: {
      ...details,
      causes: [{ reason: 'UnexpectedServerResponse', message: 'test failed' }],
    },
  },
  {
    error: tooManyRequests('storage is (re)initializing', 6),
    code: 429,
    reason: 'TooManyRequests',
    message: 'storage is (re)initializing',
    details: { retryAfterSeconds: 6 },
  },
  {
    error: tooManyInFlight(),
    code: 429,
    reason: 'TooManyRequests',
    message: 'Too many requests, please try again later.',
    details: { retryAfterSeconds: 1 },
  },
  {
    error: internalError('boom'),
    code: 500,
    reason: 'InternalError',
    message: 'Internal error occurred: boom',
    details: { causes: [{ message: 'boom' }] },
  },
  {
    error: serverTimeout(widgets, 'list', 2),
    code: 500,
    reason: 'ServerTimeout',
    message:
      'The list operation against widgets.demo.example.com could not be completed at this ' +
      'time, please try again.',
    details: {
      name: 'list',
      group: 'demo.example.com',
      kind: 'widgets',
      retryAfterSeconds: 2,
    },
  },
  {
    error: serviceUnavailable('apiserver is shutting down', 1),
    code: 503,
    reason: 'ServiceUnavailable',
    message: 'apiserver is shutting down',
    details: { retryAfterSeconds: 1 },
  },
  {
    error: timeout(),
    code: 504,
    reason: 'Timeout',
    message: 'Timeout: request did not complete within the allotted timeout',
    details: {},
  },
  {
    error: tooLargeResourceVersion('9', '7'),
    code: 504,
    reason: 'Timeout',
    message: 'Timeout: Too large resource version: 9, current: 7',
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  },
];

for (const [index, row] of rows.entries()) {
  test(`${row.code} ${row.reason} has upstream's body (${index})`, (t) => {
    t.is(
      JSON.stringify(row.error.toStatus()),
      JSON.stringify({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: row.message,
        reason: row.reason,
        ...(row.details === undefined ? {} : { details: row.details }),
        code: row.code,
      }),
    );
    t.is(row.error.message, row.message);
  });
}

test('an expired list tells where it may go on', (t) => {
  t.deepEqual(expired('too old', 'token').toStatus().metadata, { continue: 'token' });
});

test('a hint when to retry is a header as well', (t) => {
  t.deepEqual(tooLargeResourceVersion('9', '7').headers(), [['Retry-After', '1']]);
  t.deepEqual(tooLargeResourceVersion('9', '7', 0).headers(), []);
  t.deepEqual(badRequest('no').headers(), []);
});

test('the cause of an error is kept', (t) => {
  const cause = new Error('disk');
  t.is(internalError('boom', cause).cause, cause);
  t.false('cause' in badRequest('no'));
});
