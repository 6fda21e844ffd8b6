/**
 * Runs a random history against an engine and the plain model at once, and compares after every
 * step.
 *
 * Watches, held roots and page chains live across steps: what they deliver is compared with what
 * the model says at the time of reading, or of their beginning where they are to be immutable.
 */

import assert from 'node:assert/strict';

import {
  type EngineCache,
  EngineError,
  type EngineRoot,
  type HistoryLimits,
} from '../../lib/engine/index.js';
import { HISTORY_LIMITS, type TestEngine } from '../engine/engines.js';
import { listText, put, remove, text, type Widget, widgetText } from '../engine/widget.js';
import { EngineModel, keyOf, listState, type ModelScope, stateText } from './engine-model.js';
import { PageRun } from './engine-pages.js';
import { SCOPES } from './engine-scopes.js';
import { frameText, WatchRun } from './engine-watch.js';

/** One change of a batch. Revisions and keys are chosen from numbers, whatever their size. */
export type ChangeStep =
  | { readonly type: 'put'; readonly widget: Widget; readonly gap: number }
  | { readonly type: 'delete'; readonly pick: number; readonly gap: number };

export type Step =
  | { readonly type: 'apply'; readonly changes: readonly ChangeStep[] }
  | { readonly type: 'replace'; readonly keep: number; readonly gap: number }
  | { readonly type: 'progress'; readonly gap: number }
  | { readonly type: 'time'; readonly ms: number }
  | { readonly type: 'watch'; readonly scope: number; readonly from: number }
  | {
      readonly type: 'drain';
      readonly pick: number;
      readonly form: 'events' | 'frames';
      readonly max: number;
    }
  | { readonly type: 'unwatch'; readonly pick: number }
  | { readonly type: 'hold'; readonly pick: number }
  | { readonly type: 'let-go'; readonly pick: number }
  | { readonly type: 'page'; readonly scope: number; readonly limit: number };

interface HeldRun {
  readonly root: EngineRoot;
  readonly text: string;
  readonly count: number;
}

export class HistoryRun {
  readonly #cache: EngineCache;
  readonly #model: EngineModel;
  readonly #watches: WatchRun[] = [];
  readonly #held: HeldRun[] = [];
  #pages: PageRun | undefined;
  #nowMs = 1_000_000;
  #lastStart = 0;
  #lastEnd = 0;

  constructor(engine: TestEngine, history: Partial<HistoryLimits>) {
    this.#cache = engine.create({
      history,
      indexes: { fields: ['spec.node'], labels: ['app'] },
      now: () => this.#nowMs,
    });
    this.#model = new EngineModel({ ...HISTORY_LIMITS, ...history });
  }

  run(steps: readonly Step[]): void {
    for (const step of steps) {
      this.#step(step);
      this.#checkStats();
    }
    this.#checkRevisions();
    this.#checkReplays();
    this.#finish();
  }

  #step(step: Step): void {
    switch (step.type) {
      case 'apply':
        return this.#apply(step.changes);
      case 'replace':
        return this.#replace(step.keep, step.gap);
      case 'progress':
        this.#cache.progress(this.#model.revision + BigInt(step.gap));
        return this.#model.progress(this.#model.revision + BigInt(step.gap));
      case 'time':
        this.#nowMs += step.ms;
        this.#cache.trim();
        return this.#model.trim(this.#nowMs);
      case 'watch':
        return this.#watch(SCOPES[step.scope % SCOPES.length]!, step.from);
      case 'drain':
        return this.#drain(this.#watches[step.pick % this.#watches.length], step.form, step.max);
      case 'unwatch':
        return this.#watches.splice(step.pick % 8, 1)[0]?.close();
      case 'hold':
        return this.#hold(step.pick);
      case 'let-go':
        return this.#letGo(step.pick % 8);
      case 'page':
        return this.#page(SCOPES[step.scope % SCOPES.length]!, step.limit);
    }
  }

  #apply(steps: readonly ChangeStep[]): void {
    let revision = this.#model.revision;
    const changes = steps.map((step) => {
      revision += BigInt(step.gap);
      if (step.type === 'put') {
        this.#model.put(step.widget, revision, this.#nowMs);
        return put(step.widget, revision);
      }
      const present = [...this.#model.state.values()];
      const target = present[step.pick % (present.length + 1)] ?? { namespace: 'a', name: 'none' };
      this.#model.delete(keyOf(target), revision, this.#nowMs);
      return remove(target.namespace, target.name, revision);
    });
    this.#cache.apply(changes);
    // Shows nothing, but moves the initial states that are being drained to newer roots.
    if (steps.length % 2 === 0) this.#cache.trim();
    this.#model.trim(this.#nowMs);
  }

  #replace(keep: number, gap: number): void {
    const objects = [...this.#model.state.values()].filter((_, index) => (index + keep) % 3 > 0);
    const revision = this.#model.revision + BigInt(gap);
    this.#cache.replace(
      objects.map((object) => put(object, object.revision)),
      revision,
    );
    this.#model.replace(objects, revision);
    this.#pages = undefined;
  }

  #watch(scope: ModelScope, from: number): void {
    if (this.#watches.length >= 8) return;
    const { revision, oldestRevision, events } = this.#model;
    if (from % 3 === 0) {
      this.#watches.push(new WatchRun(this.#cache, this.#model, scope, undefined));
      return;
    }
    // Mostly what a client may resume from, sometimes what is long gone or yet to come.
    const recent = events.slice(-8).map((event) => event.revision);
    const choices = [0n, revision, revision + BigInt(from % 16), oldestRevision, ...recent];
    const after = choices[from % choices.length]!;
    if (after >= oldestRevision) {
      this.#watches.push(new WatchRun(this.#cache, this.#model, scope, after));
      return;
    }
    const error = engineErrorOf(() => new WatchRun(this.#cache, this.#model, scope, after));
    assert.equal(error.code, 'revision-expired');
    assert.equal(error.oldestRevision, oldestRevision);
  }

  #drain(run: WatchRun | undefined, form: 'events' | 'frames', max: number): void {
    if (run === undefined || run.drain(form, max)) return;
    this.#watches.splice(this.#watches.indexOf(run), 1);
  }

  /** Begins a chain of pages, or reads the next page of the one that was begun. */
  #page(scope: ModelScope, limit: number): void {
    this.#pages ??= new PageRun(this.#cache, this.#model, scope);
    if (!this.#pages.next(limit)) this.#pages = undefined;
  }

  #hold(pick: number): void {
    if (this.#held.length >= 8) return;
    const { revision, oldestRevision } = this.#model;
    const wanted = pick % 4 === 0 ? undefined : revision - (BigInt(pick) % (revision + 2n)) + 1n;
    if (wanted !== undefined && (wanted > revision || wanted < oldestRevision)) {
      const error = engineErrorOf(() => this.#cache.root(wanted));
      assert.equal(error.code, wanted > revision ? 'revision-future' : 'revision-expired');
      return;
    }
    const root = this.#cache.root(wanted);
    const objects = listState(this.#model.stateAt(wanted ?? revision), SCOPES[0]!);
    assert.equal(root.revision, wanted ?? revision);
    assert.equal(root.generation, this.#model.generation);
    this.#held.push({ root, text: stateText(objects), count: objects.length });
  }

  #letGo(pick: number): void {
    for (const held of this.#held) this.#checkHeld(held);
    this.#held.splice(pick, 1)[0]?.root.close();
  }

  #checkHeld({ root, text, count }: HeldRun): void {
    assert.equal(root.count, count);
    assert.equal(listText(root.list({})), text);
  }

  #checkStats(): void {
    const { log, revision, oldestRevision, generation, state } = this.#model;
    const stats = this.#cache.stats();
    const { objects, logEntries, logStart, logEnd } = stats;
    assert.deepEqual(
      [stats.revision, stats.oldestRevision, stats.generation, objects, logEntries],
      [revision, oldestRevision, generation, state.size, log.length],
    );
    assert.equal(logEnd - logStart, logEntries);
    assert.ok(logStart >= this.#lastStart && logEnd >= this.#lastEnd);
    this.#lastStart = logStart;
    this.#lastEnd = logEnd;
    const first = log[0];
    assert.equal(stats.oldestAgeMs, first === undefined ? 0 : this.#nowMs - first.timeMs);
    assert.equal(stats.bytesLive, this.#model.liveBytes());
    assert.ok(stats.bytesRetained >= this.#model.retainedBytes());
    assert.ok(stats.bytesFree >= 0);
  }

  /** Every revision that the history has is the model's state, byte for byte, in every scope. */
  #checkRevisions(): void {
    const { oldestRevision, revision } = this.#model;
    for (let at = oldestRevision; at <= revision; at++) {
      const state = this.#model.stateAt(at);
      const root = this.#cache.root(at);
      for (const scope of SCOPES) {
        const list = root.list(scope.scope);
        assert.equal(list.revision, at);
        assert.equal(listText(list), stateText(listState(state, scope), scope.scope));
      }
      for (const object of state.values()) {
        assert.equal(text(root.get(object)?.object), widgetText(object, object.revision));
      }
      root.close();
    }
  }

  /** A watch from every revision that the history has replays what the model says. */
  #checkReplays(): void {
    const { oldestRevision, revision } = this.#model;
    for (let at = oldestRevision; at <= revision; at++) {
      for (const scope of SCOPES) {
        const from = { type: 'after' as const, revision: at };
        const watch = this.#cache.watch({ ...scope.scope, from, wake: () => {} });
        const expected = this.#model.deliveries(scope, at);
        const batch = watch.drainFrames(1_000_000);
        assert.deepEqual(
          batch.items.map((frame) => text(frame)),
          expected.map(({ type, object }) => frameText(type, object)),
        );
        watch.close();
      }
    }
  }

  /** Drains and closes everything: nothing is left but what the present state and the log need. */
  #finish(): void {
    for (const held of this.#held) {
      this.#checkHeld(held);
      held.root.close();
    }
    for (const run of [...this.#watches]) {
      for (let count = 0; count < 200 && this.#watches.includes(run); count++) {
        this.#drain(run, 'events', 5);
      }
      run.close();
    }
    this.#cache.trim();
    const stats = this.#cache.stats();
    assert.deepEqual([stats.watches, stats.watchGroups], [0, 0]);
    assert.equal(stats.bytesRetained, this.#model.retainedBytes());
    this.#cache.close();
    const closed = this.#cache.stats();
    assert.deepEqual(
      [closed.objects, closed.bytesLive, closed.bytesRetained, closed.roots],
      [0, 0, 0, 0],
    );
  }
}

function engineErrorOf(call: () => unknown): EngineError {
  try {
    call();
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
  return assert.fail('no error was thrown');
}
