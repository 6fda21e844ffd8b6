/** POST refused: each fault with its code, reason and message, and nothing stored. */

import test from 'ava';
import type { Json } from './fixture.js';
import { TestServer, widget, WIDGETS_URL } from './fixture.js';

const DUPLICATES = Buffer.from(
  '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"d","extra":1},' +
    '"spec":{"a":1,"a":2}}',
);

interface Refusal {
  readonly name: string;
  readonly url?: string;
  readonly body: Json;
  readonly headers?: { readonly [name: string]: string };
  readonly code: number;
  readonly reason: string;
  readonly message: string;
}

const WIDGET_PREFIX = '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"x"';
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', " +
  "and must start and end with an alphanumeric character (e.g. 'example.com', regex used for " +
  "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

const REFUSALS: readonly Refusal[] = [
  {
    name: 'malformed JSON',
    body: Buffer.from('{"kind":"Widget",'),
    code: 400,
    reason: 'BadRequest',
    message:
      "the object provided is unrecognized (must be of type Widget): couldn't get version/kind; " +
      'json parse error: unexpected end where a key should begin at byte 17 ({"kind":"Widget",)',
  },
  {
    name: 'an empty body',
    body: Buffer.from(''),
    code: 400,
    reason: 'BadRequest',
    message:
      "the object provided is unrecognized (must be of type Widget): couldn't get version/kind; " +
      'json parse error: unexpected end in a value at byte 0 (<empty>)',
  },
  {
    name: 'a body that is no text',
    body: Buffer.from([0xff, 0xfe, 0x00]),
    code: 400,
    reason: 'BadRequest',
    message:
      "the object provided is unrecognized (must be of type Widget): couldn't get version/kind; " +
      'json parse error: not UTF-8 at byte 0 (fffe00)',
  },
  {
    name: 'an array',
    body: Buffer.from('[]'),
    code: 400,
    reason: 'BadRequest',
    message:
      "the object provided is unrecognized (must be of type Widget): couldn't get version/kind; " +
      'json parse error: the body must be an object, not an array (5b5d)',
  },
  {
    name: 'an object without a kind',
    body: Buffer.from('{"a":1}'),
    code: 400,
    reason: 'BadRequest',
    message:
      'the object provided is unrecognized (must be of type Widget): ' +
      `Object 'Kind' is missing in '{"a":1}' ({"a":1})`,
  },
  {
    name: 'an object without an apiVersion',
    body: { kind: 'Widget' },
    code: 400,
    reason: 'BadRequest',
    message:
      'the API version in the data () does not match the expected API version (example.com/v1)',
  },
  {
    name: 'a version that is not served',
    body: { kind: 'Widget', apiVersion: 'example.com/v1alpha1' },
    code: 400,
    reason: 'BadRequest',
    message:
      'the API version in the data (example.com/v1alpha1) does not match the expected API ' +
      'version (example.com/v1)',
  },
  {
    name: 'another kind',
    body: { kind: 'Rack', apiVersion: 'example.com/v1' },
    code: 422,
    reason: 'Invalid',
    message: 'Rack.example.com "" is invalid: kind: Invalid value: "Rack": must be Widget',
  },
  {
    name: 'null',
    body: Buffer.from('null'),
    code: 400,
    reason: 'BadRequest',
    message:
      "the object provided is unrecognized (must be of type Widget): Object 'Kind' is missing in " +
      "'null' (6e756c6c)",
  },
  {
    name: 'a kind that is no text',
    body: Buffer.from('{"apiVersion":"example.com/v1","kind":1}'),
    code: 400,
    reason: 'BadRequest',
    message:
      "the object provided is unrecognized (must be of type Widget): couldn't get version/kind; " +
      'json parse error: kind must be a string, not a number ' +
      '({"apiVersion":"example.com/v1" ...)',
  },
  {
    name: 'an apiVersion that is none',
    body: Buffer.from('{"apiVersion":"a/b/c","kind":"Widget"}'),
    code: 400,
    reason: 'BadRequest',
    message:
      'the object provided is unrecognized (must be of type Widget): unexpected GroupVersion ' +
      'string: a/b/c ({"apiVersion":"a/b/c","kind":" ...)',
  },
  {
    name: 'another served version than that of the URL',
    body: { kind: 'Widget', apiVersion: 'example.com/v1beta1' },
    code: 400,
    reason: 'BadRequest',
    message:
      'the API version in the data (example.com/v1beta1) does not match the expected API version ' +
      '(example.com/v1)',
  },
  ...[
    ['x', 'cannot parse "x" as "2006"'],
    ['', 'cannot parse "" as "2006"'],
    ['2001-01-01', 'cannot parse "" as "T"'],
  ].map(([time, why]): Refusal => ({
    name: `the time "${time}"`,
    body: Buffer.from(`${WIDGET_PREFIX},"creationTimestamp":"${time}"}}`),
    code: 400,
    reason: 'BadRequest',
    message:
      'Widget in version "v1" cannot be handled as a Widget: parsing time ' +
      `"${time}" as "2006-01-02T15:04:05Z07:00": ${why}`,
  })),
  ...[
    ['managedFields', 'an array'],
    ['selfLink', 'a string'],
  ].map(([field, type]): Refusal => ({
    name: `a ${field} of another type, though it is dropped`,
    body: Buffer.from(`${WIDGET_PREFIX},"${field}":5}}`),
    code: 400,
    reason: 'BadRequest',
    message:
      'Widget in version "v1" cannot be handled as a Widget: ' +
      `metadata.${field} must be ${type}, not a number`,
  })),
  {
    name: 'a generateName of a dash alone',
    body: Buffer.from(
      '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"x","generateName":"-"}}',
    ),
    code: 422,
    reason: 'Invalid',
    message: `Widget.example.com "x" is invalid: metadata.generateName: Invalid value: "-": ${SUBDOMAIN}`,
  },
  {
    name: 'an owner whose apiVersion is none, and one of null',
    body: Buffer.from(
      `${WIDGET_PREFIX},"ownerReferences":[` +
        '{"apiVersion":"a/b/c","kind":"K","name":"n","uid":"u"},null]}}',
    ),
    code: 422,
    reason: 'Invalid',
    message:
      'Widget.example.com "x" is invalid: [' +
      'metadata.ownerReferences.apiVersion: Invalid value: "a/b/c": version must not be empty, ' +
      'metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty, ' +
      'metadata.ownerReferences.kind: Invalid value: "": must not be empty, ' +
      'metadata.ownerReferences.name: Invalid value: "": must not be empty, ' +
      'metadata.ownerReferences.uid: Invalid value: "": must not be empty]',
  },
  {
    name: 'metadata of the wrong type',
    body: Buffer.from(`${WIDGET_PREFIX},"labels":{"a":9007199254740993}}}`),
    code: 400,
    reason: 'BadRequest',
    message:
      'Widget in version "v1" cannot be handled as a Widget: metadata.labels.a must be a string, ' +
      'not a number',
  },
  {
    name: 'another namespace than the URL',
    body: widget('x', { metadata: { namespace: 'team-b' } }),
    code: 400,
    reason: 'BadRequest',
    message:
      'the namespace of the provided object does not match the namespace sent on the request',
  },
  {
    name: 'unknown and duplicate fields under fieldValidation=Strict: duplicates',
    url: `${WIDGETS_URL}?fieldValidation=Strict`,
    body: DUPLICATES,
    code: 400,
    reason: 'BadRequest',
    message:
      'Widget in version "v1" cannot be handled as a Widget: strict decoding error: ' +
      'duplicate field "spec.a"',
  },
  {
    name: 'unknown metadata under fieldValidation=Strict',
    url: `${WIDGETS_URL}?fieldValidation=Strict`,
    body: widget('x', { metadata: { extra: 1 } }),
    code: 400,
    reason: 'BadRequest',
    message:
      'Widget in version "v1" cannot be handled as a Widget: strict decoding error: ' +
      'unknown field "metadata.extra"',
  },
  {
    name: 'a body over 3 MiB',
    body: Buffer.alloc(3 * 1024 * 1024 + 1, 0x20),
    code: 413,
    reason: 'RequestEntityTooLarge',
    message: 'Request entity too large: limit is 3145728',
  },
  {
    name: 'an unknown media type',
    body: Buffer.from('x'),
    headers: { 'Content-Type': 'application/vnd.kubernetes.protobuf' },
    code: 415,
    reason: 'UnsupportedMediaType',
    message:
      'the body of the request was in an unknown format - accepted media types include: ' +
      'application/json, application/yaml',
  },
  {
    name: 'no name',
    body: { kind: 'Widget', apiVersion: 'example.com/v1' },
    code: 422,
    reason: 'Invalid',
    message:
      'Widget.example.com "" is invalid: metadata.name: Required value: ' +
      'name or generateName is required',
  },
  {
    name: 'a bad name',
    body: widget('Lamp'),
    code: 422,
    reason: 'Invalid',
    message: `Widget.example.com "Lamp" is invalid: metadata.name: Invalid value: "Lamp": ${SUBDOMAIN}`,
  },
  {
    name: 'a bad namespace',
    url: '/apis/example.com/v1/namespaces/Team/widgets',
    body: widget('x'),
    code: 422,
    reason: 'Invalid',
    message:
      'Widget.example.com "x" is invalid: metadata.namespace: Invalid value: "Team": ' +
      'a lowercase RFC 1123 label must consist of lower case alphanumeric characters or ' +
      "'-', and must start and end with an alphanumeric character (e.g. 'my-name',  or " +
      "'123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  },
  {
    name: 'annotations over 256 KiB',
    body: widget('x', { metadata: { annotations: { a: 'y'.repeat(256 * 1024) } } }),
    code: 422,
    reason: 'Invalid',
    message:
      'Widget.example.com "x" is invalid: metadata.annotations: Too long: ' +
      'may not be more than 262144 bytes',
  },
  {
    name: 'both propagation finalizers',
    body: widget('x', { metadata: { finalizers: ['orphan', 'foregroundDeletion'] } }),
    code: 422,
    reason: 'Invalid',
    message:
      'Widget.example.com "x" is invalid: metadata.finalizers: Invalid value: ' +
      '["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set',
  },
  {
    name: 'an owner without a uid',
    body: widget('x', {
      metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p' }] },
    }),
    code: 422,
    reason: 'Invalid',
    message:
      'Widget.example.com "x" is invalid: metadata.ownerReferences.uid: Invalid value: "": ' +
      'must not be empty',
  },
  {
    name: 'dryRun of another value',
    url: `${WIDGETS_URL}?dryRun=Some`,
    body: widget('x'),
    code: 422,
    reason: 'Invalid',
    message:
      'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: ' +
      'supported values: "All"',
  },
  {
    name: 'fieldValidation of another value, and a long field manager',
    url: `${WIDGETS_URL}?fieldValidation=Maybe&fieldManager=${'m'.repeat(129)}`,
    body: widget('x'),
    code: 422,
    reason: 'Invalid',
    message:
      'CreateOptions.meta.k8s.io "" is invalid: [fieldManager: Too long: may not be more than ' +
      '128 bytes, fieldValidation: Unsupported value: "Maybe": supported values: "", "Ignore", ' +
      '"Strict", "Warn"]',
  },
  {
    name: 'a field manager that is not printable',
    url: `${WIDGETS_URL}?fieldManager=a%07`,
    body: widget('x'),
    code: 422,
    reason: 'Invalid',
    message:
      'CreateOptions.meta.k8s.io "" is invalid: fieldManager: Invalid value: "a\\a": ' +
      'invalid character U+0007 (at position 1)',
  },
  {
    name: 'a resourceVersion',
    body: widget('x', { metadata: { resourceVersion: '5' } }),
    code: 500,
    reason: '',
    message: 'resourceVersion should not be set on objects to be created',
  },
  {
    name: 'an object that the storage does not hold',
    body: widget('x', { spec: { data: 'x'.repeat(2 * 1024 * 1024) } }),
    code: 413,
    reason: 'RequestEntityTooLarge',
    message:
      'Request entity too large: the value of "/example.com/widgets/team-a/x" has 2097335 bytes; ' +
      'at most 1572864 are stored',
  },
];

for (const { name, url = WIDGETS_URL, body, headers = {}, code, reason, message } of REFUSALS) {
  test(`refuses ${name}: ${code}, and stores nothing`, async (t) => {
    const server = await TestServer.start();
    const reply = await server.ask('POST', url, { body, headers });
    t.is(reply.json.message, message);
    t.is(reply.status, code);
    t.is(reply.json.code, code);
    t.is(reply.json.reason ?? '', reason);
    t.like(reply.json, { kind: 'Status', apiVersion: 'v1', status: 'Failure' });
    t.is(await server.storage.committedRevision(), 1n);
  });
}
