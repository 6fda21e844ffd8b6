/**
 * Chooses the engine of a cache, and tells why.
 *
 * `auto` is the native engine where it can be had and JavaScript otherwise; the environment
 * variable SHARDWATCH_ENGINE (native, javascript or auto) decides in its place. Whoever names an
 * engine gets that one or an error, and why the native one is not there is never swallowed.
 */

import {
  type EngineCache,
  type EngineCacheOptions,
  EngineError,
  type EngineKind,
} from './contract.js';
import { JavaScriptEngineCache } from './javascript/index.js';

/** The variable that decides what `auto` means. */
export const ENGINE_VARIABLE = 'SHARDWATCH_ENGINE';

/** Which engine is used, and the reason in words. */
export interface EngineReport {
  readonly kind: EngineKind;
  readonly reason: string;
}

const NATIVE_MISSING = 'this build has no native engine yet';

/**
 * Makes a cache on the engine of that kind.
 *
 * Throws `engine-unavailable` for an engine that cannot be had and for names that are no engine's,
 * and a RangeError for options out of range.
 */
export function createEngineCache(
  kind: EngineKind | 'auto',
  options: EngineCacheOptions,
): EngineCache {
  engineReport(kind);
  checkOptions(options);
  return new JavaScriptEngineCache(options);
}

/**
 * Tells which engine `createEngineCache` would take. Throws what it would throw. Default `auto`.
 */
export function engineReport(kind: EngineKind | 'auto' = 'auto'): EngineReport {
  if (kind !== 'auto') return reportNamed(kind, 'it was asked for');
  const named = process.env[ENGINE_VARIABLE];
  if (named === undefined || named === '' || named === 'auto') {
    return { kind: 'javascript', reason: NATIVE_MISSING };
  }
  return reportNamed(named, `${ENGINE_VARIABLE} names it`);
}

function reportNamed(name: string, reason: string): EngineReport {
  if (name === 'javascript') return { kind: name, reason };
  if (name === 'native') {
    throw new EngineError(
      'engine-unavailable',
      `the native engine is not available: ${NATIVE_MISSING} (${reason})`,
    );
  }
  throw new EngineError(
    'engine-unavailable',
    `there is no engine ${JSON.stringify(name)}: native, javascript or auto (${reason})`,
  );
}

function checkOptions({ shardCount, history }: EngineCacheOptions): void {
  const { windowMs, entriesMin, entriesMax, bytesMax } = history;
  check(Number.isSafeInteger(shardCount) && shardCount >= 1, 'shardCount is an integer above 0');
  check(windowMs >= 0, 'history.windowMs is 0 or more');
  check(entriesMin >= 0, 'history.entriesMin is 0 or more');
  check(entriesMax >= entriesMin, 'history.entriesMax is not below history.entriesMin');
  check(bytesMax >= 0, 'history.bytesMax is 0 or more');
}

function check(holds: boolean, rule: string): void {
  if (!holds) throw new RangeError(`invalid engine options: ${rule}`);
}
