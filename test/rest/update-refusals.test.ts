/** PUT and PATCH refused: each fault with its code, reason and message, and nothing stored. */

import test from 'ava';
import type { Json } from './fixture.js';
import { JSON_PATCH, MERGE, TestServer, widget, WIDGETS_URL } from './fixture.js';

const LAMP = `${WIDGETS_URL}/lamp`;

async function withLamp(more = {}): Promise<{ server: TestServer; lamp: Json }> {
  const server = await TestServer.start();
  const body = widget('lamp', { spec: { size: 1 }, ...more });
  const { json: lamp } = await server.ask('POST', WIDGETS_URL, { body });
  return { server, lamp };
}

interface Refusal {
  readonly name: string;
  readonly method?: string;
  readonly url?: string;
  readonly body: (lamp: Json) => Json;
  readonly headers?: { readonly [name: string]: string };
  readonly code: number;
  readonly reason: string;
  readonly message: string;
}

const metadata = (lamp: Json, more: object): Json => ({
  ...lamp,
  metadata: { ...lamp.metadata, ...more },
});

const REFUSALS: readonly Refusal[] = [
  {
    name: 'an object that is not there',
    url: `${WIDGETS_URL}/vase`,
    body: (lamp) => metadata(lamp, { name: 'vase' }),
    code: 404,
    reason: 'NotFound',
    message: 'widgets.example.com "vase" not found',
  },
  {
    name: 'a patch of an object that is not there',
    method: 'PATCH',
    url: `${WIDGETS_URL}/vase`,
    body: () => ({}),
    headers: MERGE,
    code: 404,
    reason: 'NotFound',
    message: 'widgets.example.com "vase" not found',
  },
  {
    name: 'a name that no object can have',
    url: `${WIDGETS_URL}/Not%20A%00Name`,
    body: (lamp) => metadata(lamp, { name: 'Not A\0Name' }),
    code: 404,
    reason: 'NotFound',
    message: 'widgets.example.com "Not A\\x00Name" not found',
  },
  {
    name: 'another name',
    body: (lamp) => metadata(lamp, { name: 'vase' }),
    code: 400,
    reason: 'BadRequest',
    message: 'the name of the object (vase) does not match the name on the URL (lamp)',
  },
  {
    name: 'no name',
    body: (lamp) => metadata(lamp, { name: undefined }),
    code: 400,
    reason: 'BadRequest',
    message: 'the name of the object (lamp based on URL) was undeterminable: name must be provided',
  },
  {
    name: 'another namespace',
    body: (lamp) => metadata(lamp, { namespace: 'team-b' }),
    code: 400,
    reason: 'BadRequest',
    message:
      'the namespace of the provided object does not match the namespace sent on the request',
  },
  {
    name: 'no resourceVersion',
    body: (lamp) => metadata(lamp, { resourceVersion: undefined }),
    code: 422,
    reason: 'Invalid',
    message:
      'widgets.example.com "lamp" is invalid: metadata.resourceVersion: Invalid value: 0: ' +
      'must be specified for an update',
  },
  {
    name: 'a stale resourceVersion',
    body: (lamp) => metadata(lamp, { resourceVersion: '1' }),
    code: 409,
    reason: 'Conflict',
    message:
      'Operation cannot be fulfilled on widgets.example.com "lamp": the object has been ' +
      'modified; please apply your changes to the latest version and try again',
  },
  {
    name: 'a patch with a stale resourceVersion',
    method: 'PATCH',
    body: () => ({ metadata: { resourceVersion: '1' }, spec: { size: 5 } }),
    headers: MERGE,
    code: 409,
    reason: 'Conflict',
    message:
      'Operation cannot be fulfilled on widgets.example.com "lamp": the object has been ' +
      'modified; please apply your changes to the latest version and try again',
  },
  {
    name: 'a resourceVersion that is none',
    body: (lamp) => metadata(lamp, { resourceVersion: 'abc' }),
    code: 400,
    reason: 'BadRequest',
    message: 'invalid resource version: "abc"',
  },
  {
    name: 'another uid',
    body: (lamp) => metadata(lamp, { uid: 'other' }),
    code: 409,
    reason: 'Conflict',
    message:
      'Operation cannot be fulfilled on widgets.example.com "lamp": StorageError: invalid ' +
      'object, Code: 4, Key: /example.com/widgets/team-a/lamp, ResourceVersion: 0, ' +
      'AdditionalErrorMsg: Precondition failed: UID in precondition: other, ' +
      'UID in object meta: uid-1',
  },
  {
    name: 'a deletionTimestamp of its own',
    body: (lamp) => metadata(lamp, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    code: 422,
    reason: 'Invalid',
    message:
      'Widget.example.com "lamp" is invalid: metadata.deletionTimestamp: Invalid value: ' +
      '"2026-01-01T00:00:00Z": field is immutable',
  },
  {
    name: 'another kind',
    body: (lamp) => ({ ...lamp, kind: 'Rack' }),
    code: 422,
    reason: 'Invalid',
    message: 'Rack.example.com "lamp" is invalid: kind: Invalid value: "Rack": must be Widget',
  },
  {
    name: 'another name, though nothing is there',
    url: `${WIDGETS_URL}/vase`,
    body: (lamp) => lamp,
    code: 400,
    reason: 'BadRequest',
    message: 'the name of the object (lamp) does not match the name on the URL (vase)',
  },
  {
    name: 'a name that no path can have',
    url: `${WIDGETS_URL}/a%25`,
    body: (lamp) => metadata(lamp, { name: 'a%' }),
    code: 400,
    reason: 'BadRequest',
    message: 'Name parameter invalid: "a%": may not contain \'%\'',
  },
  {
    name: 'no name in the URL',
    url: WIDGETS_URL,
    body: (lamp) => lamp,
    code: 400,
    reason: 'BadRequest',
    message: 'name must be provided',
  },
  {
    name: 'a patch to another uid',
    method: 'PATCH',
    body: () => ({ metadata: { uid: 'other' } }),
    headers: MERGE,
    code: 422,
    reason: 'Invalid',
    message:
      'Widget.example.com "lamp" is invalid: metadata.uid: Invalid value: "other": ' +
      'field is immutable',
  },
  {
    name: 'a patch to another apiVersion',
    method: 'PATCH',
    body: () => ({ apiVersion: 'v1' }),
    headers: MERGE,
    code: 422,
    reason: 'Invalid',
    message: 'Widget "lamp" is invalid: apiVersion: Invalid value: "v1": must be example.com/v1',
  },
  {
    name: 'a patch that leaves no kind',
    method: 'PATCH',
    body: () => [{ op: 'replace', path: '', value: {} }],
    headers: JSON_PATCH,
    code: 422,
    reason: 'Invalid',
    message: ' "" is invalid: patch: Invalid value: "{}": Object \'Kind\' is missing in \'{}\'',
  },
  {
    name: 'a patch to metadata of the wrong type',
    method: 'PATCH',
    body: () => [
      {
        op: 'replace',
        path: '',
        value: { apiVersion: 'example.com/v1', kind: 'Widget', metadata: 1 },
      },
    ],
    headers: JSON_PATCH,
    code: 422,
    reason: 'Invalid',
    message:
      ' "" is invalid: patch: Invalid value: "{\\"apiVersion\\":\\"example.com/v1\\",' +
      '\\"kind\\":\\"Widget\\",\\"metadata\\":1}": metadata must be an object, not a number',
  },
  {
    name: 'a bad patch of an object that is not there',
    method: 'PATCH',
    url: `${WIDGETS_URL}/vase`,
    body: () => [],
    headers: MERGE,
    code: 404,
    reason: 'NotFound',
    message: 'widgets.example.com "vase" not found',
  },
  {
    name: 'an unknown member of an operation under fieldValidation=Strict',
    method: 'PATCH',
    url: `${LAMP}?fieldValidation=Strict`,
    body: () => [
      {
        op: 'replace',
        path: '',
        value: { apiVersion: 'example.com/v1', kind: 'Widget' },
        more: 1,
      },
    ],
    headers: JSON_PATCH,
    code: 422,
    reason: 'Invalid',
    message:
      ' "" is invalid: patch: Invalid value: "{\\"apiVersion\\":\\"example.com/v1\\",' +
      '\\"kind\\":\\"Widget\\"}": strict decoding error: json patch unknown field "[0].more"',
  },
  {
    name: 'a patch to another name',
    method: 'PATCH',
    body: () => ({ metadata: { name: 'vase' } }),
    headers: MERGE,
    code: 400,
    reason: 'BadRequest',
    message: 'the name of the object (vase) does not match the name on the URL (lamp)',
  },
  {
    name: 'a patch that is malformed JSON',
    method: 'PATCH',
    body: () => Buffer.from('{'),
    headers: MERGE,
    code: 400,
    reason: 'BadRequest',
    message: 'error decoding patch: unexpected end where a key should begin at byte 1',
  },
  {
    name: 'a merge patch that is an array',
    method: 'PATCH',
    body: () => [],
    headers: MERGE,
    code: 400,
    reason: 'BadRequest',
    message: 'error decoding patch: a merge patch of an object must be an object',
  },
  {
    name: 'a JSON patch that is an object',
    method: 'PATCH',
    body: () => ({}),
    headers: JSON_PATCH,
    code: 400,
    reason: 'BadRequest',
    message: 'error decoding patch: a JSON patch must be an array of operations',
  },
  {
    name: 'a JSON patch of more than 10 000 operations',
    method: 'PATCH',
    body: () => Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/x', value: null })),
    headers: JSON_PATCH,
    code: 413,
    reason: 'RequestEntityTooLarge',
    message:
      'Request entity too large: The allowed maximum operations in a JSON patch is 10000, ' +
      'got 10001',
  },
  {
    name: 'a JSON patch that does not apply',
    method: 'PATCH',
    body: () => [{ op: 'remove', path: '/spec/nothing' }],
    headers: JSON_PATCH,
    code: 422,
    reason: 'Invalid',
    message: 'the server rejected our request due to an error in our request',
  },
  {
    name: 'a JSON patch that leaves no object',
    method: 'PATCH',
    body: () => [{ op: 'replace', path: '', value: 1 }],
    headers: JSON_PATCH,
    code: 422,
    reason: 'Invalid',
    message: 'the server rejected our request due to an error in our request',
  },
  {
    name: 'a patch with unknown metadata under fieldValidation=Strict',
    method: 'PATCH',
    url: `${LAMP}?fieldValidation=Strict`,
    body: () => [
      { op: 'add', path: '/metadata/extra', value: 1 },
      { op: 'remove', path: '/spec' },
    ],
    headers: JSON_PATCH,
    code: 422,
    reason: 'Invalid',
    message:
      ' "" is invalid: patch: Invalid value: "{\\"apiVersion\\":\\"example.com/v1\\",' +
      '\\"kind\\":\\"Widget\\",\\"metadata\\":{\\"creationTimestamp\\":' +
      '\\"2026-01-02T03:04:05Z\\",\\"extra\\":1,\\"generation\\":1,\\"name\\":\\"lamp\\",' +
      '\\"namespace\\":\\"team-a\\",\\"resourceVersion\\":\\"2\\",\\"uid\\":\\"uid-1\\"}}": ' +
      'strict decoding error: unknown field "metadata.extra"',
  },
  ...[
    'application/strategic-merge-patch+json',
    'application/apply-patch+yaml',
    'text/plain',
    '',
  ].map((mediaType): Refusal => ({
    name: `a patch of type "${mediaType}"`,
    method: 'PATCH',
    body: () => ({}),
    headers: mediaType === '' ? {} : { 'Content-Type': mediaType },
    code: 415,
    reason: 'UnsupportedMediaType',
    message:
      'the body of the request was in an unknown format - accepted media types include: ' +
      'application/json-patch+json, application/merge-patch+json',
  })),
  {
    name: 'force without apply',
    method: 'PATCH',
    url: `${LAMP}?force=true`,
    body: () => ({}),
    headers: MERGE,
    code: 422,
    reason: 'Invalid',
    message:
      'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: ' +
      'may not be specified for non-apply patch',
  },
  {
    name: 'dryRun of another value',
    url: `${LAMP}?dryRun=true`,
    body: (lamp) => lamp,
    code: 422,
    reason: 'Invalid',
    message:
      'UpdateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["true"]: ' +
      'supported values: "All"',
  },
];

for (const refusal of REFUSALS) {
  const { name, method = 'PUT', url = LAMP, body, headers = {}, code, reason, message } = refusal;
  test(`refuses ${name}: ${code}, and stores nothing`, async (t) => {
    const { server, lamp } = await withLamp();
    const reply = await server.ask(method, url, { body: body(lamp), headers });
    t.is(reply.json.message, message);
    t.is(reply.status, code);
    t.is(reply.json.reason, reason);
    t.deepEqual((await server.ask('GET', LAMP)).json, lamp);
  });
}

test('a failed JSON patch tells which operation failed', async (t) => {
  const { server } = await withLamp();
  const body = [{ op: 'test', path: '/spec/size', value: 2 }];
  const reply = await server.ask('PATCH', LAMP, { body, headers: JSON_PATCH });
  t.like(reply.json.details, {
    causes: [
      {
        reason: 'UnexpectedServerResponse',
        message: 'operation 0: testing value /spec/size failed',
      },
    ],
  });
});
