/** WATCH of resources that have a handler for it: what clients see, and how it ends. */

import test from 'ava';
import { expired } from '../../lib/request/index.js';
import type { VirtualEvent, VirtualHandlers, VirtualWatchContext } from '../../lib/rest/index.js';
import { ALL_LAMPS_URL, lamp, LAMPS_URL, lamps, turn, VirtualServer } from './fixture.js';
import type { Lamp } from './fixture.js';

/** A watch handler that tells what the test pushes, and how it is treated. */
class Feed {
  readonly contexts: VirtualWatchContext[] = [];
  /** How many events have been asked for. */
  asked = 0;
  /** How many times `return` was called. */
  returned = 0;
  #queue: (VirtualEvent<Lamp> | Error | 'end')[] = [];
  #wake: (() => void) | undefined;

  readonly handlers: VirtualHandlers<Lamp> = {
    list: () => [],
    watch: (context) => {
      this.contexts.push(context);
      return { [Symbol.asyncIterator]: () => this.#iterator() };
    },
  };

  push(...events: (VirtualEvent<Lamp> | Error | 'end')[]): void {
    this.#queue.push(...events);
    this.#wake?.();
  }

  #iterator(): AsyncIterator<VirtualEvent<Lamp>> {
    return {
      next: async () => {
        this.asked++;
        while (this.#queue.length === 0) {
          await new Promise<void>((resolve) => (this.#wake = resolve));
        }
        const next = this.#queue.shift();
        if (next instanceof Error) throw next;
        if (next === 'end' || next === undefined) return { done: true, value: undefined };
        return { done: false, value: next };
      },
      return: async () => {
        this.returned++;
        return { done: true, value: undefined };
      },
    };
  }
}

const HALL = { labels: { room: 'hall' } };

test('events become frames, with the type of their object filled in', async (t) => {
  const feed = new Feed();
  const server = new VirtualServer(t, [lamps(feed.handlers)]);
  const watch = await server.watch(LAMPS_URL);
  const a = lamp('shop', 'a', { color: 'red', resourceVersion: '7' });
  feed.push({ type: 'ADDED', object: a }, { type: 'MODIFIED', object: a });
  feed.push({ type: 'DELETED', object: a });
  t.is(
    await watch.nextLine(),
    '{"type":"ADDED","object":{"apiVersion":"example.com/v1","kind":"Lamp","metadata":' +
      '{"name":"a","namespace":"shop","resourceVersion":"7"},"spec":{"color":"red"}}}',
  );
  t.is((await watch.next()).type, 'MODIFIED');
  t.is((await watch.next()).type, 'DELETED');
  watch.close();
});

test('the handler is told what is asked for', async (t) => {
  const feed = new Feed();
  const server = new VirtualServer(t, [lamps(feed.handlers)]);
  const query = '&resourceVersion=5&labelSelector=room=hall&allowWatchBookmarks=1&timeoutSeconds=9';
  (await server.watch(LAMPS_URL, query)).close();
  (await server.watch(ALL_LAMPS_URL)).close();
  const [first, second] = feed.contexts;
  t.like(first, {
    verb: 'watch',
    namespace: 'shop',
    name: '',
    resourceVersion: '5',
    allowBookmarks: true,
    timeoutMs: 9_000,
  });
  t.is(first?.labelSelector.text, 'room=hall');
  t.like(second, { namespace: '', resourceVersion: undefined, timeoutMs: 1_800_000 });
});

test('an object watched by its path is named', async (t) => {
  const feed = new Feed();
  const server = new VirtualServer(t, [lamps(feed.handlers)]);
  const url = '/apis/example.com/v1/watch/namespaces/shop/lamps/a';
  const reply = await server.ask('GET', `${url}?watch=true`);
  t.is(reply.status, 200);
  t.is(feed.contexts[0]?.name, 'a');
});

test('tables and metadata are made of events, the columns once', async (t) => {
  const feed = new Feed();
  const server = new VirtualServer(t, [lamps(feed.handlers)]);
  const headers = { Accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' };
  const watch = await server.watch(LAMPS_URL, '', { headers });
  feed.push({ type: 'ADDED', object: lamp('shop', 'a', { color: 'red' }) });
  feed.push({ type: 'MODIFIED', object: lamp('shop', 'a', { color: 'blue' }) });
  const first = await watch.next();
  t.is(first.object.kind, 'Table');
  t.deepEqual(first.object.rows[0].cells, ['a', 'red']);
  t.is(first.object.columnDefinitions.length, 2);
  t.is((await watch.next()).object.columnDefinitions, null);
  watch.close();
});

test('bookmarks are passed on to whom has asked for them, and to nobody else', async (t) => {
  const feed = new Feed();
  const server = new VirtualServer(t, [lamps(feed.handlers)]);
  const bookmark = { type: 'BOOKMARK', resourceVersion: '12' } as const;
  const added = { type: 'ADDED', object: lamp('shop', 'a') } as const;
  const asking = await server.watch(LAMPS_URL, '&allowWatchBookmarks=true');
  feed.push(bookmark);
  t.deepEqual(await asking.next(), {
    type: 'BOOKMARK',
    object: { apiVersion: 'example.com/v1', kind: 'Lamp', metadata: { resourceVersion: '12' } },
  });
  asking.close();
  const other = await server.watch(LAMPS_URL);
  feed.push(bookmark, added);
  t.is((await other.next()).type, 'ADDED');
  other.close();
});

test('a slow client slows the handler: one event is asked for at a time', async (t) => {
  const feed = new Feed();
  const server = new VirtualServer(t, [lamps(feed.handlers)]);
  const watch = await server.watch(LAMPS_URL);
  const added = (name: string) => ({ type: 'ADDED', object: lamp('shop', name) }) as const;
  feed.push(added('a'), added('b'), added('c'));
  t.is((await watch.next()).object.metadata.name, 'a');
  for (let turns = 0; turns < 5; turns++) await turn();
  t.is(feed.asked, 1, 'b is not asked for before somebody pulls');
  t.is((await watch.next()).object.metadata.name, 'b');
  watch.close();
});

test('a client that leaves ends the iterator, once', async (t) => {
  const feed = new Feed();
  const server = new VirtualServer(t, [lamps(feed.handlers)]);
  const abortion = new AbortController();
  const watch = await server.watch(LAMPS_URL, '', { signal: abortion.signal });
  const next = watch.next();
  await turn();
  abortion.abort();
  t.is(await next, undefined);
  watch.close();
  await turn();
  t.is(feed.returned, 1);
  t.true(feed.contexts[0]?.signal.aborted);
  t.deepEqual(server.log, []);
});

test('a watch ends cleanly when its time is over', async (t) => {
  const feed = new Feed();
  const server = new VirtualServer(t, [lamps(feed.handlers)]);
  const timers = server.clock.pending;
  const watch = await server.watch(LAMPS_URL, '&timeoutSeconds=30');
  feed.push({ type: 'ADDED', object: lamp('shop', 'a') });
  t.is((await watch.next()).type, 'ADDED');
  const next = watch.next();
  server.clock.advance(30_000);
  t.is(await next, undefined);
  t.is(feed.returned, 1);
  t.is(server.clock.pending, timers, 'no timer is left');
});

test('a generator is ended where it waits, and its cleaning up is done', async (t) => {
  let cleaned = 0;
  const handlers: VirtualHandlers<Lamp> = {
    list: () => [],
    async *watch({ signal }) {
      try {
        yield { type: 'ADDED', object: lamp('shop', 'a') };
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('over')), { once: true });
        });
      } finally {
        cleaned++;
      }
    },
  };
  const server = new VirtualServer(t, [lamps(handlers)]);
  const watch = await server.watch(LAMPS_URL);
  t.is((await watch.next()).type, 'ADDED');
  const next = watch.next();
  await turn();
  watch.close();
  t.is(await next, undefined);
  await turn();
  t.is(cleaned, 1);
  t.deepEqual(server.log, [], 'what it throws when it is ended is nobody’s business');
});

test('a handler that ends its events ends the watch; it is not asked to return', async (t) => {
  const feed = new Feed();
  const server = new VirtualServer(t, [lamps(feed.handlers)]);
  const watch = await server.watch(LAMPS_URL);
  feed.push('end');
  t.is(await watch.next(), undefined);
  t.is(feed.returned, 0);
});

test('an error is an ERROR event behind what was told, and the end', async (t) => {
  const feed = new Feed();
  const server = new VirtualServer(t, [lamps(feed.handlers)]);
  const watch = await server.watch(LAMPS_URL, '&resourceVersion=3');
  feed.push({ type: 'ADDED', object: lamp('shop', 'a') });
  feed.push(expired('too old resource version: 3 (9)'));
  t.is((await watch.next()).type, 'ADDED');
  t.like(await watch.next(), {
    type: 'ERROR',
    object: { kind: 'Status', code: 410, reason: 'Expired' },
  });
  t.is(await watch.next(), undefined);
  t.deepEqual(server.log, [], 'that was meant for the client');
});

test('what a handler throws by accident is an InternalError, and is reported', async (t) => {
  const feed = new Feed();
  const server = new VirtualServer(t, [lamps(feed.handlers)]);
  const watch = await server.watch(LAMPS_URL, '', { headers: { 'Audit-Id': 'w-1' } });
  feed.push(new Error('the wire was cut'));
  const { type, object } = await watch.next();
  t.is(type, 'ERROR');
  t.is(object.code, 500);
  t.is(
    object.message,
    'Internal error occurred: the watch handler of lamps.example.com failed: the wire was cut',
  );
  t.is(server.log.length, 1);
  t.like(server.log[0]?.fields, {
    resource: 'lamps.example.com',
    handler: 'watch',
    reason: 'thrown',
    auditId: 'w-1',
  });
});

test('a handler that refuses at once is answered as HTTP, and is not held', async (t) => {
  const handlers: VirtualHandlers<Lamp> = {
    list: () => [],
    watch: () => {
      throw expired('too old');
    },
  };
  const server = new VirtualServer(t, [lamps(handlers)]);
  const timers = server.clock.pending;
  t.is((await server.get(`${LAMPS_URL}?watch=1`)).status, 410);
  t.is(server.clock.pending, timers);
});

const FAULTY: readonly (readonly [about: string, event: unknown, message: RegExp])[] = [
  [
    'an event of no type',
    { object: lamp('shop', 'a') },
    /an event is of type undefined, not ADDED/,
  ],
  ['null', null, /an event is of type undefined/],
  ['an unknown type', { type: 'added', object: lamp('shop', 'a') }, /is of type "added"/],
  ['an event without an object', { type: 'ADDED' }, /the object of ADDED is undefined/],
  ['an object of another namespace', { type: 'ADDED', object: lamp('x', 'a') }, /namespace of/],
  ['a bookmark without a revision', { type: 'BOOKMARK' }, /resourceVersion of BOOKMARK is missing/],
  [
    'a previous object of another kind',
    { type: 'MODIFIED', object: lamp('shop', 'a'), previous: { kind: 'Pole' } },
    /the kind of the previous object of MODIFIED is "Pole", not "Lamp"/,
  ],
];

for (const [about, event, message] of FAULTY) {
  test(`${about} ends the watch with an error that names the handler`, async (t) => {
    const feed = new Feed();
    const server = new VirtualServer(t, [lamps(feed.handlers)]);
    const watch = await server.watch(LAMPS_URL);
    feed.push(event as VirtualEvent<Lamp>);
    const told = await watch.next();
    t.is(told.type, 'ERROR');
    t.is(told.object.code, 500);
    t.regex(told.object.message, /the watch handler of lamps\.example\.com gave what can not/);
    t.regex(told.object.message, message);
    t.is(await watch.next(), undefined);
    await turn();
    t.is(feed.returned, 1, 'it is ended');
    t.is(server.log[0]?.fields['reason'], 'result');
  });
}

test('a promise is no async iterable', async (t) => {
  const handlers = { list: () => [], watch: async () => [] } as unknown as VirtualHandlers<Lamp>;
  const server = new VirtualServer(t, [lamps(handlers)]);
  const reply = await server.get(`${LAMPS_URL}?watch=1`);
  t.is(reply.status, 500);
  t.regex(reply.json.message, /it is no async iterable/);
});

interface Step {
  readonly event: VirtualEvent<Lamp>;
  /** `TYPE name@revision`, or undefined: the client is told nothing. */
  readonly told: string | undefined;
}

const change = (
  type: 'ADDED' | 'MODIFIED' | 'DELETED',
  revision: string,
  isInHall: boolean,
  wasInHall?: boolean,
): VirtualEvent<Lamp> => ({
  type,
  object: lamp('shop', 'a', { ...(isInHall ? HALL : {}), resourceVersion: revision }),
  ...(wasInHall === undefined
    ? {}
    : { previous: lamp('shop', 'a', { ...(wasInHall ? HALL : {}), resourceVersion: '1' }) }),
});

const TRANSITIONS: readonly (readonly [about: string, query: string, steps: readonly Step[]])[] = [
  [
    'by what was told, from the present state on',
    '',
    [
      { event: change('ADDED', '11', false), told: undefined },
      { event: change('MODIFIED', '12', true), told: 'ADDED a@12' },
      { event: change('MODIFIED', '13', true), told: 'MODIFIED a@13' },
      { event: change('MODIFIED', '14', false), told: 'DELETED a@14' },
      { event: change('MODIFIED', '15', false), told: undefined },
      { event: change('DELETED', '16', false), told: undefined },
      { event: change('ADDED', '17', true), told: 'ADDED a@17' },
      { event: change('DELETED', '18', true), told: 'DELETED a@18' },
    ],
  ],
  [
    'behind a list, of objects that the client may have of that',
    '&resourceVersion=10',
    [
      { event: change('MODIFIED', '11', false), told: 'DELETED a@11' },
      { event: change('ADDED', '12', false), told: undefined },
      { event: change('DELETED', '13', false), told: undefined },
      { event: change('DELETED', '14', true), told: 'DELETED a@14' },
      { event: change('MODIFIED', '15', true), told: 'MODIFIED a@15' },
      { event: change('MODIFIED', '16', false), told: 'DELETED a@16' },
    ],
  ],
  [
    'by the previous object, where it is told',
    '&resourceVersion=10',
    [
      { event: change('MODIFIED', '11', false, false), told: undefined },
      { event: change('MODIFIED', '12', true, false), told: 'ADDED a@12' },
      { event: change('MODIFIED', '13', true, true), told: 'MODIFIED a@13' },
      { event: change('MODIFIED', '14', false, true), told: 'DELETED a@14' },
      { event: change('DELETED', '15', true, true), told: 'DELETED a@15' },
    ],
  ],
];

for (const [about, query, steps] of TRANSITIONS) {
  test(`objects come to meet a selector and leave it: ${about}`, async (t) => {
    const feed = new Feed();
    const server = new VirtualServer(t, [lamps(feed.handlers)]);
    const watch = await server.watch(LAMPS_URL, `&labelSelector=room=hall${query}`);
    for (const { event, told } of steps) {
      // A marker behind it shows what is passed over.
      const marker = lamp('shop', 'marker', HALL);
      feed.push(event, { type: 'ADDED', object: marker, previous: undefined });
      const first = await watch.next();
      const { metadata } = first.object;
      if (told === undefined) {
        t.is(metadata.name, 'marker');
        continue;
      }
      t.is(`${first.type} ${metadata.name}@${metadata.resourceVersion}`, told);
      t.is((await watch.next()).object.metadata.name, 'marker');
    }
    watch.close();
  });
}

test('what leaves a selector is shown as it was, at the revision at which it left', async (t) => {
  const feed = new Feed();
  const server = new VirtualServer(t, [lamps(feed.handlers)]);
  const watch = await server.watch(LAMPS_URL, '&labelSelector=room=hall');
  feed.push(change('MODIFIED', '14', false, true));
  const { type, object } = await watch.next();
  t.is(type, 'DELETED');
  t.deepEqual(object.metadata.labels, { room: 'hall' });
  t.is(object.metadata.resourceVersion, '14');
  watch.close();
});

test('many events that are not shown do not keep the loop from turning', async (t) => {
  const feed = new Feed();
  const server = new VirtualServer(t, [lamps(feed.handlers)]);
  const watch = await server.watch(LAMPS_URL, '&labelSelector=room=hall');
  const unshown = Array.from({ length: 1_000 }, (_, index) => {
    return { type: 'ADDED', object: lamp('shop', `l-${index}`) } as const;
  });
  feed.push(...unshown, { type: 'ADDED', object: lamp('shop', 'last', HALL) });
  const next = watch.next();
  const over = next.then(() => true);
  let turns = 0;
  while (!(await Promise.race([over, turn().then(() => false)]))) turns++;
  t.is((await next).object.metadata.name, 'last');
  t.true(turns >= 5, `${turns} turns`);
  watch.close();
});

test('a type that can be listed and not watched answers a watch with 405', async (t) => {
  const server = new VirtualServer(t, [lamps({ list: () => [] })]);
  const reply = await server.get(`${LAMPS_URL}?watch=true`);
  t.is(reply.status, 405);
  t.is(reply.json.message, 'watch is not supported on resources of kind "lamps.example.com"');
});

test('initial events are refused, so that clients list, and no handler is asked', async (t) => {
  const feed = new Feed();
  const server = new VirtualServer(t, [lamps(feed.handlers)]);
  const asked = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
  const { status, json } = await server.ask('GET', `${LAMPS_URL}?watch=1&${asked}`);
  t.is(status, 422);
  t.regex(json.message, /sendInitialEvents is forbidden for watch unless the WatchList feature/);
  t.is(feed.contexts.length, 0);
});
