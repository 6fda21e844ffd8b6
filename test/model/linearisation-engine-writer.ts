/** Writes to a shared cache of the engine, in every way. */

import assert from 'node:assert/strict';

import { type Change, type EngineCache, EngineError } from '../../lib/engine/index.js';
import type { ObjectKey } from '../../lib/object/index.js';
import { put, remove, widgetSource } from '../engine/widget.js';
import type { RecordedChange } from './linearisation-record.js';
import { RecordingWriter, type ReplacedWidget } from './linearisation-writer.js';

export class EngineWriter extends RecordingWriter<EngineCache> {
  protected override revision(): bigint {
    return this.cache.revision;
  }

  protected override writeSomething(): void {
    const { chance } = this;
    if (chance.holds(0.5)) this.#apply();
    else if (chance.holds(0.1)) this.#progress();
    else this.#write();
  }

  protected override replace(objects: readonly ReplacedWidget[], revision: bigint): void {
    this.cache.replace(
      objects.map((object) => put(object, object.revision)),
      revision,
    );
  }

  /** A batch over several namespaces, numbered anew until nobody has come between. */
  #apply(): void {
    const { cache, chance, progress } = this;
    const planned = this.planBatch();
    const atLeast = progress.told;
    for (;;) {
      let revision = cache.revision;
      const changes = planned.map((change): RecordedChange => {
        revision += BigInt(1 + chance.below(2));
        return { ...change, revision };
      });
      if (!tries('revision-not-rising', () => cache.apply(changes.map(changeOf)))) continue;
      return this.commit({ type: 'batch', changes, span: this.since(atLeast) });
    }
  }

  /** One object at the next revision; in half of the cases only as an update of what was read. */
  #write(): void {
    const { cache, chance, progress } = this;
    const change = this.plan();
    const { namespace, name, widget } = change;
    const isUpdate = chance.holds(0.5);
    const expected = isUpdate ? (cache.get(change)?.revision ?? 0n) : undefined;
    // Others may write meanwhile.
    for (let spin = chance.below(200); spin > 0; spin--) Atomics.load(SPUN, 0);
    const atLeast = progress.told;
    const object = widget === undefined ? {} : { object: widgetSource(widget) };
    const write = { namespace, name, ...object };
    let revision = 0n;
    try {
      revision = cache.write(write, expected);
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'conflict') throw error;
      const present = error.presentRevision!;
      assert.notEqual(present, expected, 'a conflict with what was expected');
      return this.#saw(change, present, atLeast);
    }
    if (revision === 0n) return this.#saw(change, 0n, atLeast);
    const recorded = { ...change, revision, ...(isUpdate ? { expected: expected! } : {}) };
    this.commit({ type: 'batch', changes: [recorded], span: this.since(atLeast) });
  }

  #saw({ namespace, name }: ObjectKey, revision: bigint, atLeast: bigint): void {
    this.note({ type: 'get', namespace, name, revision, span: this.since(atLeast) });
  }

  #progress(): void {
    const { cache, chance, progress } = this;
    const revision = cache.revision + BigInt(chance.below(3));
    cache.progress(revision);
    if (cache.revision < revision) throw new Error('a revision is not reached');
    progress.tell(revision);
  }
}

const SPUN = new Int32Array(new SharedArrayBuffer(4));

function changeOf({ namespace, name, widget, revision }: RecordedChange): Change {
  return widget === undefined ? remove(namespace, name, revision) : put(widget, revision);
}

function tries(code: string, act: () => void): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (error instanceof EngineError && error.code === code) return false;
    throw error;
  }
}
