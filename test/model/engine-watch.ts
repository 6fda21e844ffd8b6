/**
 * One watch of a random history: what it delivers is compared with what the model says is due,
 * whenever it is drained, and so is the reason why it ends.
 */

import assert from 'node:assert/strict';

import type { EngineCache, EngineWatch, WatchBatch } from '../../lib/engine/index.js';
import { text, widgetText } from '../engine/widget.js';
import {
  type EngineModel,
  listState,
  type ModelDelivery,
  type ModelObject,
  type ModelScope,
} from './engine-model.js';

export class WatchRun {
  readonly #model: EngineModel;
  readonly #scope: ModelScope;
  readonly #watch: EngineWatch;
  readonly #after: bigint;
  readonly #generation: number;
  // The objects that are still to come as the initial state.
  #initial: ModelObject[] | undefined;
  #delivered = 0;
  #lastRevision = 0n;
  #lastPosition = 0n;

  /** Watches after a revision, or the present state and what follows it. */
  constructor(
    cache: EngineCache,
    model: EngineModel,
    scope: ModelScope,
    after: bigint | undefined,
  ) {
    const wake = (): void => {};
    const from =
      after === undefined
        ? { type: 'state' as const }
        : { type: 'after' as const, revision: after };
    this.#watch = cache.watch({ ...scope.scope, from, wake });
    this.#model = model;
    this.#scope = scope;
    this.#after = after ?? model.revision;
    this.#generation = model.generation;
    this.#initial = after === undefined ? listState(model.state, scope) : undefined;
    assert.equal(this.#watch.revision, this.#after);
  }

  /** Drains once and compares. Returns whether the watch goes on. */
  drain(form: 'events' | 'frames', max: number): boolean {
    const watch = this.#watch;
    const batch = form === 'events' ? watch.drainEvents(max) : watch.drainFrames(max * 100);
    if (batch.end !== undefined) {
      this.#checkEnd(batch);
      this.close();
      return false;
    }
    assert.equal(this.#generation, this.#model.generation, 'a replaced watch ends');
    assert.ok(!this.#hasLost(), 'a watch that lost an event ends');
    const items = batch.items.map((item) => frameOf(item));
    const bytes = batch.items.reduce((sum, item) => sum + sizeOf(item), 0);
    assert.equal(batch.bytes, bytes);
    if (this.#initial === undefined) this.#checkLive(batch, items);
    else this.#checkInitial(this.#initial, batch, items);
    return true;
  }

  close(): void {
    this.#watch.close();
  }

  #checkInitial(
    initial: ModelObject[],
    batch: WatchBatch<unknown>,
    items: readonly string[],
  ): void {
    const { apiVersion } = this.#scope.scope;
    const expected = initial
      .splice(0, items.length)
      .map((object) => frameText('ADDED', widgetText(object, object.revision, apiVersion)));
    assert.equal(batch.phase, 'initial');
    assert.deepEqual(items, expected);
    if (initial.length > 0) {
      assert.ok(items.length > 0 && batch.more);
      assert.equal(batch.position, 0n);
      return;
    }
    assert.equal(batch.position, this.#after);
    assert.equal(batch.more, this.#deliveries().length > 0);
    this.#initial = undefined;
    this.#lastRevision = this.#after;
  }

  #checkLive(batch: WatchBatch<unknown>, items: readonly string[]): void {
    const deliveries = this.#deliveries();
    const expected = deliveries.slice(this.#delivered, this.#delivered + items.length);
    assert.equal(batch.phase, 'live');
    assert.deepEqual(
      items,
      expected.map(({ type, object }) => frameText(type, object)),
    );
    this.#delivered += items.length;
    for (const { event } of expected) {
      assert.ok(event.revision > this.#lastRevision);
      this.#lastRevision = event.revision;
    }
    const next = deliveries[this.#delivered]?.event.revision;
    assert.equal(batch.more, next !== undefined);
    assert.ok(items.length > 0 || next === undefined, 'a drain with something to say says it');
    assert.equal(batch.position, next === undefined ? this.#model.revision : next - 1n);
    assert.ok(batch.position >= this.#lastPosition);
    this.#lastPosition = batch.position;
  }

  #checkEnd(batch: WatchBatch<unknown>): void {
    assert.deepEqual(batch.items, []);
    assert.ok(!batch.more);
    const isReplaced = this.#generation < this.#model.generation;
    assert.equal(batch.end, isReplaced ? 'replaced' : 'expired');
    if (!isReplaced) assert.ok(this.#hasLost());
  }

  #hasLost(): boolean {
    const next = this.#deliveries()[this.#delivered];
    return next !== undefined && next.event.revision <= this.#model.oldestRevision;
  }

  #deliveries(): ModelDelivery[] {
    return this.#model.deliveries(this.#scope, this.#after);
  }
}

export function frameText(type: string, object: string): string {
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
