/** Records that differ from others in a few things. */

import test from 'ava';

import { derivedRecord, type RequestRecord } from '../../lib/request/index.js';
import { makeRecord } from './make-record.js';

const HEADERS = [
  ['accept', 'a'],
  ['accept', 'b'],
] as const;

const MEMBERS = [
  'method',
  'path',
  'query',
  'secure',
  'protocol',
  'remoteAddress',
  'peerCertificate',
  'signal',
  'receivedAt',
  'auditId',
] as const;

test('what is not changed is as it was, through any number of filters', async (t) => {
  const first = makeRecord('/api?a=1', { method: 'PUT', headers: HEADERS, body: 'x' });
  const last = derivedRecord(derivedRecord(first, {}), {});
  for (const member of MEMBERS) t.is(last[member], first[member], member);
  t.false('auditId' in last);
  t.is(last.header('accept'), 'a');
  t.deepEqual(last.headers('accept'), ['a', 'b']);
  t.deepEqual([...last.headerNames()], ['accept']);
  t.is(Buffer.from(await last.body(9)).toString(), 'x');
});

test('what is changed is changed for every filter behind', async (t) => {
  const { signal } = new AbortController();
  const bytes = new Uint8Array([1]);
  const changes = {
    method: 'PATCH',
    path: '/b',
    query: new URLSearchParams('c'),
    secure: false,
    protocol: 'HTTP/1.1',
    remoteAddress: '192.0.2.9',
    peerCertificate: { raw: bytes, chain: [] },
    receivedAt: 7,
    auditId: 'id',
  } satisfies Partial<RequestRecord>;
  const record = derivedRecord(
    derivedRecord(makeRecord('/api', { headers: HEADERS }), {
      ...changes,
      signal: () => signal,
      header: (name) => (name === 'accept' ? undefined : 'other'),
      headers: () => [],
      headerNames: () => ['other'],
      body: () => Promise.resolve(bytes),
    }),
    {},
  );
  for (const [member, value] of Object.entries(changes)) {
    t.is(record[member as keyof RequestRecord], value, member);
  }
  t.is(record.signal, signal);
  t.is(record.header('accept'), undefined);
  t.is(record.header('x'), 'other');
  t.deepEqual(record.headers('accept'), []);
  t.deepEqual([...record.headerNames()], ['other']);
  t.is(await record.body(9), bytes);
});

test('a signal is asked for when it is used', (t) => {
  let asked = 0;
  const { signal } = new AbortController();
  const record = derivedRecord(makeRecord('/api'), { signal: () => (asked++, signal) });
  const behind = derivedRecord(record, { auditId: 'id' });
  t.is(asked, 0);
  t.is(behind.signal, signal);
  t.is(asked, 1);
});
