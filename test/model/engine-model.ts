/**
 * A plain model of an engine: the whole state of every revision in an array, every event in
 * another. Slow, obvious, and independent of how the engine does it.
 */

import { compareNamespaces, compareUtf8 } from '../../lib/object/index.js';
import type { EngineScope, HistoryLimits, WatchEventType } from '../../lib/engine/index.js';
import { type Widget, widgetText } from '../engine/widget.js';

/** One version of a widget. */
export interface ModelObject extends Widget {
  readonly revision: bigint;
}

/** One object's change. */
export interface ModelEvent {
  readonly revision: bigint;
  readonly timeMs: number;
  readonly previous: ModelObject | undefined;
  readonly current: ModelObject | undefined;
}

/** What a watch is to be told. */
export interface ModelDelivery {
  readonly event: ModelEvent;
  readonly type: WatchEventType;
  readonly key: string;
  readonly object: string;
}

/** A scope as the engine takes it, and which widgets belong to it. */
export interface ModelScope {
  readonly scope: EngineScope;
  readonly matches: (widget: Widget) => boolean;
}

export type ModelState = ReadonlyMap<string, ModelObject>;

export function keyOf(widget: Widget): string {
  return `${widget.namespace}/${widget.name}`;
}

/** The objects of a state that match, in key order. */
export function listState(state: ModelState, { matches }: ModelScope): ModelObject[] {
  return [...state.values()].filter(matches).sort(compareObjects);
}

export function compareObjects(left: Widget, right: Widget): number {
  return compareNamespaces(left.namespace, right.namespace) || compareUtf8(left.name, right.name);
}

/** The state as one JSON array. */
export function stateText(objects: readonly ModelObject[], scope: EngineScope = {}): string {
  const texts = objects.map((object) => widgetText(object, object.revision, scope.apiVersion));
  return `[${texts.join(',')}]`;
}

export class EngineModel {
  readonly #limits: HistoryLimits;
  /** The states of this generation, by revision: each is valid until the next. */
  states: { readonly revision: bigint; readonly state: ModelState }[] = [
    { revision: 0n, state: new Map() },
  ];
  /** Every event of this generation. */
  events: ModelEvent[] = [];
  /** The events that the log still has. */
  log: ModelEvent[] = [];
  oldestRevision = 0n;
  revision = 0n;
  generation = 0;

  constructor(limits: HistoryLimits) {
    this.#limits = limits;
  }

  get state(): ModelState {
    return this.states.at(-1)!.state;
  }

  /** The state at a revision of this generation. */
  stateAt(revision: bigint): ModelState {
    return this.states.findLast((entry) => entry.revision <= revision)!.state;
  }

  put(widget: Widget, revision: bigint, timeMs: number): void {
    this.#change({ ...widget, revision }, keyOf(widget), revision, timeMs);
  }

  delete(key: string, revision: bigint, timeMs: number): void {
    this.#change(undefined, key, revision, timeMs);
  }

  progress(revision: bigint): void {
    if (revision > this.revision) this.revision = revision;
  }

  replace(objects: readonly ModelObject[], revision: bigint): void {
    const state = new Map(objects.map((object) => [keyOf(object), object]));
    this.states = [{ revision, state }];
    this.events = [];
    this.log = [];
    this.revision = revision;
    this.oldestRevision = revision;
    this.generation++;
  }

  trim(nowMs: number): void {
    const { windowMs, entriesMin, entriesMax, bytesMax } = this.#limits;
    for (;;) {
      const first = this.log[0];
      if (first === undefined) return;
      const isOld = nowMs - first.timeMs > windowMs && this.log.length > entriesMin;
      if (!isOld && this.log.length <= entriesMax && this.retainedBytes() <= bytesMax) return;
      this.log.shift();
      this.oldestRevision = first.revision;
    }
  }

  /** Bytes of the versions that only the log keeps. */
  retainedBytes(): number {
    return this.log.reduce((sum, { previous }) => sum + bytesOf(previous), 0);
  }

  /** Bytes of the present versions. */
  liveBytes(): number {
    return [...this.state.values()].reduce((sum, object) => sum + bytesOf(object), 0);
  }

  /** What a watch of the scope is told of the events above a revision. */
  deliveries(scope: ModelScope, after: bigint): ModelDelivery[] {
    return this.events
      .filter((event) => event.revision > after)
      .flatMap((event) => deliver(event, scope) ?? []);
  }

  #change(current: ModelObject | undefined, key: string, revision: bigint, timeMs: number): void {
    const previous = this.state.get(key);
    this.revision = revision;
    if (current === undefined && previous === undefined) return;
    const state = new Map(this.state);
    if (current === undefined) state.delete(key);
    else state.set(key, current);
    this.states.push({ revision, state });
    const event = { revision, timeMs, previous, current };
    this.events.push(event);
    this.log.push(event);
  }
}

function deliver(event: ModelEvent, { scope, matches }: ModelScope): ModelDelivery | undefined {
  const { previous, current, revision } = event;
  const before = previous !== undefined && matches(previous);
  const after = current !== undefined && matches(current);
  if (!before && !after) return undefined;
  const type = after ? (before ? 'MODIFIED' : 'ADDED') : 'DELETED';
  const object = (after ? current : previous)!;
  return {
    event,
    type,
    key: keyOf(object),
    object: widgetText(object, revision, scope.apiVersion),
  };
}

function bytesOf(object: ModelObject | undefined): number {
  return object === undefined ? 0 : Buffer.byteLength(widgetText(object, object.revision));
}
