/** The engines that there are here, and caches on them with the defaults of tests. */

import {
  createEngineCache,
  ENGINE_VARIABLE,
  type EngineCache,
  type EngineCacheOptions,
  type EngineKind,
  engineReport,
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

/** Every engine that loads here. */
const LOADED: readonly TestEngine[] = (['javascript', 'native'] as const)
  .filter(canLoad)
  .map(engine);

const NAMED = process.env[ENGINE_VARIABLE] ?? 'auto';

/**
 * The engines that semantic tests run on: the one that SHARDWATCH_ENGINE names, whether or not it
 * loads (a run on an engine that does not is no run of the others), or else all that load.
 */
export const ENGINES: readonly TestEngine[] =
  NAMED === 'native' || NAMED === 'javascript' ? [engine(NAMED)] : LOADED;

/** The engine of that kind, or `undefined` where it does not load. */
export function engineOf(kind: EngineKind): TestEngine | undefined {
  return LOADED.find((candidate) => candidate.kind === kind);
}

function canLoad(kind: EngineKind): boolean {
  try {
    engineReport(kind);
    return true;
  } catch {
    return false;
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
