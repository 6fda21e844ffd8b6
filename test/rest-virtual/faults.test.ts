/**
 * What handlers do wrong: told to the client with the handler's name, logged, counted, not held.
 */

import test from 'ava';
import { expectNoMemory } from './memory.js';
import type { VirtualHandlers } from '../../lib/rest/index.js';
import { MERGE } from '../rest/fixture.js';
import { lamp, LAMPS_URL, lamps, turn, VirtualServer } from './fixture.js';
import type { Lamp } from './fixture.js';

const named = (name: unknown): Lamp => ({ metadata: { name, namespace: 'shop' } }) as never;
const circular = (): Lamp => {
  const object = { ...lamp('shop', 'a') } as { self?: unknown };
  object.self = object;
  return object as never;
};

// What `get` of shop/a gives, and how the message goes on.
const OBJECTS: readonly (readonly [about: string, given: unknown, why: RegExp])[] = [
  ['a number', 7, /the object is a number, not an object$/],
  ['a list', [], /the object is an array, not an object$/],
  ['another name', named('b'), /the name of the object \(shop\/b\) is not "a"$/],
  ['no metadata', {}, /metadata\.name of the object is missing$/],
  ['a name that is no string', named(5), /metadata\.name/],
  ['another namespace', lamp('other', 'a'), /the namespace of the object .* is not "shop"$/],
  ['no namespace', { metadata: { name: 'a' } }, /metadata\.namespace of the object .* is missing$/],
  [
    'another kind',
    { ...lamp('shop', 'a'), kind: 'Pole' },
    /the kind of the object is "Pole", not "Lamp"/,
  ],
  ['an empty kind', { ...lamp('shop', 'a'), kind: '' }, /the kind of the object is "", not "Lamp"/],
  ['a kind that is no string', { ...lamp('shop', 'a'), kind: null }, /the kind of .* is null/],
  [
    'another apiVersion',
    { ...lamp('shop', 'a'), apiVersion: 'v1' },
    /the apiVersion of the object is "v1", not "example.com\/v1"/,
  ],
  [
    'what JSON can not say',
    { ...lamp('shop', 'a'), spec: { watts: NaN } },
    /is no object of the API/,
  ],
  ['an object that contains itself', circular(), /is no object of the API: nesting/],
  [
    'labels that are no strings',
    { metadata: { name: 'a', namespace: 'shop', labels: { room: 5 } } },
    /is no object of the API: .*labels/,
  ],
];

for (const [about, given, why] of OBJECTS) {
  test(`a get that gives ${about} is 500 with the handler's name`, async (t) => {
    const server = new VirtualServer(t, [lamps({ get: () => given as Lamp })]);
    const reply = await server.get(`${LAMPS_URL}/a`, { headers: { 'Audit-Id': 'r-1' } });
    t.is(reply.status, 500);
    t.is(reply.json.reason, 'InternalError');
    t.regex(
      reply.json.message,
      /^Internal error occurred: the get handler of lamps\.example\.com gave what can not be served: /,
    );
    t.regex(reply.json.message, why);
    t.is(server.log.length, 1);
    t.is(server.log[0]?.level, 'error');
    t.like(server.log[0]?.fields, { handler: 'get', reason: 'result', auditId: 'r-1' });
    const series =
      'shardwatch_virtual_handler_failures_total' +
      '{group="example.com",resource="lamps",handler="get",reason="result"}';
    t.is(await server.metric(series), 1);
  });
}

const page = (names: readonly string[], more: object = {}) => ({
  items: names.map((name) => lamp('shop', name)),
  ...more,
});

const LISTS: readonly (readonly [about: string, given: unknown, why: RegExp])[] = [
  ['nothing', undefined, /it is neither a list of objects nor an object with items$/],
  ['a text', 'abc', /it is neither a list/],
  ['items that are none', { items: 7 }, /it is neither a list/],
  ['null among objects', [lamp('shop', 'a'), null], /object 1 is null, not an object$/],
  [
    'an object of another namespace',
    [lamp('other', 'a')],
    /the namespace of object 0 \(other\/a\)/,
  ],
  [
    'an object without a name',
    [{ metadata: { namespace: 'shop' } }],
    /metadata\.name of object 0 is/,
  ],
  [
    'one object twice',
    [lamp('shop', 'a'), lamp('shop', 'b'), lamp('shop', 'a')],
    /shop\/a is there twice$/,
  ],
  [
    'a page out of order',
    page(['b', 'a'], { continue: 'x' }),
    /shop\/a comes after shop\/b: pages/,
  ],
  ['a page with an object twice', page(['a', 'a'], { continue: 'x' }), /shop\/a is there twice$/],
  [
    'an empty page with a next one',
    page([], { continue: 'x' }),
    /a page with a next one has no object/,
  ],
  ['a token that is no string', page(['a'], { continue: 5 }), /its continue is not a string$/],
  [
    'a revision that is no string',
    page(['a'], { resourceVersion: 5 }),
    /its resourceVersion is not/,
  ],
  [
    'a count that is none',
    page(['a'], { continue: 'x', remainingItemCount: -1 }),
    /its remainingItemCount is not a whole number$/,
  ],
];

for (const [about, given, why] of LISTS) {
  test(`a list that gives ${about} is 500 with the handler's name`, async (t) => {
    const server = new VirtualServer(t, [lamps({ list: () => given as Lamp[] })]);
    const reply = await server.get(LAMPS_URL);
    t.is(reply.status, 500);
    t.regex(
      reply.json.message,
      /: the list handler of lamps\.example\.com gave what can not be served: /,
    );
    t.regex(reply.json.message, why);
    t.like(server.log[0]?.fields, { handler: 'list', reason: 'result' });
  });
}

test('a page that does not go on behind the page before is 500', async (t) => {
  const server = new VirtualServer(t, [
    lamps({ list: () => page(['a', 'b'], { continue: 'again' }) }),
  ]);
  const { continue: token } = (await server.get(LAMPS_URL)).json.metadata as { continue: string };
  const reply = await server.get(`${LAMPS_URL}?continue=${token}`);
  t.is(reply.status, 500);
  t.regex(reply.json.message, /shop\/a comes after shop\/b: pages must be in order$/);
});

const WRITES: readonly (readonly [handler: string, method: string, path: string, more: object])[] =
  [
    [
      'create',
      'POST',
      '',
      { body: { apiVersion: 'example.com/v1', kind: 'Lamp', metadata: { name: 'a' } } },
    ],
    [
      'update',
      'PUT',
      '/a',
      { body: { apiVersion: 'example.com/v1', kind: 'Lamp', metadata: { name: 'a' } } },
    ],
    ['patch', 'PATCH', '/a', { body: {}, headers: MERGE }],
    ['delete', 'DELETE', '/a', {}],
  ];

for (const [handler, method, path, more] of WRITES) {
  test(`a ${handler} that gives another object is 500 with the handler's name`, async (t) => {
    const handlers = { [handler]: () => lamp('shop', 'b') } as VirtualHandlers<Lamp>;
    const server = new VirtualServer(t, [lamps(handlers)]);
    const reply = await server.ask(method, LAMPS_URL + path, more);
    t.is(reply.status, 500);
    t.regex(reply.json.message, new RegExp(`the ${handler} handler of lamps.* is not "a"$`));
  });

  test(`a ${handler} that throws is 500 with the handler's name`, async (t) => {
    const handlers = {
      [handler]: async () => {
        throw new TypeError('no such column');
      },
    } as VirtualHandlers<Lamp>;
    const server = new VirtualServer(t, [lamps(handlers)]);
    const reply = await server.ask(method, LAMPS_URL + path, more);
    t.is(reply.status, 500);
    t.is(
      reply.json.message,
      `Internal error occurred: the ${handler} handler of lamps.example.com failed: no such column`,
    );
    t.true(server.log[0]?.fields['err'] instanceof TypeError, 'the log has the error itself');
    t.is(server.log[0]?.fields['reason'], 'thrown');
  });
}

test('what is thrown and is no error is told as well', async (t) => {
  const server = new VirtualServer(t, [
    lamps({
      get: () => {
        // oxlint-disable-next-line typescript/only-throw-error
        throw 'out of lamps';
      },
    }),
  ]);
  const reply = await server.get(`${LAMPS_URL}/a`);
  t.regex(reply.json.message, /the get handler of lamps\.example\.com failed: out of lamps$/);
});

test('a handler that does not come back is 504 at the deadline, and told of it', async (t) => {
  const signals: AbortSignal[] = [];
  const server = new VirtualServer(t, [
    lamps({
      get: ({ signal }) => {
        signals.push(signal);
        return new Promise(() => undefined);
      },
    }),
  ]);
  const timers = server.clock.pending;
  const asking = server.get(`${LAMPS_URL}/a`);
  while (signals.length === 0) await turn();
  t.false(signals[0]?.aborted);
  server.clock.advance(60_000);
  const reply = await asking;
  t.is(reply.status, 504);
  t.is(reply.json.reason, 'Timeout');
  t.true(signals[0]?.aborted);
  t.is(server.clock.pending, timers);
  await turn();
  // The server says by itself that the request failed.
  const told = server.log.filter(({ message }) => message === 'a handler failed');
  t.is(told.length, 1);
  t.like(told[0]?.fields, { handler: 'get', reason: 'deadline' });
});

test('a client that leaves aborts the handler, and is nobody’s fault', async (t) => {
  const abortion = new AbortController();
  let aborted = false;
  const server = new VirtualServer(t, [
    lamps({
      get: ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            reject(new Error('late'));
          });
          abortion.abort();
        }),
    }),
  ]);
  await server.get(`${LAMPS_URL}/a`, { signal: abortion.signal });
  t.true(aborted);
  t.deepEqual(server.log, []);
});

test('what a handler that does not come back holds is not the request', async (t) => {
  await expectNoMemory(t, async (collect) => {
    const hung: Promise<never>[] = [];
    const hang = (): Promise<never> => {
      const promise = new Promise<never>(() => undefined);
      hung.push(promise);
      return promise;
    };
    const server = new VirtualServer(t, [lamps({ get: hang })]);
    const asking = server.get(`${LAMPS_URL}/a`, { headers: collect({}) });
    while (hung.length === 0) await turn();
    server.clock.advance(60_000);
    t.is((await asking).status, 504);
    await turn();
    return hung;
  });
});
