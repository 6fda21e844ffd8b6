/**
 * Invariants of what GET, LIST and snapshots answer: freshness, exactness, pages and their tokens.
 */

import fc from 'fast-check';

import {
  decodeContinue,
  encodeContinue,
  type TokenScope,
} from '../../../lib/cache/continue-token.js';
import { CacheError } from '../../../lib/cache/index.js';
import { isPending, pullText, rejects, turn } from '../../cache/fixture.js';
import {
  checkExact,
  checkInconsistent,
  checkPages,
  readPage,
  show,
  steps,
  VIEWS,
} from '../../cache/model-checks.js';
import { FedWorld, invariantTest, tryHistories } from './fed-world.js';

const entriesMax = fc.constantFrom(3, 10, 1_000);

/** As small as asked for, however young the events are. */
const history = (entries: number): { entriesMin: number; entriesMax: number } => ({
  entriesMin: 1,
  entriesMax: entries,
});

invariantTest(
  1,
  'a list is not older than what was acknowledged before it was asked for',
  async (t, setting) => {
    await tryHistories(setting, [fc.array(steps, { minLength: 1, maxLength: 4 })], (histories) =>
      FedWorld.with(setting, {}, async (world) => {
        const lists: { least: bigint; page: ReturnType<typeof readPage> }[] = [];
        for (const steps of histories) {
          await world.write(steps);
          // Nothing is waited for in between: the cache has not heard of the writes yet.
          lists.push({ least: world.revision, page: readPage(world.cache, {}) });
          await world.writeElsewhere();
          lists.push({ least: world.revision, page: readPage(world.cache, { limit: 1_000 }) });
        }
        for (const { least, page } of lists) {
          const { resourceVersion, lines } = await page;
          t.true(BigInt(resourceVersion) >= least);
          t.deepEqual(lines, show(world.states.get(BigInt(resourceVersion))!, {}));
        }
      }),
    );
  },
);

invariantTest(2, 'exact lists are their revisions, others not older', async (t, setting) => {
  await tryHistories(setting, [steps, entriesMax], (steps, entries) =>
    FedWorld.with(setting, { history: history(entries) }, async (world) => {
      await world.run(steps);
      await checkExact(t, world);
    }),
  );
});

invariantTest(2, 'a revision that is still to come is waited for', async (t, setting) => {
  await tryHistories(setting, [steps], (history) =>
    FedWorld.with(setting, {}, async (world) => {
      const resourceVersion = `${world.revision + 2n}`;
      const waiting = (['Exact', 'NotOlderThan'] as const).map((resourceVersionMatch) =>
        readPage(world.cache, { resourceVersion, resourceVersionMatch }),
      );
      await world.writeElsewhere();
      for (const list of waiting) t.true(await isPending(list));
      await world.writeElsewhere();
      await world.run(history.map((step) => ({ ...step, replace: false })));
      const [exact, notOlder] = await Promise.all(waiting);
      t.is(exact!.resourceVersion, resourceVersion);
      t.deepEqual(exact!.lines, []);
      const reached = BigInt(notOlder!.resourceVersion);
      t.true(reached >= BigInt(resourceVersion));
      t.deepEqual(notOlder!.lines, show(world.states.get(reached)!, {}));
    }),
  );
});

invariantTest(
  9,
  'pages are the state of the first, whatever is written between them',
  async (t, setting) => {
    const limits = fc.constantFrom(1, 2, 3);
    await tryHistories(
      setting,
      [steps, steps, limits, entriesMax],
      (before, between, limit, entries) =>
        FedWorld.with(setting, { history: history(entries) }, async (world) => {
          await world.run(before);
          const writes = between.map((step) => ({ ...step, replace: false }));
          for (const view of VIEWS) {
            const expected = show(world.state, view);
            let page = await readPage(world.cache, { ...view, limit });
            const { resourceVersion } = page;
            const lines = [...page.lines];
            while (page.token !== undefined) {
              await world.write(writes.splice(0, 2));
              page = await readPage(world.cache, { ...view, limit, continue: page.token });
              t.is(page.resourceVersion, resourceVersion);
              t.true(page.lines.length <= limit);
              lines.push(...page.lines);
            }
            t.deepEqual(lines, expected);
            await world.settle();
          }
        }),
    );
  },
);

invariantTest(
  10,
  'a token whose revision is compacted gives the rest of the newest state',
  async (t, setting) => {
    await tryHistories(setting, [steps, steps], (before, after) =>
      FedWorld.with(setting, { history: history(3) }, async (world) => {
        await world.run(before);
        const views = await Promise.all(
          VIEWS.map(async (view) => ({
            view,
            page: await readPage(world.cache, { ...view, limit: 1 }),
          })),
        );
        await world.run(after);
        // At the newest state the tokens' revision is a compacted one.
        await world.writeElsewhere();
        await world.settle();
        await world.storage.compact(world.revision);
        for (const { view, page } of views) {
          if (page.token === undefined) continue;
          const scope = scopeOf(view.namespace);
          const { start } = decodeContinue(page.token, scope);
          const act = (): unknown => world.cache.list({ ...view, continue: page.token! });
          const error = await rejects(t, act, 'continue-expired');
          t.deepEqual(decodeContinue(error.continue!, scope), { revision: -1n, start });
          await checkInconsistent(t, world, view, error.continue!);
        }
      }),
    );
  },
);

invariantTest(11, 'what remains is counted, and only without a selector', async (t, setting) => {
  await tryHistories(setting, [steps], (steps) =>
    FedWorld.with(setting, {}, async (world) => {
      await world.run(steps);
      for (const limit of [1, 3, 100]) await checkPages(t, world, limit);
    }),
  );
});

/** Whose tokens a list's are: these caches have no name of their own. */
const scopeOf = (namespace: string | undefined): TokenScope => ({ cache: 'objects', namespace });

const climbing = fc.constantFrom(
  ...['../b', '..', 'a/../b', 'a/..', '.', './a', 'a/.', 'a//b', '//a', '/../a', 'a/./b'],
);

invariantTest(12, 'a token says what it was made of, and none climbs', async (t, setting) => {
  const name = fc.stringMatching(/^[a-z0-9é😀-]{1,12}$/u);
  const revisions = fc.oneof(fc.bigInt(1n, 2n ** 63n - 1n), fc.constant(-1n));
  await tryHistories(
    setting,
    [name, name, revisions, climbing],
    (namespace, name, revision, climb) =>
      FedWorld.with(setting, {}, async ({ cache }) => {
        const continuation = { revision, start: `${namespace}/${name}\0` };
        for (const scope of [{}, { namespace }]) {
          const own = scopeOf(scope.namespace);
          t.deepEqual(decodeContinue(encodeContinue(continuation, own), own), continuation);
          const token = encodeContinue({ revision: 1n, start: climb }, own);
          await rejects(t, () => cache.list({ ...scope, continue: token }), 'invalid-continue');
        }
      }),
  );
});

invariantTest(16, 'what was read of a revision is read again, byte by byte', async (t, setting) => {
  await tryHistories(setting, [steps, steps, entriesMax], (before, after, entries) =>
    FedWorld.with(setting, { history: history(entries) }, async (world) => {
      await world.run(before);
      const { cache, revision } = world;
      const resourceVersion = revision.toString();
      const snapshot = cache.snapshot();
      const read = async (): Promise<string[]> => {
        const lists = VIEWS.map((view) => snapshot.list(view).body('WidgetList', 'example.com/v1'));
        const exact = { resourceVersion, resourceVersionMatch: 'Exact' } as const;
        const listed = await cache.list(exact).catch((error: unknown) => error as CacheError);
        if (listed instanceof CacheError) {
          t.is(listed.code, 'expired');
          t.true(revision < world.oldestListed);
        } else lists.push(listed.body('WidgetList', 'example.com/v1'));
        return lists.map((body) => pullText(body));
      };
      const first = await read();
      t.deepEqual(await read(), first);
      await world.run(after);
      await turn();
      const again = await read();
      t.deepEqual(again, first.slice(0, again.length));
      snapshot.close();
    }),
  );
});
