/** POST: what a create fills in, what it refuses, and in which words. */

import test from 'ava';

import { RACKS_URL, TestServer, widget, WIDGETS_URL } from './fixture.js';

test('a create fills in the system fields and answers 201 with the stored object', async (t) => {
  const server = await TestServer.start();
  const reply = await server.ask('POST', WIDGETS_URL, {
    body: widget('lamp', {
      spec: { size: 1 },
      status: { phase: 'mine' },
      metadata: {
        uid: 'client',
        generation: 7,
        creationTimestamp: '2001-01-01T00:00:00Z',
        deletionTimestamp: '2001-01-01T00:00:00Z',
        deletionGracePeriodSeconds: 3,
        selfLink: '/x',
        managedFields: [{}],
        labels: {},
        finalizers: null,
      },
    }),
  });
  t.is(reply.status, 201);
  t.is(reply.header('content-type'), 'application/json');
  t.is(
    reply.text,
    '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{' +
      '"creationTimestamp":"2026-01-02T03:04:05Z","generation":1,"name":"lamp",' +
      '"namespace":"team-a","resourceVersion":"2","uid":"uid-1"},"spec":{"size":1}}\n',
  );
  const stored = await server.ask('GET', `${WIDGETS_URL}/lamp`);
  t.is(stored.text, reply.text);
});

test('without a status subresource the status is created with the object', async (t) => {
  const server = await TestServer.start();
  const body = {
    apiVersion: 'example.com/v1',
    kind: 'Rack',
    metadata: { name: 'r1', namespace: 'ignored' },
    status: { phase: 'mine' },
  };
  const reply = await server.ask('POST', RACKS_URL, { body });
  t.is(reply.status, 201);
  t.deepEqual(reply.json.status, { phase: 'mine' });
  t.is(reply.json.metadata.namespace, undefined);
});

test('every number stays as it is written', async (t) => {
  const server = await TestServer.start();
  const body = Buffer.from(
    '{"kind":"Widget","apiVersion":"example.com/v1","metadata":{"name":"n"},' +
      '"spec":{"a":9223372036854775807,"b":1.0,"c":1,"d":1e2,"e":-0.10}}',
  );
  const spec = '"spec":{"a":9223372036854775807,"b":1.0,"c":1,"d":1e2,"e":-0.10}';
  t.true((await server.ask('POST', WIDGETS_URL, { body })).text.includes(spec));
  t.true((await server.ask('GET', `${WIDGETS_URL}/n`)).text.includes(spec));
  t.true((await server.ask('GET', WIDGETS_URL)).text.includes(spec));
});

test('another served version is stored as the storage version and answered as asked', async (t) => {
  const server = await TestServer.start();
  const beta = '/apis/example.com/v1beta1/namespaces/team-a/widgets';
  const body = { ...widget('lamp'), apiVersion: 'example.com/v1beta1' };
  const reply = await server.ask('POST', beta, { body });
  t.is(reply.status, 201);
  t.is(reply.json.apiVersion, 'example.com/v1beta1');
  const advice = 'example.com/v1beta1 Widget is deprecated; use example.com/v1 Widget';
  t.is(reply.header('warning'), `299 - "${advice}"`);
  t.is((await server.ask('GET', `${WIDGETS_URL}/lamp`)).json.apiVersion, 'example.com/v1');
  t.is((await server.ask('GET', `${beta}/lamp`)).json.apiVersion, 'example.com/v1beta1');
  const mixed = await server.ask('POST', beta, { body: widget('vase') });
  t.is(mixed.status, 400, 'a body is of the version in the URL');
});

test('generateName tries again when the name is taken, eight times in all', async (t) => {
  const digits = [0, 0, 0, 0, 0];
  const script = [...digits, ...digits, 1, 0, 0, 0, 0].map((digit) => digit / 27 + 0.001);
  const random = (): number => script.shift() ?? 0;
  const server = await TestServer.start({ random });
  const body = widget('', { metadata: { name: undefined, generateName: 'lamp-' } } as never);
  const first = await server.ask('POST', WIDGETS_URL, { body });
  t.is(first.json.metadata.name, 'lamp-bbbbb');
  t.is(first.json.metadata.generateName, 'lamp-');
  const second = await server.ask('POST', WIDGETS_URL, { body });
  t.is(second.json.metadata.name, 'lamp-cbbbb');
  const third = await server.ask('POST', WIDGETS_URL, { body });
  t.is(third.status, 409);
  t.is(third.header('retry-after'), '1');
  t.like(third.json, {
    reason: 'AlreadyExists',
    message:
      'widgets.example.com "lamp-bbbbb" already exists, the server was not able to generate a ' +
      'unique name for the object',
    details: {
      name: 'lamp-bbbbb',
      group: 'example.com',
      kind: 'widgets',
      retryAfterSeconds: 1,
    },
  });
});

test('a long base of a generated name is cut, so that a label may hold the name', async (t) => {
  const server = await TestServer.start();
  const metadata = { name: undefined, generateName: 'a'.repeat(70) };
  const reply = await server.ask('POST', WIDGETS_URL, { body: widget('', { metadata } as never) });
  t.is(reply.json.metadata.name, `${'a'.repeat(58)}bbbbb`);
});

test('a dry run answers the object without a resourceVersion and stores nothing', async (t) => {
  const server = await TestServer.start();
  const url = `${WIDGETS_URL}?dryRun=All`;
  const reply = await server.ask('POST', url, { body: widget('lamp') });
  t.is(reply.status, 201);
  t.is(reply.json.metadata.uid, 'uid-1');
  t.is(reply.json.metadata.resourceVersion, undefined);
  t.is((await server.ask('GET', `${WIDGETS_URL}/lamp`)).status, 404);
  t.is(await server.storage.committedRevision(), 1n);
  await server.ask('POST', WIDGETS_URL, { body: widget('lamp') });
  t.is((await server.ask('POST', url, { body: widget('lamp') })).status, 409);
});

test('a YAML body is taken, its numbers as they are written', async (t) => {
  const server = await TestServer.start();
  const body = Buffer.from(
    'apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: y}\n' +
      'spec:\n  a: 9223372036854775807\n  b: 1.0\n  base: &base {x: 1}\n  c: {<<: *base, y: yes}\n',
  );
  const headers = { 'Content-Type': 'application/yaml; charset=utf-8' };
  const reply = await server.ask('POST', WIDGETS_URL, { body, headers });
  t.is(reply.status, 201);
  t.true(
    reply.text.includes(
      '"spec":{"a":9223372036854775807,"b":1.0,"base":{"x":1},"c":{"x":1,"y":"yes"}}',
    ),
  );
});

test('duplicate owner references are merged, with a warning', async (t) => {
  const server = await TestServer.start();
  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u1' };
  const metadata = { ownerReferences: [owner, { ...owner }] };
  const reply = await server.ask('POST', WIDGETS_URL, { body: widget('x', { metadata }) });
  t.deepEqual(reply.json.metadata.ownerReferences, [owner]);
  t.regex(reply.header('warning') ?? '', /duplicate UID\(s\) observed: u1"$/);
});

test('a finalizer without a domain is taken, with a warning', async (t) => {
  const server = await TestServer.start();
  const metadata = { finalizers: ['short', 'example.com/long'] };
  const reply = await server.ask('POST', WIDGETS_URL, { body: widget('x', { metadata }) });
  t.is(reply.status, 201);
  t.deepEqual(reply.headers('warning'), [
    '299 - "metadata.finalizers: \\"short\\": prefer a domain-qualified finalizer name to avoid ' +
      'accidental conflicts with other finalizer writers"',
  ]);
});

const DUPLICATES = Buffer.from(
  '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"d","extra":1},' +
    '"spec":{"a":1,"a":2}}',
);

test('fieldValidation=Ignore drops duplicate and unknown fields silently', async (t) => {
  const server = await TestServer.start();
  const url = `${WIDGETS_URL}?fieldValidation=Ignore`;
  const reply = await server.ask('POST', url, { body: DUPLICATES });
  t.is(reply.status, 201);
  t.is(reply.header('warning'), undefined);
  t.deepEqual(reply.json.spec, { a: 2 });
  t.is(reply.json.metadata.extra, undefined);
});

test('fieldValidation is Warn by default', async (t) => {
  const server = await TestServer.start();
  const reply = await server.ask('POST', WIDGETS_URL, { body: DUPLICATES });
  t.is(reply.status, 201);
  t.deepEqual(reply.headers('warning'), [
    '299 - "duplicate field \\"spec.a\\""',
    '299 - "unknown field \\"metadata.extra\\""',
  ]);
});

test('JSON that nests too deep is refused before anything recurses into it', async (t) => {
  const server = await TestServer.start();
  const body = Buffer.from('['.repeat(1_000_000));
  const reply = await server.ask('POST', WIDGETS_URL, { body });
  t.is(reply.status, 400);
  t.regex(reply.json.message, /nesting/);
});

test('YAML whose aliases explode is refused', async (t) => {
  const server = await TestServer.start();
  let body = 'a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n';
  for (let level = 1; level < 9; level++) {
    const alias = `*a${level - 1}`;
    body += `a${level}: &a${level} [${Array.from({ length: 10 }, () => alias).join(',')}]\n`;
  }
  const headers = { 'Content-Type': 'application/yaml' };
  const reply = await server.ask('POST', WIDGETS_URL, { body: Buffer.from(body), headers });
  t.is(reply.status, 400);
  t.regex(reply.json.message, /yaml parse error: .*alias/i);
});

test('an object that exists is not replaced: 409 AlreadyExists', async (t) => {
  const server = await TestServer.start();
  await server.ask('POST', WIDGETS_URL, { body: widget('lamp') });
  const reply = await server.ask('POST', WIDGETS_URL, { body: widget('lamp') });
  t.deepEqual(reply.json, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'widgets.example.com "lamp" already exists',
    reason: 'AlreadyExists',
    details: { name: 'lamp', group: 'example.com', kind: 'widgets' },
    code: 409,
  });
});

test('an object that is being deleted is said to be so', async (t) => {
  const server = await TestServer.start();
  const metadata = { finalizers: ['example.com/wait'] };
  await server.ask('POST', WIDGETS_URL, { body: widget('lamp', { metadata }) });
  await server.ask('DELETE', `${WIDGETS_URL}/lamp`);
  const reply = await server.ask('POST', WIDGETS_URL, { body: widget('lamp') });
  t.is(reply.status, 409);
  t.is(reply.json.message, 'object is being deleted: widgets.example.com "lamp" already exists');
});

test('a resourceVersion that is no number, or 0, does not stop a create', async (t) => {
  const server = await TestServer.start();
  for (const [name, resourceVersion] of Object.entries({ a: 'x', b: '0', c: '' })) {
    const body = widget(name, { metadata: { name, resourceVersion } });
    t.is((await server.ask('POST', WIDGETS_URL, { body })).status, 201, resourceVersion);
  }
});
