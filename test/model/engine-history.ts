/**
 * Runs a random history against an engine and the plain model at once, and compares after every step.
 *
 * Watches, held roots and page chains live across steps: what they deliver is compared with what the
 * model says at the time of reading, or of their beginning where they are to be immutable.
 */

import assert from 'node:assert/strict';

import {
  type EngineCache,
  EngineError,
  type EngineRoot,
  type EngineWatch,
  type HistoryLimits,
  type WatchBatch,
} from '../../lib/engine/index.js';
import type { ObjectKey } from '../../lib/object/index.js';
import { HISTORY_LIMITS, type TestEngine } from '../engine/engines.js';
import { listText, put, remove, text, type Widget, widgetText } from '../engine/widget.js';
import {
  EngineModel,
  keyOf,
  listState,
  type ModelDelivery,
  type ModelObject,
  type ModelScope,
  stateText,
} from './engine-model.js';
import { SCOPES } from './engine-scopes.js';

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

interface WatchRun {
  readonly watch: EngineWatch;
  readonly scope: ModelScope;
  readonly generation: number;
  /** The objects that are still to come as the initial state. */
  initial: ModelObject[] | undefined;
  delivered: number;
  deliveries: (() => ModelDelivery[]) | undefined;
  lastRevision: bigint;
  lastPosition: bigint;
}

interface HeldRun {
  readonly root: EngineRoot;
  readonly text: string;
  readonly count: number;
}

interface PageRun {
  readonly scope: ModelScope;
  readonly revision: bigint;
  readonly generation: number;
  readonly expected: string;
  readonly total: number;
  parts: string[];
  start: ObjectKey | undefined;
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
    this.#cache = engine.create({ history, now: () => this.#nowMs });
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
        return this.#watches.splice(step.pick % 8, 1)[0]?.watch.close();
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
    const { revision, oldestRevision, generation, events } = this.#model;
    const wake = (): void => {};
    const common = { scope, generation, delivered: 0, lastRevision: 0n, lastPosition: 0n };
    if (from % 3 === 0) {
      const watch = this.#cache.watch({ ...scope.scope, from: { type: 'state' }, wake });
      assert.equal(watch.revision, revision);
      this.#watches.push({ ...common, ...this.#expect(scope, revision, true), watch });
      return;
    }
    // Mostly what a client may resume from, sometimes what is long gone or yet to come.
    const recent = events.slice(-8).map((event) => event.revision);
    const choices = [0n, revision, revision + BigInt(from % 16), oldestRevision, ...recent];
    const after = choices[from % choices.length]!;
    const query = { ...scope.scope, from: { type: 'after' as const, revision: after }, wake };
    if (after < oldestRevision) {
      const error = engineErrorOf(() => this.#cache.watch(query));
      assert.equal(error.code, 'revision-expired');
      assert.equal(error.oldestRevision, oldestRevision);
      return;
    }
    const watch = this.#cache.watch(query);
    assert.equal(watch.revision, after);
    this.#watches.push({ ...common, ...this.#expect(scope, after, false), watch });
  }

  #expect(
    scope: ModelScope,
    after: bigint,
    hasState: boolean,
  ): Pick<WatchRun, 'initial' | 'deliveries'> {
    return {
      initial: hasState ? listState(this.#model.state, scope) : undefined,
      deliveries: () => this.#model.deliveries(scope, after),
    };
  }

  #drain(run: WatchRun | undefined, form: 'events' | 'frames', max: number): void {
    if (run === undefined) return;
    const batch = form === 'events' ? run.watch.drainEvents(max) : run.watch.drainFrames(max * 100);
    if (batch.end !== undefined) {
      this.#checkEnd(run, batch);
      run.watch.close();
      this.#watches.splice(this.#watches.indexOf(run), 1);
      return;
    }
    assert.equal(run.generation, this.#model.generation, 'a replaced watch ends');
    assert.ok(!this.#hasLost(run), 'a watch that lost an event ends');
    const items = batch.items.map((item) => frameOf(item));
    assert.equal(
      batch.bytes,
      batch.items.reduce((sum, item) => sum + sizeOf(item), 0),
    );
    if (run.initial !== undefined) this.#checkInitial(run, batch, items);
    else this.#checkLive(run, batch, items);
  }

  #checkInitial(run: WatchRun, batch: WatchBatch<unknown>, items: readonly string[]): void {
    const initial = run.initial!;
    const expected = initial.splice(0, items.length);
    assert.equal(batch.phase, 'initial');
    assert.deepEqual(
      items,
      expected.map((object) =>
        frameText('ADDED', widgetText(object, object.revision, run.scope.scope.apiVersion)),
      ),
    );
    assert.ok(items.length > 0 || initial.length === 0);
    assert.equal(batch.position, initial.length === 0 ? run.watch.revision : 0n);
    if (initial.length > 0) {
      assert.ok(batch.more);
      return;
    }
    run.initial = undefined;
    run.lastRevision = run.watch.revision;
    assert.equal(batch.more, run.deliveries!().length > 0);
  }

  #checkLive(run: WatchRun, batch: WatchBatch<unknown>, items: readonly string[]): void {
    const deliveries = run.deliveries!();
    const expected = deliveries.slice(run.delivered, run.delivered + items.length);
    assert.equal(batch.phase, 'live');
    assert.deepEqual(
      items,
      expected.map(({ type, object }) => frameText(type, object)),
    );
    run.delivered += items.length;
    for (const { event } of expected) {
      assert.ok(event.revision > run.lastRevision);
      run.lastRevision = event.revision;
    }
    const next = deliveries[run.delivered];
    assert.equal(batch.more, next !== undefined);
    assert.ok(items.length > 0 || next === undefined, 'a drain with something to say says it');
    assert.equal(
      batch.position,
      next === undefined ? this.#model.revision : next.event.revision - 1n,
    );
    assert.ok(batch.position >= run.lastPosition);
    run.lastPosition = batch.position;
  }

  #checkEnd(run: WatchRun, batch: WatchBatch<unknown>): void {
    assert.deepEqual(batch.items, []);
    assert.ok(!batch.more);
    if (batch.end === 'replaced') {
      assert.ok(run.generation < this.#model.generation);
      return;
    }
    assert.equal(batch.end, 'expired');
    // It may have expired in its own generation and been asked only now.
    if (run.generation === this.#model.generation) assert.ok(this.#hasLost(run));
  }

  #hasLost(run: WatchRun): boolean {
    const next = run.deliveries!()[run.delivered];
    return next !== undefined && next.event.revision <= this.#model.oldestRevision;
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

  /** Begins a chain of pages, or reads the next page of the one that was begun. */
  #page(scope: ModelScope, limit: number): void {
    const { revision, generation, state } = this.#model;
    const expected = listState(state, scope);
    this.#pages ??= {
      scope,
      revision,
      generation,
      expected: stateText(expected, scope.scope),
      total: expected.length,
      parts: [],
      start: undefined,
    };
    const chain = this.#pages;
    if (chain.revision < this.#model.oldestRevision) {
      this.#pages = undefined;
      return;
    }
    const root = this.#cache.root(chain.revision);
    const start = chain.start === undefined ? {} : { start: chain.start };
    const list = root.list({ ...chain.scope.scope, ...start, limit });
    root.close();
    this.#checkRemaining(chain, list.remaining, limit);
    const page = listText(list).slice(1, -1);
    if (page !== '') chain.parts.push(page);
    const { last } = list;
    if (last !== undefined) {
      chain.start = { namespace: last.namespace, name: `${last.name}\0` };
      return;
    }
    assert.equal(`[${chain.parts.join(',')}]`, chain.expected);
    this.#pages = undefined;
  }

  #checkRemaining(chain: PageRun, remaining: number | undefined, limit: number): void {
    if (chain.scope.scope.selector !== undefined) {
      assert.equal(remaining, undefined);
      return;
    }
    const state = this.#model.stateAt(chain.revision);
    const { start } = chain;
    const suffix = listState(state, chain.scope).filter(
      (object) => start === undefined || isAfter(object, start),
    );
    assert.equal(remaining, Math.max(0, suffix.length - limit));
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
      run.watch.close();
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

function isAfter(object: ModelObject, start: ObjectKey): boolean {
  const bytes = (key: ObjectKey): Buffer => Buffer.from(`${key.namespace}/${key.name}`);
  return Buffer.compare(bytes(object), bytes(start)) >= 0;
}

function frameText(type: string, object: string): string {
  return `{"type":"${type}","object":${object}}\n`;
}

// Events and frames say the same; compared as frames.
function frameOf(item: unknown): string {
  if (item instanceof Uint8Array) return String(text(item));
  const { type, object } = item as { type: string; object: Uint8Array };
  return frameText(type, String(text(object)));
}

function sizeOf(item: unknown): number {
  return item instanceof Uint8Array ? item.length : (item as { object: Uint8Array }).object.length;
}
