/** What both engines refuse, in the same words: the texts are part of what is tested. */

import test from 'ava';

import {
  checkDeclared,
  checkNotBelow,
  checkRising,
  checkState,
  closed,
  expired,
  future,
  objectFault,
  scanPut,
} from '../../lib/engine/checks.js';
import { EngineError } from '../../lib/engine/index.js';
import { ObjectError } from '../../lib/object/index.js';

import { put, remove, type Widget } from './widget.js';

const WEB: Widget = { namespace: 'a', name: 'web' };
const NODE: Widget = { namespace: '', name: 'n1' };

test('a batch rises strictly from above the last revision', (t) => {
  t.notThrows(() => checkRising([put(WEB, 6n), remove('a', 'web', 7n)], 5n));
  t.notThrows(() => checkRising([], 5n));
  const last = t.throws(() => checkRising([put(WEB, 5n)], 5n), { instanceOf: EngineError });
  t.like(last, {
    code: 'revision-not-rising',
    index: 0,
    message: 'revision 5 of a/web is not above 5',
  });
  const inside = t.throws(() => checkRising([put(WEB, 9n), put(NODE, 8n)], 5n), {
    instanceOf: EngineError,
  });
  t.like(inside, { index: 1, message: 'revision 8 of "n1" is not above 9' });
});

test('a whole new state is not from before the present one', (t) => {
  t.notThrows(() => checkNotBelow(5n, 5n));
  t.throws(() => checkNotBelow(4n, 5n), {
    code: 'revision-not-rising',
    message: 'revision 4 of the list is below 5',
  });
});

test('the objects of a whole new state are not above its revision, and there once', (t) => {
  // Two pairs of keys that would be one if namespace and name were only joined.
  const alike: Widget[] = [
    { namespace: 'a/b', name: 'c' },
    { namespace: 'a', name: 'b/c' },
  ];
  t.notThrows(() => checkState([put(WEB, 7n), put(NODE, 3n)], 7n));
  t.notThrows(() => {
    checkState(
      alike.map((widget) => put(widget, 1n)),
      1n,
    );
  });
  const above = t.throws(() => checkState([put(NODE, 7n), put(WEB, 8n)], 7n), {
    instanceOf: EngineError,
  });
  t.like(above, {
    code: 'revision-not-rising',
    index: 1,
    message: 'revision 8 of a/web is above that of the list, 7',
  });
  const twice = t.throws(() => checkState([put(WEB, 6n), put(NODE, 1n), put(WEB, 7n)], 7n), {
    instanceOf: EngineError,
  });
  t.like(twice, {
    code: 'invalid-object',
    index: 2,
    message: 'a/web is in the list more than once',
  });
});

test('a selector names metadata and declared fields only', (t) => {
  const named = (path: string): void =>
    checkDeclared([{ path, operator: 'Equals', value: 'x' }], ['spec.node']);
  for (const path of ['metadata.name', 'metadata.namespace', 'spec.node']) {
    t.notThrows(() => named(path));
  }
  t.throws(() => named('spec.value'), {
    code: 'undeclared-field',
    message: 'spec.value is not a declared index field',
  });
});

const FAULTS = [
  {
    title: 'bytes that are no JSON',
    object: '{"a":',
    code: 'invalid-object',
    message: /^a\/web: /,
    hasCause: true,
  },
  {
    title: 'another name',
    object: '{"metadata":{"name":"api","namespace":"a"}}',
    code: 'key-mismatch',
    message: /^the object of a\/web says of itself that it is a\/api$/,
    hasCause: false,
  },
  {
    title: 'another namespace',
    object: '{"metadata":{"name":"web"}}',
    code: 'key-mismatch',
    message: /^the object of a\/web says of itself that it is "web"$/,
    hasCause: false,
  },
];

for (const { title, object, code, message, hasCause } of FAULTS) {
  test(`the fault of an object is the error its scan throws: ${title}`, (t) => {
    const refused = { ...put(WEB, 1n), object: Buffer.from(object) };
    const fault = objectFault(refused, 3, []);
    t.like(fault, { code, index: 3 });
    t.regex(fault.message, message);
    t.is(fault.cause instanceof ObjectError, hasCause);
    const thrown = t.throws(() => scanPut(refused, 3, [], () => t.fail()), {
      instanceOf: EngineError,
    });
    t.deepEqual([thrown?.code, thrown?.message], [fault.code, fault.message]);
  });
}

test('an object without a name is another object, whatever its put says', (t) => {
  const nameless = { ...put({ namespace: '', name: '' }, 1n), object: Buffer.from('{}') };
  t.is(objectFault(nameless, 0, []).code, 'key-mismatch');
});

test('an object that an engine refused without a reason is told as refused', (t) => {
  t.like(objectFault(put(WEB, 1n), 2, []), {
    code: 'invalid-object',
    index: 2,
    message: 'a/web: the engine refused the object',
  });
});

test('what a scanned object has is handed on', (t) => {
  t.plan(1);
  scanPut(put({ ...WEB, node: 'n1' }, 1n), 0, ['spec.node'], (content) => {
    t.like(content, { name: 'web', namespace: 'a', fields: ['n1'] });
  });
});

test('revisions out of reach and closed things are told in one way', (t) => {
  t.like(expired(4n, 9n), {
    code: 'revision-expired',
    oldestRevision: 9n,
    message: 'too old resource version: 4 (9)',
  });
  t.like(future(9n, 4n), {
    code: 'revision-future',
    message: 'revision 9 is above the current one, 4',
  });
  t.like(closed('the list'), { code: 'closed', message: 'the list is closed' });
});
