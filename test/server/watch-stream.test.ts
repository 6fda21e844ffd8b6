/**
 * A watch as its client sees it on the wire, row by row, on both engines and by both protocols: how
 * its answer is framed, what is an HTTP error, what an ERROR event, and how streams end.
 */

import test, { type ExecutionContext } from 'ava';

import { StorageError } from '../../lib/storage/index.js';
import { ENGINES } from '../engine/engines.js';
import {
  type Json,
  type Protocol,
  scene,
  type Scene,
  turns,
  WATCH,
  WIDGETS,
} from './watch-stream.js';

const PROTOCOLS: readonly Protocol[] = ['HTTP/1.1', 'HTTP/2'];

type Options = Parameters<typeof scene>[3];

function wireTest(
  row: string,
  run: (t: ExecutionContext, scene: Scene, protocol: Protocol) => Promise<void>,
  options: Options = {},
): void {
  for (const { kind } of ENGINES) {
    for (const protocol of PROTOCOLS) {
      test(`${kind}, ${protocol}: ${row}`, async (t) => {
        await run(t, await scene(t, kind, protocol, options), protocol);
      });
    }
  }
}

const widgetsCache = ({ server }: Scene) => server.cache('widgets.example.com')!;

const nameOf = ({ type, object }: Json): string => `${type} ${object.metadata.name}`;

wireTest('framing: headers come before any event, one line an event', async (t, set, protocol) => {
  await set.server.ready();
  const watch = await set.ask(WATCH, { headers: { 'accept-encoding': 'gzip' } });
  t.is(watch.status, 200);
  t.is(watch.headers['content-type'], 'application/json');
  t.is(watch.headers['content-encoding'], undefined);
  t.is(watch.headers['content-length'], undefined);
  if (protocol === 'HTTP/1.1') t.is(watch.headers['transfer-encoding'], 'chunked');
  await set.create('a');
  const line = (await watch.line()) ?? '';
  t.true(line.startsWith('{"type":"ADDED","object":{"apiVersion":"example.com/v1",'));
  t.true(line.endsWith('}}\n'));
  t.is(JSON.parse(line).object.metadata.name, 'a');
});

wireTest('framing: application/json;stream=watch is accepted', async (t, set) => {
  await set.server.ready();
  const watch = await set.ask(WATCH, { headers: { accept: 'application/json;stream=watch' } });
  t.is(watch.status, 200);
  t.is(watch.headers['content-type'], 'application/json');
});

interface Refused {
  readonly row: string;
  readonly path: string;
  readonly accept?: string;
  readonly status: number;
  readonly reason: string;
}

const REFUSED: readonly Refused[] = [
  { row: 'a number that is none', path: '&limit=x', status: 400, reason: 'BadRequest' },
  { row: 'a selector', path: '&labelSelector=a%20in%20(', status: 400, reason: 'BadRequest' },
  { row: 'a field', path: '&fieldSelector=spec.size%3D1', status: 400, reason: 'BadRequest' },
  { row: 'a resourceVersion', path: '&resourceVersion=abc', status: 400, reason: 'BadRequest' },
  { row: 'options', path: '&resourceVersionMatch=Exact', status: 422, reason: 'Invalid' },
  {
    row: 'a media type',
    path: '',
    accept: 'text/plain',
    status: 406,
    reason: 'NotAcceptable',
  },
  {
    row: 'a type that can not be watched',
    path: '/apis/example.com/v1/namespaces/shop/reviews?watch=1',
    status: 405,
    reason: 'MethodNotAllowed',
  },
];

for (const { row, path, accept, status, reason } of REFUSED) {
  wireTest(`an HTTP error before the stream: ${row}, ${status}`, async (t, set) => {
    await set.server.ready();
    const url = path.startsWith('/') ? path : WATCH + path;
    const answer = await set.ask(url, accept === undefined ? {} : { headers: { accept } });
    t.is(answer.status, status);
    t.like(await answer.event(), { kind: 'Status', status: 'Failure', code: status, reason });
    t.is(await answer.line(), undefined);
    t.is(widgetsCache(set).stats().watches, 0);
  });
}

wireTest(
  'an HTTP error before the stream: who is not known, 401',
  async (t, set) => {
    t.is((await set.ask(WATCH)).status, 401);
  },
  { authenticator: { authenticate: async () => undefined } },
);

wireTest(
  'an HTTP error before the stream: who may not, 403',
  async (t, set) => {
    t.is((await set.ask(WATCH)).status, 403);
  },
  { authorizer: { authorize: async () => ({ allowed: false, reason: 'no' }) } },
);

wireTest('HEAD is answered, has no body and leaves no watch', async (t, set) => {
  await set.server.ready();
  await set.create('a');
  const answer = await set.ask(WATCH, { method: 'HEAD' });
  t.is(answer.status, 200);
  t.is(await answer.line(), undefined);
  t.is(widgetsCache(set).stats().watches, 0);
});

wireTest('a cache that is not filled: 429 and when to come back', async (t, set) => {
  set.storage.listFailures.push(new StorageError('unavailable', 'no leader'));
  await set.server.ready();
  set.storage.listFailures.push(new StorageError('unavailable', 'no leader'));
  set.storage.endWatches(new StorageError('compacted', 'gone'));
  await turns();
  const answer = await set.ask(WATCH);
  t.is(answer.status, 429);
  t.is(answer.headers['retry-after'], '1');
  const { reason, message, details } = await answer.event();
  t.is(reason, 'TooManyRequests');
  t.regex(message, /^storage is \(re\)initializing/);
  t.is(details.retryAfterSeconds, 1);
});

interface Failure {
  readonly row: string;
  readonly path: string;
  readonly prepare: (set: Scene) => Promise<void>;
  /** The milliseconds after which it is told. */
  readonly afterMs?: number;
  readonly told: { readonly code: number; readonly reason: string };
  readonly message: RegExp;
}

const LOST: Options = { history: { windowMs: 0, entriesMin: 1, entriesMax: 1 } };

const FAILURES: readonly Failure[] = [
  {
    row: 'a resourceVersion that history has lost',
    path: '&resourceVersion=1',
    prepare: (set) => set.create('a', 'b', 'c'),
    told: { code: 410, reason: 'Expired' },
    message: /^too old resource version: 1 \(3\)$/,
  },
  {
    row: 'a state that is not fresh in time',
    path: '',
    prepare: async (set) => {
      set.storage.hold();
      set.storage.committed = () => 7n;
    },
    afterMs: 3_000,
    told: { code: 504, reason: 'Timeout' },
    message: /^Timeout: Too large resource version: 7, current: 1$/,
  },
  {
    row: 'a storage that can not tell its revision',
    path: '',
    prepare: async (set) => {
      set.storage.committed = () => Promise.reject(new StorageError('unavailable', 'no quorum'));
    },
    told: { code: 500, reason: 'InternalError' },
    message: /^no quorum$/,
  },
];

for (const { row, path, prepare, afterMs = 0, told, message } of FAILURES) {
  wireTest(
    `an ERROR event and the end: ${row}, ${told.code}`,
    async (t, set) => {
      await set.server.ready();
      await prepare(set);
      const asked = set.ask(WATCH + path);
      await turns(50);
      set.clock.advance(afterMs);
      const watch = await asked;
      t.is(watch.status, 200);
      const { type, object } = await watch.event();
      t.is(type, 'ERROR');
      t.like(object, { kind: 'Status', apiVersion: 'v1', status: 'Failure', ...told });
      t.regex(object.message, message);
      t.is(await watch.line(), undefined);
      t.is(widgetsCache(set).stats().watches, 0);
    },
    LOST,
  );
}

interface Ending {
  readonly row: string;
  readonly path?: string;
  readonly end: (set: Scene) => void | Promise<void>;
}

const ENDINGS: readonly Ending[] = [
  {
    row: 'its timeoutSeconds are over',
    path: '&timeoutSeconds=7',
    end: ({ clock }) => clock.advance(7_000),
  },
  {
    row: 'it names no timeout: the least one',
    end: ({ clock }) => clock.advance(1_800_000),
  },
  {
    row: 'timeout means nothing to it',
    path: '&timeout=1s&timeoutSeconds=7',
    end: async (set) => {
      set.clock.advance(6_999);
      await set.create('later');
      set.clock.advance(1);
    },
  },
  { row: 'the server stops', end: ({ server }) => void server.close() },
  {
    row: 'the cache has lost its storage',
    end: ({ storage }) => storage.endWatches(new StorageError('compacted', 'gone')),
  },
];

for (const { row, path = '', end } of ENDINGS) {
  wireTest(`a clean end without a word: ${row}`, async (t, set) => {
    await set.server.ready();
    const watch = await set.ask(WATCH + path);
    await set.create('a');
    t.is(nameOf(await watch.event()), 'ADDED a');
    await end(set);
    const last = await watch.event();
    if (last !== undefined) {
      t.is(nameOf(last), 'ADDED later');
      t.is(await watch.line(), undefined);
    }
    t.is(widgetsCache(set).stats().watches, 0);
  });
}

wireTest('a negative timeout is over at once', async (t, set) => {
  await set.server.ready();
  const asked = set.ask(`${WATCH}&timeoutSeconds=-1`);
  await turns();
  set.clock.advance(0);
  const watch = await asked;
  t.is(watch.status, 200);
  t.is(await watch.line(), undefined);
});

wireTest('a client that leaves: nothing is left of its watch', async (t, set) => {
  await set.server.ready();
  const watch = await set.ask(WATCH);
  const { stats } = { stats: () => widgetsCache(set).stats() };
  t.deepEqual([stats().watches, stats().watchGroups], [1, 1]);
  watch.leave();
  while (stats().watches > 0) await turns(1);
  t.is(stats().watchGroups, 0);
});

const PATHS: readonly (readonly [path: string, names: readonly string[]])[] = [
  [`${WIDGETS}?watch=true`, ['a', 'b']],
  [`${WIDGETS}?watch`, ['a', 'b']],
  [`${WIDGETS}?watch=1&fieldSelector=metadata.name%3Db`, ['b']],
  ['/apis/example.com/v1/widgets?watch=1', ['a', 'b']],
  ['/apis/example.com/v1/watch/widgets', ['a', 'b']],
  ['/apis/example.com/v1/watch/namespaces/shop/widgets', ['a', 'b']],
  ['/apis/example.com/v1/watch/namespaces/shop/widgets/b', ['b']],
];

for (const [path, names] of PATHS) {
  wireTest(`a watch by ${path}`, async (t, set) => {
    await set.server.ready();
    await set.create('a', 'b');
    const watch = await set.ask(path);
    for (const name of names) t.is(nameOf(await watch.event()), `ADDED ${name}`);
    await set.create('c');
    if (names.includes('a')) t.is(nameOf(await watch.event()), 'ADDED c');
    await turns();
    t.is(watch.pending, 0);
  });
}

wireTest('bookmarks: each minute, two seconds before the end, and none unasked', async (t, set) => {
  await set.server.ready();
  await set.create('a');
  const query = `${WATCH}&timeoutSeconds=100`;
  const watch = await set.ask(`${query}&allowWatchBookmarks=true`);
  const unasked = await set.ask(query);
  t.is(nameOf(await watch.event()), 'ADDED a');
  const end = await watch.event();
  t.is(end.object.metadata.annotations['k8s.io/initial-events-end'], 'true');
  set.clock.advance(61_000);
  const plain = {
    type: 'BOOKMARK',
    object: {
      kind: 'Widget',
      apiVersion: 'example.com/v1',
      metadata: { resourceVersion: end.object.metadata.resourceVersion },
    },
  };
  t.deepEqual(await watch.event(), plain);
  set.clock.advance(37_500);
  t.deepEqual(await watch.event(), plain);
  set.clock.advance(1_500);
  t.is(await watch.line(), undefined);
  t.is(nameOf(await unasked.event()), 'ADDED a');
  t.is(await unasked.line(), undefined);
});

wireTest('a client goes on from the last revision that it has seen', async (t, set) => {
  await set.server.ready();
  await set.create('a');
  const first = await set.ask(WATCH);
  const { object } = await first.event();
  first.leave();
  await set.create('b', 'c');
  const next = await set.ask(`${WATCH}&resourceVersion=${object.metadata.resourceVersion}`);
  t.is(nameOf(await next.event()), 'ADDED b');
  t.is(nameOf(await next.event()), 'ADDED c');
});

const SHORT: Options = { history: { windowMs: 0, entriesMin: 5, entriesMax: 5 } };

/** Together far more than sockets hold that nobody reads. */
const LARGE_EVENTS = 160;
const LARGE_BYTES = 100_000;

for (const watchLossErrors of [false, true]) {
  const told = watchLossErrors ? 'an ERROR event 410' : 'a clean end without a word';
  wireTest(
    `a client that does not read: no gap, then ${told}; the next watch is 410`,
    async (t, set) => {
      await set.server.ready();
      const watch = await set.ask(WATCH);
      await set.create('a');
      t.is(nameOf(await watch.event()), 'ADDED a');
      watch.stopReading();
      for (let index = 0; index < LARGE_EVENTS; index++) {
        await set.createLarge(`b${index}`, LARGE_BYTES);
        await turns(1);
      }
      watch.readOn();
      let seen = 0;
      let last = '';
      let event = await watch.event();
      for (; event?.type === 'ADDED'; event = await watch.event()) {
        t.is(event.object.metadata.name, `b${seen++}`);
        last = event.object.metadata.resourceVersion;
      }
      t.true(seen > 0 && seen < LARGE_EVENTS - 5, `${seen} events`);
      t.is(event?.type, watchLossErrors ? 'ERROR' : undefined);
      if (watchLossErrors) {
        t.like(event.object, { code: 410, reason: 'Expired' });
        t.is(await watch.line(), undefined);
      }
      const { watches, watchesTerminated } = widgetsCache(set).stats();
      t.is(watches, 0);
      t.deepEqual(watchesTerminated, { expired: 1, replaced: 0 });
      const next = await set.ask(`${WATCH}&resourceVersion=${last}`);
      t.like((await next.event()).object, { code: 410, reason: 'Expired' });
    },
    { ...SHORT, watchLossErrors },
  );
}
