/** What the comparison with a real API server may overlook, and what it must not. */

import test from 'ava';
import { differences } from './difference.js';
import { normalise } from './normalise.js';
import { get, scenario } from './scenario.js';
import { fill } from './template.js';

const UID = '01234567-89ab-cdef-0123-456789abcdef';
const OTHER = '11234567-89ab-cdef-0123-456789abcdef';

const object = (name: string, uid: string, resourceVersion: string): object => ({
  metadata: { name, uid, resourceVersion, creationTimestamp: '2026-01-02T03:04:05Z' },
});

function normal(...bodies: readonly unknown[]): unknown[] {
  const asked = scenario('s', ...bodies.map(() => get('/x')));
  const observations = bodies.map((body) => ({ status: 200, headers: {}, body }));
  return normalise(asked, observations, 'example.com').map(({ body }) => body);
}

test('servers that number differently are alike', (t) => {
  const ours = normal(object('a', UID, '3'), { metadata: { resourceVersion: '3' } });
  const theirs = normal(object('a', OTHER, '77'), { metadata: { resourceVersion: '80' } });
  t.deepEqual(differences(ours, theirs), []);
});

test('a write that one of them did not make shows', (t) => {
  const ours = normal(object('a', UID, '3'), object('a', UID, '3'));
  const theirs = normal(object('a', UID, '3'), object('a', UID, '4'));
  t.deepEqual(
    differences(ours, theirs).map(({ path }) => path),
    ['[1].metadata.resourceVersion'],
  );
});

test('revisions that do not rise show', (t) => {
  const ours = normal(object('a', UID, '10'), object('a', UID, '9'));
  const theirs = normal(object('a', UID, '9'), object('a', UID, '10'));
  t.is(differences(ours, theirs).length, 2);
});

test('an object that was made anew shows', (t) => {
  const ours = normal(object('a', UID, '3'), object('a', UID, '4'));
  const theirs = normal(object('a', UID, '3'), object('a', OTHER, '4'));
  t.deepEqual(
    differences(ours, theirs).map(({ path }) => path),
    ['[1].metadata.uid'],
  );
});

test('what is missing on one side shows', (t) => {
  t.deepEqual(differences({ a: [1] }, { a: [1, 2], b: null }), [
    { path: 'a[1]', ours: 'nothing', theirs: '2' },
    { path: 'b', ours: 'nothing', theirs: 'null' },
  ]);
});

test('ages, times and the revisions of tokens count by their form', (t) => {
  const token = (text: string): string => Buffer.from(text).toString('base64url');
  const [ours] = normal({ cells: ['5s'], continue: token('{"rv":5,"start":"a","of":"x"}') });
  const [theirs] = normal({ cells: ['3m2s'], continue: token('{"rv":70,"start":"/a"}') });
  t.deepEqual(differences(ours, theirs), []);
  const [elsewhere] = normal({ cells: ['5s'], continue: token('{"rv":5,"start":"b"}') });
  t.is(differences(ours, elsewhere).length, 1);
});

test('placeholders are filled from what is given and saved', (t) => {
  const values = new Map<string, unknown>([
    ['namespace', 'n'],
    ['list', { metadata: { resourceVersion: '7' } }],
  ]);
  t.is(fill('/{{namespace}}/{{list.metadata.resourceVersion}}', values), '/n/7');
  t.is(fill('base64({"rv":{{list.metadata.resourceVersion}}})', values), 'eyJydiI6N30');
  t.throws(() => fill('{{none}}', values), { message: /nothing to put in for \{\{none\}\}/ });
});
