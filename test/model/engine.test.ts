/**
 * Model tests: random histories, run against every engine and a plain model at once. What must hold
 * is written in engine-history.ts; a failure prints the seed and the shortest history that shows
 * it.
 */

import fc from 'fast-check';

import { engineTest } from '../engine/engines.js';
import type { Widget } from '../engine/widget.js';
import { type ChangeStep, HistoryRun, type Step } from './engine-history.js';

// Neighbours in UTF-8 order that UTF-16 or a plain comparison of namespaces would order otherwise.
const NAMESPACES = ['a', 'a-b', 'a.b', 'ab', 'é'];
const NAMES = ['a', 'b', 'b-1', 'é', 'ｚ', '😀', '\uffee'];

const widget: fc.Arbitrary<Widget> = fc
  .record({
    namespace: fc.constantFrom(...NAMESPACES),
    name: fc.constantFrom(...NAMES),
    app: fc.constantFrom(undefined, 'x', 'y'),
    tier: fc.constantFrom(undefined, 't'),
    node: fc.constantFrom(undefined, 'n1', 'n2'),
    value: fc.nat(99),
  })
  .map(({ app, tier, node, ...rest }) => ({
    ...rest,
    labels: { ...(app === undefined ? {} : { app }), ...(tier === undefined ? {} : { tier }) },
    ...(node === undefined ? {} : { node }),
  }));

const gap = fc.integer({ min: 1, max: 3 });

const change: fc.Arbitrary<ChangeStep> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('put' as const), widget, gap }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('delete' as const), pick: fc.nat(1000), gap }),
  },
);

const pick = fc.nat(1000);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      type: fc.constant('apply' as const),
      changes: fc.array(change, { minLength: 1, maxLength: 6 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('replace' as const), keep: pick, gap: fc.nat(2) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('progress' as const), gap: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('time' as const), ms: fc.nat(90) }) },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('watch' as const), scope: pick, from: pick }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('drain' as const),
      pick,
      form: fc.constantFrom('events' as const, 'frames' as const),
      max: fc.nat(6),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('unwatch' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('hold' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('let-go' as const), pick }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('page' as const),
      // All objects and all of a namespace as often as any selector.
      scope: fc.oneof(fc.nat(1), pick),
      limit: fc.integer({ min: 1, max: 5 }),
    }),
  },
);

const LIMITS = [
  { title: 'ample history', history: {} },
  { title: 'a log of few entries', history: { entriesMin: 2, entriesMax: 8, windowMs: 100 } },
  { title: 'hardly any log', history: { entriesMin: 1, entriesMax: 3, windowMs: 100 } },
  { title: 'a log of few bytes', history: { entriesMin: 4, entriesMax: 40, bytesMax: 1_500 } },
];

for (const { title, history } of LIMITS) {
  engineTest(`random histories are what the model says, with ${title}`, (t, engine) => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 80, size: 'max' }), (steps) => {
        new HistoryRun(engine, history).run(steps);
      }),
      { numRuns: 30 },
    );
    t.pass();
  });
}

// What a page of an older state was made from is let go of when the log no longer needs it.
engineTest('a state that was made again keeps nothing that the log has dropped', (t, engine) => {
  const change = (name = 'a', namespace = 'a'): ChangeStep => ({
    type: 'put',
    widget: { namespace, name, value: 0, labels: {} },
    gap: 1,
  });
  const removal = (pick: number): ChangeStep => ({ type: 'delete', pick, gap: 1 });
  const apply = (...changes: ChangeStep[]): Step => ({ type: 'apply', changes });
  const page: Step = { type: 'page', scope: 0, limit: 1 };
  new HistoryRun(engine, { entriesMin: 4, entriesMax: 40, bytesMax: 1_500 }).run([
    apply(change()),
    apply(change()),
    apply(change(), change('a', 'é'), removal(0)),
    apply(change(), change(), change()),
    page,
    apply(change(), change()),
    apply(removal(42), change()),
    apply(change(), change(), change('￮')),
    page,
    apply(removal(0)),
  ]);
  t.pass();
});
