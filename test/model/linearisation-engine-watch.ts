/** A watch of an engine's cache, by a thread that writes down what it is told. */

import type {
  EngineCache,
  EngineEvent,
  EngineWatch,
  WatchBatch,
  WatchEnd,
} from '../../lib/engine/index.js';
import type { Chance } from '../chance.js';
import { text } from '../engine/widget.js';
import { EMPTY_SCOPE, SCOPES } from './engine-scopes.js';
import { frameText } from './engine-watch.js';
import type { RecordingWatch } from './linearisation-reader.js';
import type { DrainRecord, Progress, WatchRecord } from './linearisation-record.js';

export class RecordingEngineWatch implements RecordingWatch {
  readonly #chance: Chance;
  readonly #watch: EngineWatch;
  readonly #record: Omit<WatchRecord, 'drains' | 'end'>;
  readonly #drains: DrainRecord[] = [];
  readonly #form: 'events' | 'frames';
  #wakes = 0;
  end: WatchEnd | undefined;

  /** Throws what the cache throws. `after` is absent for the present state. */
  constructor(cache: EngineCache, progress: Progress, chance: Chance, after?: bigint) {
    const scope = chance.below(SCOPES.length);
    const from =
      after === undefined
        ? { type: 'state' as const }
        : { type: 'after' as const, revision: after };
    const atLeast = progress.told;
    this.#chance = chance;
    this.#form = chance.of(['events', 'frames']);
    this.#watch = cache.watch({
      ...SCOPES[scope]!.scope,
      from,
      wake: () => {
        if (++this.#wakes > 1) throw new Error('woken twice between two drains');
      },
    });
    const { revision } = this.#watch;
    const span = { atLeast, atMost: cache.revision };
    this.#record = { type: 'watch', scope, isFromState: after === undefined, revision, span };
  }

  get position(): bigint {
    return this.#drains.at(-1)?.position ?? 0n;
  }

  get isWoken(): boolean {
    return this.#wakes > 0;
  }

  get hasNothing(): boolean {
    return this.#record.scope === EMPTY_SCOPE;
  }

  drain(): void {
    while (this.end === undefined) {
      this.#wakes = 0;
      const { drain, more, end } = this.#drainOnce();
      this.end = end;
      if (end === undefined) this.#drains.push(drain);
      if (!more) return;
    }
  }

  close(): WatchRecord {
    this.#watch.close();
    return { ...this.#record, drains: this.#drains, end: this.end };
  }

  #drainOnce(): { drain: DrainRecord; more: boolean; end: WatchEnd | undefined } {
    const max = 1 + this.#chance.below(12);
    if (this.#form === 'frames') {
      const batch = this.#watch.drainFrames(max * 100);
      const frames = batch.items.map((frame) => Buffer.from(frame).toString());
      return { drain: drainOf(batch, frames), more: batch.more, end: batch.end };
    }
    const batch = this.#watch.drainEvents(max);
    const frames = batch.items.map(frameOf);
    return { drain: drainOf(batch, frames), more: batch.more, end: batch.end };
  }
}

function drainOf(batch: WatchBatch<unknown>, frames: readonly string[]): DrainRecord {
  return { phase: batch.phase, frames, position: batch.position };
}

// What an event says besides its object is in the object too.
function frameOf({ type, namespace, name, revision, object }: EngineEvent): string {
  const json = text(object)!;
  const { metadata } = JSON.parse(json) as {
    metadata: { namespace: string; name: string; resourceVersion: string };
  };
  const isSame =
    metadata.namespace === namespace &&
    metadata.name === name &&
    metadata.resourceVersion === revision.toString();
  if (!isSame) throw new Error(`an event of ${namespace}/${name} at ${revision} has ${json}`);
  return frameText(type, json);
}
