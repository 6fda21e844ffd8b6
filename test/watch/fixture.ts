/** Streams over real engines whose calls are counted. */

import type { ExecutionContext } from 'ava';

import type { EngineCache, EngineWatch, WatchQuery } from '../../lib/engine/index.js';
import { BookmarkScheduler, WatchStream, type WatchStreamOptions } from '../../lib/watch/index.js';
import { ManualClock } from '../clock.js';
import type { TestCacheOptions, TestEngine } from '../engine/engines.js';
import { put } from '../engine/widget.js';

export interface Calls {
  drains: number;
  closes: number;
}

export interface Rig {
  readonly engine: EngineCache;
  readonly clock: ManualClock;
  readonly bookmarks: BookmarkScheduler;
  readonly calls: Calls;
  /** Opens a stream of everything from the present state, or after a revision. */
  open(options?: Partial<WatchStreamOptions>, after?: bigint): WatchStream;
  /** Puts an object; the revision is the next one. */
  change(name: string): bigint;
}

export class LossError extends Error {
  override readonly name = 'LossError';
}

/** An engine at revision 1 with nothing in it. */
export function rig(
  t: ExecutionContext,
  testEngine: TestEngine,
  options: TestCacheOptions = {},
): Rig {
  const engine = testEngine.create(options);
  t.teardown(() => engine.close());
  engine.replace([], 1n);
  const clock = new ManualClock();
  const calls = { drains: 0, closes: 0 };
  return {
    engine,
    clock,
    calls,
    bookmarks: new BookmarkScheduler(clock, () => 0),
    open: (streamOptions = {}, after) =>
      new WatchStream({
        open: (wake) => {
          const from: WatchQuery['from'] =
            after === undefined ? { type: 'state' } : { type: 'after', revision: after };
          return counted(engine.watch({ from, wake }), calls);
        },
        clock,
        lossError: (reason) => new LossError(reason),
        ...streamOptions,
      }),
    change: (name) => {
      const revision = engine.revision + 1n;
      engine.apply([put({ namespace: 'a', name }, revision)]);
      return revision;
    },
  };
}

function counted(watch: EngineWatch, calls: Calls): EngineWatch {
  return {
    revision: watch.revision,
    get isPaused() {
      return watch.isPaused;
    },
    drainEvents: (maxEvents) => {
      calls.drains++;
      return watch.drainEvents(maxEvents);
    },
    drainFrames: (maxBytes) => {
      calls.drains++;
      return watch.drainFrames(maxBytes);
    },
    close: () => {
      calls.closes++;
      watch.close();
    },
  };
}
