/**
 * The engines that every semantic test runs on, and how a test asks for that.
 *
 * Whoever adds an engine adds a row: a behaviour that differs between rows is a bug, not a skip.
 */

import test, { type ExecutionContext } from 'ava';

import {
  createEngineCache,
  type EngineCache,
  type EngineCacheOptions,
  type EngineKind,
  type HistoryLimits,
} from '../../lib/engine/index.js';

/** Options of a cache under test; what is left out has the defaults below. */
export type TestCacheOptions = Partial<Omit<EngineCacheOptions, 'history'>> & {
  readonly history?: Partial<HistoryLimits>;
};

export interface TestEngine {
  readonly kind: EngineKind;
  create(options?: TestCacheOptions): EngineCache;
}

export const HISTORY_LIMITS: HistoryLimits = {
  windowMs: 75_000,
  entriesMin: 100,
  entriesMax: 102_400,
  bytesMax: 256 * 1024 * 1024,
};

/**
 * Options with the defaults of tests: the declared field `spec.node`, and a clock that stands
 * still.
 */
export function cacheOptions(options: TestCacheOptions = {}): EngineCacheOptions {
  return {
    name: 'widgets.example.com',
    shardCount: 4,
    fields: ['spec.node'],
    now: () => 0,
    ...options,
    history: { ...HISTORY_LIMITS, ...options.history },
  };
}

function engine(kind: EngineKind): TestEngine {
  return { kind, create: (options) => createEngineCache(kind, cacheOptions(options)) };
}

export const ENGINES: readonly TestEngine[] = [engine('javascript')];

/** Declares a test that runs once for every engine. */
export function engineTest(
  behaviour: string,
  run: (t: ExecutionContext, engine: TestEngine) => void | Promise<void>,
): void {
  for (const candidate of ENGINES) {
    test(`${candidate.kind}: ${behaviour}`, (t) => run(t, candidate));
  }
}

/** Lets the event loop turn, so that watches are woken. */
export async function turn(): Promise<void> {
  for (let count = 0; count < 2; count++) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}
