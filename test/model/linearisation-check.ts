/**
 * Whether what threads have read can be: every read is the model's state at exactly its revision,
 * at a revision that it may have at that time, and every watch has told all that the model has
 * changed, once, in order.
 *
 * The model is made of what writers have written down, in the order of revisions. It is not told
 * who ran when: that it fits the reads at all is what is shown.
 */

import assert from 'node:assert/strict';

import { HISTORY_LIMITS } from '../engine/candidates.js';
import { widgetText } from '../engine/widget.js';
import {
  EngineModel,
  keyOf,
  listState,
  type ModelScope,
  type ModelState,
  stateText,
} from './engine-model.js';
import { SCOPES } from './engine-scopes.js';
import { frameText } from './engine-watch.js';
import type {
  Commit,
  GetRecord,
  ListRecord,
  Observation,
  RecordedChange,
  Span,
  ThreadLog,
  WatchRecord,
} from './linearisation-record.js';

/** How many of each there were, for messages and to see that a run was worth something. */
export interface Tally {
  readonly commits: number;
  readonly lists: number;
  readonly gets: number;
  readonly expired: number;
  readonly watches: number;
  readonly frames: number;
}

/** Throws an AssertionError for what can't be. `base` is the revision that the cache began with. */
export function checkLogs(logs: readonly ThreadLog[], base: bigint): Tally {
  const commits = logs.flatMap((log) => log.commits);
  const observations = logs.flatMap((log) => log.observations);
  const history = new WrittenHistory(commits, base);
  for (const observation of observations) check(history, observation);
  const count = (type: Observation['type']): number =>
    observations.filter((observation) => observation.type === type).length;
  const frames = observations
    .flatMap((observation) => (observation.type === 'watch' ? observation.drains : []))
    .reduce((sum, drain) => sum + drain.frames.length, 0);
  return {
    commits: commits.length,
    lists: count('list'),
    gets: count('get'),
    expired: count('expired'),
    watches: count('watch'),
    frames,
  };
}

function check(history: WrittenHistory, observation: Observation): void {
  switch (observation.type) {
    case 'list':
      return checkList(history, observation);
    case 'get':
      return checkGet(history, observation);
    case 'expired':
      return assert.ok(observation.revision < observation.oldestRevision);
    case 'watch':
      return new WatchCheck(history, observation).run();
  }
}

/** All generations, each a model; revisions rise through all of them. */
class WrittenHistory {
  readonly #generations: { readonly start: bigint; readonly model: EngineModel }[] = [];
  /** Revisions within batches, where nobody sees a state, and the revisions they end at. */
  readonly #inner = new Map<bigint, bigint>();

  constructor(commits: readonly Commit[], base: bigint) {
    const first = new EngineModel(HISTORY_LIMITS);
    first.progress(base);
    this.#generations.push({ start: base, model: first });
    const order = [...commits].sort((left, right) => Number(firstOf(left) - firstOf(right)));
    let last = base;
    for (const commit of order) {
      const from = `${firstOf(commit)} comes after ${last}`;
      assert.ok(firstOf(commit) > last, `no two writes share a revision: ${from}`);
      if (commit.type === 'replace') this.#replace(commit);
      else this.#apply(commit.changes, commit.span);
      last = lastOf(commit);
    }
  }

  /** The generation that a revision belongs to. */
  indexAt(revision: bigint): number {
    return this.#generations.findLastIndex(({ start }) => start <= revision);
  }

  modelAt(revision: bigint): EngineModel {
    return this.#generations[this.indexAt(revision)]!.model;
  }

  isOfLastGeneration(revision: bigint): boolean {
    return this.indexAt(revision) === this.#generations.length - 1;
  }

  isInner(revision: bigint): boolean {
    return this.#inner.has(revision);
  }

  /** What readers may see between these revisions. */
  *statesWithin({ atLeast, atMost }: Span): Generator<ModelState, void> {
    const last = this.indexAt(atMost);
    for (let index = this.indexAt(atLeast); index <= last; index++) {
      const { states } = this.#generations[index]!.model;
      const begin = states.findLastIndex(({ revision }) => revision <= atLeast);
      for (let at = Math.max(begin, 0); at < states.length; at++) {
        const { revision, state } = states[at]!;
        if (revision > atMost) break;
        const end = this.#inner.get(revision);
        const next = states[at + 1];
        if (end === undefined || next === undefined || next.revision > end) yield state;
      }
    }
  }

  #replace(commit: Extract<Commit, { type: 'replace' }>): void {
    const model = new EngineModel(HISTORY_LIMITS);
    model.replace(commit.objects, commit.revision);
    model.generation = this.#generations.length;
    this.#generations.push({ start: commit.revision, model });
  }

  #apply(changes: readonly RecordedChange[], { atLeast, atMost }: Span): void {
    const { model } = this.#generations.at(-1)!;
    let last = 0n;
    for (const change of changes) {
      const { namespace, name, widget, revision, expected } = change;
      assert.ok(revision > last && revision > atLeast && revision <= atMost);
      const key = keyOf({ namespace, name });
      if (expected !== undefined) {
        const present = model.state.get(key)?.revision ?? 0n;
        assert.equal(present, expected, `what ${key} was at ${revision} is what was expected`);
      }
      if (widget === undefined) model.delete(key, revision, 0);
      else model.put(widget, revision, 0);
      if (last > 0n) this.#inner.set(last, changes.at(-1)!.revision);
      last = revision;
    }
  }
}

function firstOf(commit: Commit): bigint {
  return commit.type === 'replace' ? commit.revision : commit.changes[0]!.revision;
}

function lastOf(commit: Commit): bigint {
  return commit.type === 'replace' ? commit.revision : commit.changes.at(-1)!.revision;
}

function checkSpan(revision: bigint, { atLeast, atMost }: Span): void {
  const isInTime = atLeast <= revision && revision <= atMost;
  assert.ok(isInTime, `${revision} was read between ${atLeast} and ${atMost}`);
}

function checkList(history: WrittenHistory, list: ListRecord): void {
  const { revision, span, text, generation, count } = list;
  const scope = SCOPES[list.scope]!;
  const state = history.modelAt(revision).stateAt(revision);
  assert.equal(text, stateText(listState(state, scope), scope.scope), `the list at ${revision}`);
  if (count !== undefined) assert.equal(count, state.size);
  if (generation !== undefined) assert.equal(generation, history.indexAt(revision));
  if (span === undefined) return;
  checkSpan(revision, span);
  assert.ok(!history.isInner(revision), `${revision} is in the middle of a batch`);
}

function checkGet(history: WrittenHistory, get: GetRecord): void {
  const { namespace, name, text, span } = get;
  const key = keyOf({ namespace, name });
  const seen: string[] = [];
  for (const state of history.statesWithin(span)) {
    const object = state.get(key);
    const present = object?.revision ?? 0n;
    if (get.revision === undefined) {
      if (text === (object && widgetText(object, object.revision))) return;
    } else if (get.revision === present) {
      return;
    }
    seen.push(present.toString());
  }
  assert.fail(`${key} was never ${text ?? get.revision} but at revisions ${seen.join(', ')}`);
}

/** One watch: what it told against what it had to. */
class WatchCheck {
  readonly #record: WatchRecord;
  readonly #scope: ModelScope;
  readonly #model: EngineModel;
  readonly #isLast: boolean;
  /** What the watch has told, one upon the other. */
  readonly #fold = new Map<string, string>();
  readonly #title: string;

  constructor(history: WrittenHistory, record: WatchRecord) {
    const { revision, scope, isFromState, span } = record;
    this.#record = record;
    this.#scope = SCOPES[scope]!;
    this.#model = history.modelAt(revision);
    this.#isLast = history.isOfLastGeneration(revision);
    this.#title = `watch of scope ${scope} ${isFromState ? 'from' : 'after'} ${revision}`;
    if (!isFromState) return;
    checkSpan(revision, span);
    assert.ok(!history.isInner(revision), `${revision} is in the middle of a batch`);
  }

  run(): void {
    const { revision, isFromState, drains, end } = this.#record;
    const initial = drains.filter(({ phase }) => phase === 'initial');
    if (isFromState) this.#checkInitial(initial);
    else assert.equal(initial.length, 0);
    const due = this.#model.deliveries(this.#scope, revision);
    let told = 0;
    let last = 0n;
    for (const { phase, frames, position } of drains) {
      if (phase === 'initial') continue;
      const expected = due.slice(told, told + frames.length);
      assert.deepEqual(
        frames,
        expected.map(({ type, object }) => frameText(type, object)),
        this.#title,
      );
      told += frames.length;
      assert.ok(position >= last, `${this.#title}: positions rise`);
      last = position;
      const next = due[told]?.event.revision;
      assert.ok(next === undefined || position < next, `${this.#title}: ${next} is lost`);
      for (const { type, key, object } of expected) this.#tell(type, key, object);
      this.#checkFold(position);
    }
    if (end === 'replaced') assert.ok(!this.#isLast, `${this.#title}: nothing was replaced`);
  }

  #checkInitial(drains: WatchRecord['drains']): void {
    const { revision } = this.#record;
    const state = listState(this.#model.stateAt(revision), this.#scope);
    const { apiVersion } = this.#scope.scope;
    const frames = state.map((object) => {
      const text = widgetText(object, object.revision, apiVersion);
      this.#fold.set(keyOf(object), text);
      return frameText('ADDED', text);
    });
    const told = drains.flatMap((drain) => drain.frames);
    const isWhole = drains.at(-1)?.position === revision;
    assert.deepEqual(told, isWhole ? frames : frames.slice(0, told.length), this.#title);
    for (const { position } of drains.slice(0, -1)) assert.equal(position, 0n, this.#title);
  }

  #tell(type: string, key: string, object: string): void {
    if (this.#record.isFromState) assert.equal(this.#fold.has(key), type !== 'ADDED');
    if (type === 'DELETED') this.#fold.delete(key);
    else this.#fold.set(key, object);
  }

  /** What a watch from the state has told is the list at its position. */
  #checkFold(position: bigint): void {
    if (!this.#record.isFromState || position === 0n) return;
    const state = listState(this.#model.stateAt(position), this.#scope);
    const { apiVersion } = this.#scope.scope;
    const listed = state.map((object) => widgetText(object, object.revision, apiVersion));
    assert.deepEqual([...this.#fold.values()].sort(), listed.sort(), this.#title);
  }
}
