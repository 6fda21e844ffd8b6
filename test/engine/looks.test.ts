/** Searches that stop now and then: each call is short, and together they find what one would. */

import type { EngineCache, EngineList, EngineWatch, ListQuery } from '../../lib/engine/index.js';
import { engineTest, type TestEngine } from './engines.js';
import { drainAll, drainEvents, listText, put } from './widget.js';

/** Every so many objects have the rare label. */
const RARE = 23;
const OBJECTS = 120;
const NAMESPACES = 5;

const RARE_ONES = {
  labels: [{ key: 'app', operator: 'In' as const, values: ['rare'] }],
  fields: [],
};
/** What no signature tells: each object has to be asked. */
const NOT_COMMON = {
  labels: [{ key: 'app', operator: 'NotIn' as const, values: ['common'] }],
  fields: [],
};
const NOTHING = { labels: [{ key: 'none', operator: 'Exists' as const, values: [] }], fields: [] };

function filled(engine: TestEngine, rest: Parameters<TestEngine['create']>[0] = {}): EngineCache {
  const cache = engine.create(rest);
  const puts = Array.from({ length: OBJECTS }, (_, index) => putAt(index, BigInt(index + 1)));
  cache.apply(puts);
  return cache;
}

function putAt(index: number, revision: bigint): ReturnType<typeof put> {
  const app = index % RARE === RARE - 1 ? 'rare' : 'common';
  const name = `w${String(index).padStart(3, '0')}`;
  return put({ namespace: `n${index % NAMESPACES}`, name, labels: { app } }, revision);
}

/** Reads a list by calls that may pause; tells its text, and how many calls found nothing. */
function readPaused(
  list: EngineList,
  read: (list: EngineList) => string | undefined,
): { text: string; empty: number } {
  let result = '';
  let empty = 0;
  for (;;) {
    const chunk = read(list);
    if (chunk !== undefined) result += chunk;
    else if (list.isPaused) empty++;
    else return { text: `[${result}]`, empty };
  }
}

function readInto(list: EngineList): string | undefined {
  const target = new Uint8Array(10_000);
  const written = list.readInto(target);
  return written === 0 ? undefined : Buffer.from(target.buffer, 0, written).toString();
}

function objectsReader(): (list: EngineList) => string | undefined {
  let isFirst = true;
  return (list) => {
    const objects = list.readObjects(3);
    if (objects.length === 0) return undefined;
    const texts = objects.map(({ object }) => Buffer.from(object).toString());
    const lead = isFirst ? '' : ',';
    isFirst = false;
    return lead + texts.join(',');
  };
}

const QUERIES: readonly { title: string; query: ListQuery; hasPauses: boolean }[] = [
  { title: 'a rare label', query: { selector: RARE_ONES }, hasPauses: false },
  { title: 'an excluded label', query: { selector: NOT_COMMON }, hasPauses: true },
  { title: 'nothing at all', query: { selector: NOTHING }, hasPauses: true },
  { title: 'one namespace', query: { namespace: 'n2', selector: NOT_COMMON }, hasPauses: true },
  {
    title: 'from a key on',
    query: { start: { namespace: 'n1', name: 'w050' }, selector: NOT_COMMON },
    hasPauses: true,
  },
  { title: 'a page', query: { limit: 2, selector: NOT_COMMON }, hasPauses: true },
  { title: 'a page of all', query: { limit: 100, selector: NOT_COMMON }, hasPauses: true },
  { title: 'a name in all namespaces', query: { name: 'w007' }, hasPauses: false },
  { title: 'a page of a name', query: { name: 'w007', limit: 1 }, hasPauses: false },
  { title: 'everything', query: {}, hasPauses: false },
  { title: 'a page of everything', query: { limit: 30 }, hasPauses: false },
];

for (const { title, query, hasPauses } of QUERIES) {
  engineTest(`a list that pauses has what one has that does not: ${title}`, (t, engine) => {
    const cache = filled(engine);
    const expected = listText(cache.list(query));
    for (const looksMax of [1, 2, 7, 40, 10_000]) {
      for (const read of [readInto, objectsReader()]) {
        const list = cache.list({ ...query, looksMax });
        const { text, empty } = readPaused(list, read);
        t.is(text, expected, `${looksMax} looks`);
        if (looksMax === 1 && hasPauses) t.true(empty > 0, 'it did pause');
        if (looksMax === 10_000) t.is(empty, 0);
        t.false(list.isPaused);
        t.is(list.readInto(new Uint8Array(10)), 0, 'the end stays the end');
      }
      t.is(listText(cache.list({ ...query, looksMax })), expected, 'read takes as many as needed');
    }
  });
}

engineTest('no call looks at more objects than it may', (t, engine) => {
  const cache = filled(engine);
  for (const query of [{}, { limit: 3 }, { limit: 1000 }]) {
    const list = cache.list({ ...query, selector: NOT_COMMON, looksMax: 10 });
    t.is(list.usage.fetched, 0, 'opening looks at nothing');
    let fetched = 0;
    const look = (): void => {
      // One more tells whether anything stands behind a page.
      t.true(list.usage.fetched - fetched <= 11, `${list.usage.fetched} after ${fetched}`);
      ({ fetched } = list.usage);
    };
    while (!list.settle()) look();
    readPaused(list, (paused) => {
      const chunk = readInto(paused);
      look();
      return chunk;
    });
    t.true(fetched > 20);
  }
});

engineTest('a page is settled by as many calls as it takes, and then known', (t, engine) => {
  const cache = filled(engine);
  const whole = cache.list({ limit: 2, selector: NOT_COMMON });
  const list = cache.list({ limit: 2, selector: NOT_COMMON, looksMax: 5 });
  t.is(list.last, undefined);
  let calls = 1;
  while (!list.settle()) {
    t.true(list.isPaused);
    t.is(list.last, undefined, 'not known yet');
    calls++;
  }
  t.true(calls > 3);
  t.true(list.settle(), 'it stays settled');
  t.deepEqual(list.last, whole.last);
  t.truthy(list.last);
  t.is(list.remaining, undefined);
  const rest = cache.list({ name: 'w007', limit: 1, looksMax: 1 });
  while (!rest.settle());
  t.deepEqual([rest.last, rest.remaining], [undefined, 0]);
  list.close();
  const closed = cache.list({ limit: 2, selector: NOT_COMMON, looksMax: 5 });
  closed.close();
  t.throws(() => closed.settle(), { code: 'closed' });
});

engineTest('a list without a limit of looks is settled from the start', (t, engine) => {
  const list = filled(engine).list({ limit: 2, selector: NOT_COMMON });
  t.truthy(list.last);
  t.true(list.settle());
  t.false(list.isPaused);
});

/** Drains an initial state that may pause; tells its events, and how many drains had none. */
function drainInitial(
  watch: EngineWatch,
  between: () => void,
): { events: readonly string[]; empty: number } {
  const events: string[] = [];
  let empty = 0;
  for (;;) {
    const { items, phase, position, more, end } = watch.drainEvents(100);
    if (phase !== 'initial' || end !== undefined) throw new Error(`unexpected ${phase} ${end}`);
    events.push(...items.map(({ type, namespace, name }) => `${type} ${namespace}/${name}`));
    if (position > 0n) return { events, empty };
    if (!more) throw new Error('an initial state that is not drained has more');
    if (items.length === 0) empty++;
    between();
  }
}

for (const [title, selector] of Object.entries({ RARE_ONES, NOT_COMMON, NOTHING })) {
  engineTest(`a watch whose search pauses begins with the same: ${title}`, (t, engine) => {
    const cache = filled(engine);
    const query = { selector, from: { type: 'state' }, wake: () => {} } as const;
    const expected = drainEvents(cache.watch(query)).map(
      ({ type, namespace, name }) => `${type} ${namespace}/${name}`,
    );
    for (const looksMax of [1, 3, 50, 10_000]) {
      const watch = cache.watch({ ...query, looksMax });
      const { events, empty } = drainInitial(watch, () => {});
      t.deepEqual(events, expected);
      if (looksMax === 1 && selector !== RARE_ONES) t.true(empty > 0);
      if (looksMax === 10_000) t.is(empty, 0);
      t.deepEqual(drainAll(watch), [], 'what is live comes next');
    }
  });

  engineTest(`a search goes on where it was when its state is changed: ${title}`, (t, engine) => {
    const cache = filled(engine, { history: { entriesMin: 0, entriesMax: 4 } });
    const query = { selector, from: { type: 'state' }, wake: () => {}, looksMax: 1 } as const;
    const expected = drainEvents(cache.watch({ ...query, looksMax: 10_000 })).map(
      ({ type, namespace, name }) => `${type} ${namespace}/${name}`,
    );
    let { revision } = cache;
    let turns = 0;
    const watch = cache.watch(query);
    // What it has looked at has left the history, time and again.
    const { events } = drainInitial(watch, () => {
      if (++turns > OBJECTS) throw new Error('it begins anew each time');
      for (let count = 0; count < 6; count++) cache.apply([putAt(0, ++revision)]);
      cache.trim();
    });
    t.deepEqual(events, expected);
    t.true(turns > 3);
  });
}
