/**
 * Concurrent writers against a plain model: every success takes exactly one revision, updates that
 * change nothing take none, and what a watch saw is what the writes were told.
 */

import test from 'ava';
import fc from 'fast-check';
import type { Write, WriteResult } from '../../lib/storage/index.js';
import { MemoryStorage } from '../../lib/storage/index.js';
import type { Json } from './fixture.js';
import { JSON_PATCH, MERGE, TestServer, WatchReader, widget, WIDGETS_URL } from './fixture.js';

/** Lets others run between a read and the write that follows it, as a durable storage does. */
class SlowStorage extends MemoryStorage {
  readonly turns: () => number;

  constructor(turns: () => number) {
    super();
    this.turns = turns;
  }

  override async write(write: Write): Promise<WriteResult> {
    for (let turn = this.turns(); turn > 0; turn--) await Promise.resolve();
    return super.write(write);
  }
}

/** Lets a rival write in front of the next write. */
class RacedStorage extends MemoryStorage {
  rival: (() => Promise<void>) | undefined;

  override async write(write: Write): Promise<WriteResult> {
    const { rival } = this;
    this.rival = undefined;
    await rival?.();
    return super.write(write);
  }
}

type Action =
  | { readonly type: 'create'; readonly name: string; readonly finalizer: boolean }
  | { readonly type: 'increment'; readonly name: string }
  | { readonly type: 'label'; readonly name: string; readonly value: string }
  | { readonly type: 'finish'; readonly name: string }
  | { readonly type: 'nothing'; readonly name: string }
  | { readonly type: 'delete'; readonly name: string };

const name = fc.constantFrom('a', 'b');
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ type: fc.constant('create' as const), name, finalizer: fc.boolean() }),
  fc.record({ type: fc.constant('increment' as const), name }),
  fc.record({ type: fc.constant('label' as const), name, value: fc.constantFrom('x', 'y') }),
  fc.record({ type: fc.constant('finish' as const), name }),
  fc.record({ type: fc.constant('nothing' as const), name }),
  fc.record({ type: fc.constant('delete' as const), name }),
);

async function act(server: TestServer, action: Action): Promise<{ status: number; json: Json }> {
  const url = `${WIDGETS_URL}/${action.name}`;
  switch (action.type) {
    case 'create': {
      const metadata = action.finalizer ? { finalizers: ['example.com/f'] } : {};
      const body = widget(action.name, { metadata, spec: { count: 0 } });
      return server.ask('POST', WIDGETS_URL, { body });
    }
    case 'increment': {
      const { status, json } = await server.ask('GET', url);
      if (status !== 200) return { status, json };
      const body = [
        { op: 'test', path: '/spec/count', value: json.spec.count },
        { op: 'replace', path: '/spec/count', value: json.spec.count + 1 },
      ];
      return server.ask('PATCH', url, { body, headers: JSON_PATCH });
    }
    case 'label':
      return server.ask('PATCH', url, {
        body: { metadata: { labels: { l: action.value } } },
        headers: MERGE,
      });
    case 'finish':
      return server.ask('PATCH', url, {
        body: { metadata: { finalizers: null } },
        headers: MERGE,
      });
    case 'nothing':
      return server.ask('PATCH', url, { body: {}, headers: MERGE });
    default:
      return server.ask('DELETE', url);
  }
}

test('concurrent writers: one order, and one revision for each change', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(action, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 }),
      fc.infiniteStream(fc.nat({ max: 4 })),
      async (writers, turns) => {
        const storage = new SlowStorage(() => turns.next().value as number);
        const server = await TestServer.start({ storage });
        const watch = new WatchReader(
          await server.ask('GET', `${WIDGETS_URL}?watch=1&resourceVersion=1`),
        );
        const answered: Json[] = [];
        await Promise.all(
          writers.map(async (actions) => {
            for (const action of actions) {
              const { status, json } = await act(server, action);
              t.true([200, 201, 404, 409, 422].includes(status), JSON.stringify(json));
              if (status < 300 && json.kind === 'Widget') answered.push(json);
            }
          }),
        );
        const { json: list } = await server.ask('GET', WIDGETS_URL);
        const last = Number(await storage.committedRevision());
        const events: Json[] = [];
        for (let revision = 2; revision <= last; revision++) events.push(await watch.next());
        // Every revision is one event: successes took one each, the rest none.
        t.deepEqual(
          events.map(({ object }) => Number(object.metadata.resourceVersion)),
          Array.from({ length: last - 1 }, (_, index) => index + 2),
        );
        const byRevision = new Map(
          events.map(({ type, object }) => [object.metadata.resourceVersion, { type, object }]),
        );
        for (const object of answered) {
          const event = byRevision.get(object.metadata.resourceVersion);
          // What lets an object go answers with the revision that the object had before.
          const { uid, deletionTimestamp, finalizers = [] } = object.metadata;
          const isGone = deletionTimestamp !== undefined && finalizers.length === 0;
          if (isGone || event?.type === 'DELETED') t.is(event?.object.metadata.uid, uid);
          else t.deepEqual(event?.object, object);
        }
        t.deepEqual(list.items, fold(events));
        watch.close();
        await server.close();
      },
    ),
    { numRuns: 60 },
  );
});

// The history as a serial order: replaying it must make sense, and give the final state.
function fold(events: readonly Json[]): Json[] {
  const state = new Map<string, Json>();
  for (const { type, object } of events) {
    const { name: key, generation } = object.metadata;
    const before = state.get(key);
    if ((type === 'ADDED') !== (before === undefined)) throw new Error(`${type} of ${key}`);
    if (type === 'DELETED') {
      state.delete(key);
      continue;
    }
    if (before !== undefined) {
      const counted = object.spec.count - before.spec.count;
      const isMarked = object.metadata.deletionTimestamp !== before.metadata.deletionTimestamp;
      if (counted < 0 || counted > 1) throw new Error(`a lost or doubled increment of ${key}`);
      if (generation - before.metadata.generation !== counted + (isMarked ? 1 : 0)) {
        throw new Error(`generation of ${key}`);
      }
    }
    state.set(key, object);
  }
  return [...state.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}

test('writers of one object all get through, each exactly once', async (t) => {
  const server = await TestServer.start({ storage: new SlowStorage(() => 3) });
  await server.ask('POST', WIDGETS_URL, { body: widget('hot', { spec: {} }) });
  const keys = Array.from({ length: 25 }, (_, index) => `k${index}`);
  const replies = await Promise.all(
    keys.map((key) =>
      server.ask('PATCH', `${WIDGETS_URL}/hot`, { body: { spec: { [key]: 1 } }, headers: MERGE }),
    ),
  );
  const versions = replies.map(({ json }) => Number(json.metadata.resourceVersion));
  t.deepEqual(
    versions.sort((left, right) => left - right),
    keys.map((_, index) => index + 3),
  );
  const { json } = await server.ask('GET', `${WIDGETS_URL}/hot`);
  t.deepEqual(Object.keys(json.spec).sort(), keys.sort());
  t.is(json.metadata.generation, 26);
});

test('of concurrent updates that name a resourceVersion one wins', async (t) => {
  const server = await TestServer.start({ storage: new SlowStorage(() => 3) });
  const { json: lamp } = await server.ask('POST', WIDGETS_URL, { body: widget('lamp') });
  const replies = await Promise.all(
    [1, 2, 3].map((size) =>
      server.ask('PUT', `${WIDGETS_URL}/lamp`, { body: { ...lamp, spec: { size } } }),
    ),
  );
  t.deepEqual(replies.map(({ status }) => status).sort(), [200, 409, 409]);
});

test('an aborted request stops its loop', async (t) => {
  const server = await TestServer.start();
  await server.ask('POST', WIDGETS_URL, { body: widget('lamp') });
  const body = { spec: { size: 1 } };
  const signal = AbortSignal.abort();
  const reply = await server.ask('PATCH', `${WIDGETS_URL}/lamp`, { body, headers: MERGE, signal });
  t.is(reply.status, 504);
  t.is((await server.ask('GET', `${WIDGETS_URL}/lamp`)).json.spec, undefined);
});

test('a change is made anew on the state that won', async (t) => {
  const storage = new RacedStorage();
  const server = await TestServer.start({ storage });
  const store = server.store();
  const lamp = { namespace: 'team-a', name: 'lamp' };
  await store.create({ namespace: 'team-a', object: widget('lamp', { spec: { count: 0 } }) });
  const seen: number[] = [];
  const add = (amount: number) => (current: Json) => {
    seen.push(current.spec.count);
    return { ...current, spec: { count: current.spec.count + amount } };
  };
  storage.rival = async () => void (await store.update({ ...lamp, change: add(10) }));
  const written = await store.update({ ...lamp, change: add(1) });
  t.deepEqual(seen, [0, 0, 10]);
  t.is(written.resourceVersion, '4');
  t.is((await server.ask('GET', `${WIDGETS_URL}/lamp`)).json.spec.count, 11);
});

test('what a stale guess refuses is asked again on the live state', async (t) => {
  const server = await TestServer.start();
  const { json: lamp } = await server.ask('POST', WIDGETS_URL, { body: widget('lamp') });
  const store = server.store();
  // The cache does not hear of this before the next turn of the event loop at the earliest.
  const url = { namespace: 'team-a', name: 'lamp' };
  const { bytes } = await store.update({
    ...url,
    change: (current) => ({ ...current, spec: { size: 1 } }),
  });
  const newest = JSON.parse(Buffer.from(bytes).toString()) as Json;
  const body = { ...newest, spec: { size: 2 } };
  t.is((await server.ask('PUT', `${WIDGETS_URL}/lamp`, { body })).status, 200);
  const stale = await server.ask('PUT', `${WIDGETS_URL}/lamp`, { body: lamp });
  t.is(stale.status, 409);
});

test('an object that a rival deleted first is not found', async (t) => {
  const storage = new RacedStorage();
  const server = await TestServer.start({ storage });
  const store = server.store();
  const lamp = { namespace: 'team-a', name: 'lamp' };
  await store.create({ namespace: 'team-a', object: widget('lamp') });
  storage.rival = async () => void (await store.delete(lamp));
  const body = { spec: {} };
  const reply = await server.ask('PATCH', `${WIDGETS_URL}/lamp`, { body, headers: MERGE });
  t.is(reply.status, 404);
});
