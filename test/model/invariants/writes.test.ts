/** Invariants of writes, as clients make them over HTTP's handlers, and of times to live. */

import type { ExecutionContext } from 'ava';
import fc from 'fast-check';

import { PREFIX, store, turn, unstore, widget as cached } from '../../cache/fixture.js';
import { steps } from '../../cache/model-checks.js';
import { ManualClock } from '../../clock.js';
import {
  type Json,
  JSON_PATCH,
  MERGE,
  TestServer,
  WatchReader,
  widget,
  WIDGETS_URL,
} from '../../rest/fixture.js';
import { ToldEvents } from './expected-events.js';
import { FedWorld, invariantTest, openStorage, type Setting, tryHistories } from './fed-world.js';

async function withServer(
  { engine, storage: kind }: Setting,
  use: (server: TestServer) => Promise<void>,
): Promise<void> {
  const { storage, discard } = await openStorage(kind, new ManualClock());
  const server = await TestServer.start({ storage, engine });
  try {
    await use(server);
  } finally {
    await server.close();
    await discard();
  }
}

const name = fc.constantFrom('a', 'b');
const labels = fc.dictionary(fc.constantFrom('x', 'y'), fc.constantFrom('1', '2'));
const number = fc.constantFrom('1', '1.0', '1e2', '9007199254740993', '-0', '0.10');

invariantTest(13, 'an update that changes nothing is none', async (t, setting) => {
  await tryHistories(setting, [name, labels, number], (name, labels, number) =>
    withServer(setting, async (server) => {
      const url = `${WIDGETS_URL}/${name}`;
      const body = Buffer.from(
        JSON.stringify(widget(name, { metadata: { labels }, spec: { size: 0 } })).replace(
          '"size":0',
          `"size":${number}`,
        ),
      );
      const made = await server.ask('POST', WIDGETS_URL, { body });
      t.is(made.status, 201, made.text);
      const revision = made.json.metadata.resourceVersion as string;
      const watch = new WatchReader(
        await server.ask('GET', `${WIDGETS_URL}?watch=1&resourceVersion=${revision}`),
      );
      const ownLabels = { metadata: { labels } };
      for (const reply of [
        await server.ask('PUT', url, { body: Buffer.from(made.text) }),
        await server.ask('PATCH', url, { body: ownLabels, headers: MERGE }),
        await server.ask('PATCH', url, { body: {}, headers: MERGE }),
        await server.ask('PATCH', url, { body: [], headers: JSON_PATCH }),
      ]) {
        t.is(reply.status, 200, reply.text);
        t.is(reply.text, made.text);
      }
      t.is(await server.storage.committedRevision(), BigInt(revision));
      const last = await server.ask('DELETE', url);
      t.is(last.status, 200);
      const { type, object } = await watch.next();
      t.is(`${type} ${object.metadata.resourceVersion}`, `DELETED ${BigInt(revision) + 1n}`);
      watch.close();
    }),
  );
});

/** Reads, adds one, and writes what it read: with the revision that it had. */
async function increment(server: TestServer, url: string): Promise<Json> {
  for (;;) {
    const { json } = await server.ask('GET', url);
    json.spec.count++;
    const reply = await server.ask('PUT', url, { body: json });
    if (reply.status === 200) return reply.json;
    if (reply.status !== 409) throw new Error(reply.text);
  }
}

invariantTest(
  14,
  'concurrent updates are in one order, and each takes one revision',
  async (t, setting) => {
    const counts = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 5 });
    await tryHistories(setting, [counts], (counts) =>
      withServer(setting, async (server) => {
        const url = `${WIDGETS_URL}/a`;
        const body = widget('a', { spec: { count: 0, marks: {} } });
        const made = await server.ask('POST', WIDGETS_URL, { body });
        const first = BigInt(made.json.metadata.resourceVersion);
        const written: Json[] = [];
        await Promise.all(
          counts.map(async (count, writer) => {
            for (let turn = 0; turn < count; turn++) {
              written.push(await increment(server, url));
              // Takes part whatever was written meanwhile.
              const mark = { spec: { marks: { [`${writer}-${turn}`]: true } } };
              written.push((await server.ask('PATCH', url, { body: mark, headers: MERGE })).json);
            }
          }),
        );
        const total = counts.reduce((sum, count) => sum + count, 0);
        const { json } = await server.ask('GET', url);
        t.is(json.spec.count, total);
        t.is(Object.keys(json.spec.marks).length, total);
        const revisions = written.map(({ metadata }) => BigInt(metadata.resourceVersion));
        revisions.sort((left, right) => Number(left - right));
        t.deepEqual(
          revisions,
          Array.from({ length: 2 * total }, (_, at) => first + 1n + BigInt(at)),
        );
        checkOrder(t, written);
      }),
    );
  },
);

/** Each is the one before and one thing more. */
function checkOrder(t: ExecutionContext, written: readonly Json[]): void {
  const ordered = written.toSorted(
    (left, right) => Number(left.metadata.resourceVersion) - Number(right.metadata.resourceVersion),
  );
  const weight = ({ spec }: Json): number => spec.count + Object.keys(spec.marks).length;
  t.deepEqual(
    ordered.map(weight),
    ordered.map((_, index) => index + 1),
  );
}

invariantTest(15, 'a deletion is told at its own revision', async (t, setting) => {
  await tryHistories(setting, [steps], (steps) =>
    FedWorld.with(setting, {}, async (world) => {
      await world.run(steps.map((step) => ({ ...step, replace: false })));
      const resourceVersion = world.revision.toString();
      const stream = await world.cache.watch({ resourceVersion });
      const told = new ToldEvents(stream);
      const expected: string[] = [];
      for (const [key, { object }] of world.state) {
        const [namespace = '', name = ''] = key.split('/');
        const revision = await unstore(world.storage, namespace, name);
        expected.push(`DELETED ${key}@${revision} ${object.spec?.value}`);
      }
      while (BigInt(world.cache.resourceVersion) < world.revision + BigInt(expected.length)) {
        await turn();
      }
      told.take();
      t.deepEqual(told.events, expected);
      stream.close();
    }),
  );
});

invariantTest(15, 'the update that ends an object says so', async (t, setting) => {
  await withServer(setting, async (server) => {
    const url = `${WIDGETS_URL}/a`;
    const metadata = { finalizers: ['example.com/hold'] };
    await server.ask('POST', WIDGETS_URL, { body: widget('a', { metadata }) });
    const marked = (await server.ask('DELETE', url)).json;
    const from = marked.metadata.resourceVersion as string;
    const watch = new WatchReader(
      await server.ask('GET', `${WIDGETS_URL}?watch=1&resourceVersion=${from}`),
    );
    const body = { metadata: { finalizers: null } };
    const reply = await server.ask('PATCH', url, { body, headers: MERGE });
    t.is(reply.status, 200, reply.text);
    const { type, object } = await watch.next();
    t.is(type, 'DELETED');
    t.is(BigInt(object.metadata.resourceVersion), await server.storage.committedRevision());
    t.true(BigInt(object.metadata.resourceVersion) > BigInt(from));
    watch.close();
  });
});

interface Life {
  readonly name: string;
  readonly ttlSeconds: number;
  readonly pauseMs: number;
}

/**
 * What is due is looked at this often. So much more than whole seconds passes between two writes,
 * of which there are fewer than ten: no two objects end at the same time.
 */
const TICK_MS = 100;

const lives: fc.Arbitrary<Life[]> = fc.array(
  fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    ttlSeconds: fc.constantFrom(0, 1, 5, 60),
    pauseMs: fc.constantFrom(0, 1_000, 2_000, 70_000),
  }),
  { minLength: 1, maxLength: 6, size: 'max' },
);

/** One that is renewed for ever, and one that ends. */
const LAST_LIVES: readonly Life[] = [
  { name: 'a', ttlSeconds: 5, pauseMs: 0 },
  { name: 'a', ttlSeconds: 0, pauseMs: 0 },
  { name: 'b', ttlSeconds: 1, pauseMs: 2_000 },
];

invariantTest(
  23,
  'what expires is one DELETED at a revision of its own; a version without an end stays',
  async (t, setting) => {
    let [expired, renewed] = [0, 0];
    await tryHistories(setting, [lives], (lives) =>
      FedWorld.with(setting, {}, async ({ storage, cache, clock }) => {
        const stream = await cache.watch();
        const told = new ToldEvents(stream);
        const expected: string[] = [];
        // When each object ends, and the value that it has.
        const alive = new Map<string, { endMs: number; value: number }>();
        let revision = 1n;
        const pass = async (ms: number): Promise<void> => {
          const untilMs = clock.now() + ms;
          const due = [...alive].filter(([, { endMs }]) => endMs <= untilMs);
          due.sort(([, left], [, right]) => left.endMs - right.endMs);
          // One after the other, so that their order is known.
          for (const [name, { endMs, value }] of due) {
            clock.advance(endMs - clock.now());
            alive.delete(name);
            expected.push(`DELETED ns/${name}@${++revision} ${value}`);
            expired++;
            while ((await storage.committedRevision()) < revision) await turn();
          }
          clock.advance(untilMs - clock.now());
        };
        for (const [value, life] of [...lives, ...LAST_LIVES].entries()) {
          const { name, ttlSeconds, pauseMs } = life;
          const mortal = (alive.get(name)?.endMs ?? Infinity) < Infinity;
          if (mortal && ttlSeconds === 0) renewed++;
          const type = alive.has(name) ? 'MODIFIED' : 'ADDED';
          const written = await store(storage, cached('ns', name, { value }), ttlSeconds);
          t.is(BigInt(written), ++revision);
          expected.push(`${type} ns/${name}@${revision} ${value}`);
          const endMs = ttlSeconds === 0 ? Infinity : clock.now() + ttlSeconds * 1_000;
          alive.set(name, { endMs, value });
          await pass(pauseMs + TICK_MS);
        }
        await pass(120_000);
        while (BigInt(cache.resourceVersion) < revision) await turn();
        told.take();
        t.deepEqual(told.events, expected);
        const left = await storage.list(PREFIX);
        t.is(left.values.length, alive.size);
        stream.close();
      }),
    );
    t.true(expired > 0 && renewed > 0);
  },
);
