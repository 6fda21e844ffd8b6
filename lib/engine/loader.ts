/**
 * Chooses the engine of a cache, and tells why.
 *
 * Rules:
 *  1. `auto` is the native engine where its addon loads, and JavaScript otherwise; the environment
 *     variable SHARDWATCH_ENGINE (native, javascript or auto) decides in its place.
 *  2. Whoever names an engine gets that one or an error.
 *  3. Why the native one is not there is never swallowed: the report, or the error, tells what was
 *     tried and how it failed.
 *  4. The addon is looked for once a thread, when it is first wanted: importing loads nothing, and
 *     who asks for JavaScript loads none.
 */

import { addonFiles, addonPlace, type AddonSearch, searchAddon } from './addon.js';
import {
  type EngineAttachOptions,
  type EngineCache,
  type EngineCacheOptions,
  type EngineKind,
  type EngineShare,
} from './contract.js';
import { EngineError } from './engine-error.js';
import { type IndexDeclaration, indexesOf } from './indexes.js';
import { JavaScriptEngineCache } from './javascript/index.js';
import { type NativeModule, openNative } from './native/index.js';
import { LIMIT } from './wire.js';

/** The variable that decides what `auto` means. */
export const ENGINE_VARIABLE = 'SHARDWATCH_ENGINE';

/** Which engine is used, and the reason in words. */
export interface EngineReport {
  readonly kind: EngineKind;
  readonly reason: string;
  /** The addon, with the native engine. */
  readonly file?: string;
}

/** A file that was tried as the addon of the native engine. */
export interface AddonAttempt {
  readonly file: string;
  /** Why it was not taken. */
  readonly failure?: string;
}

/** An engine that can be had. */
interface Engine {
  readonly report: EngineReport;
  readonly create: (options: EngineCacheOptions) => EngineCache;
}

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
  const { create } = engineOf(kind);
  checkOptions(options);
  return create(options);
}

/**
 * Opens a cache of another thread with the token that its `share` made.
 *
 * Throws `engine-unavailable` where the native engine cannot be had, `closed` for a cache that is
 * closed, `not-shareable` for a token of no cache in this process, and a TypeError for no token.
 */
export function attachEngineCache(token: EngineShare, options: EngineAttachOptions): EngineCache {
  return nativeModule('only its caches are shared').attachCache(token, options);
}

/** The native engine. Throws `engine-unavailable` where it cannot be had, with the `reason`. */
export function nativeModule(reason: string): NativeModule {
  const { found, failures } = nativeSearch();
  if (found !== undefined) return found.module;
  throw new EngineError('engine-unavailable', `${notAvailable(failures)} (${reason})`);
}

/**
 * Tells which engine `createEngineCache` would take. Throws what it would throw. Default `auto`.
 */
export function engineReport(kind: EngineKind | 'auto' = 'auto'): EngineReport {
  return engineOf(kind).report;
}

/**
 * The files that were tried as the addon of the native engine, in order, up to the one that was
 * taken, which has no `failure`. Looks for it where nobody has wanted it yet.
 */
export function addonAttempts(): readonly AddonAttempt[] {
  const { found, failures } = nativeSearch();
  const failed = failures.map(({ file, reason }) => ({ file, failure: reason }));
  return found === undefined ? failed : [...failed, { file: found.file }];
}

function engineOf(kind: EngineKind | 'auto'): Engine {
  if (kind !== 'auto') return namedEngine(kind, 'it was asked for');
  const named = process.env[ENGINE_VARIABLE];
  if (named === undefined || named === '' || named === 'auto') return bestEngine();
  return namedEngine(named, `${ENGINE_VARIABLE} names it`);
}

function bestEngine(): Engine {
  const { found, failures } = nativeSearch();
  if (found === undefined) return javaScriptEngine(notAvailable(failures));
  return nativeEngine(found, 'its addon loads');
}

function namedEngine(name: string, reason: string): Engine {
  if (name === 'javascript') return javaScriptEngine(reason);
  if (name === 'native') {
    const { found, failures } = nativeSearch();
    if (found !== undefined) return nativeEngine(found, reason);
    throw new EngineError('engine-unavailable', `${notAvailable(failures)} (${reason})`);
  }
  throw new EngineError(
    'engine-unavailable',
    `there is no engine ${JSON.stringify(name)}: native, javascript or auto (${reason})`,
  );
}

function javaScriptEngine(reason: string): Engine {
  return {
    report: { kind: 'javascript', reason },
    create: (options) => new JavaScriptEngineCache(options),
  };
}

function nativeEngine({ module, file }: Found, reason: string): Engine {
  return {
    report: { kind: 'native', reason, file },
    create: (options) => module.createCache(options),
  };
}

function notAvailable(failures: AddonSearch['failures']): string {
  const tried = failures.map(({ file, reason }) => `${file}: ${reason}`);
  return `the native engine is not available: ${tried.join('; ')}`;
}

type Found = NonNullable<AddonSearch['found']>;

let search: AddonSearch | undefined;

function nativeSearch(): AddonSearch {
  search ??= searchAddon(addonFiles(addonPlace()), openNative);
  return search;
}

function checkOptions(options: EngineCacheOptions): void {
  const { shardCount, fields, history } = options;
  const { windowMs, entriesMin, entriesMax, bytesMax } = history;
  check(Number.isSafeInteger(shardCount) && shardCount >= 1, 'shardCount is an integer above 0');
  check(fields.length <= LIMIT.declaredFieldsMax, `fields are at most ${LIMIT.declaredFieldsMax}`);
  checkIndexes(fields, indexesOf(options));
  check(windowMs >= 0, 'history.windowMs is 0 or more');
  check(entriesMin >= 0, 'history.entriesMin is 0 or more');
  check(entriesMax >= entriesMin, 'history.entriesMax is not below history.entriesMin');
  check(bytesMax >= 0, 'history.bytesMax is 0 or more');
}

function checkIndexes(declared: readonly string[], { fields, labels }: IndexDeclaration): void {
  const known = new Set(declared);
  const isOnce = (texts: readonly string[]): boolean => new Set(texts).size === texts.length;
  check(
    fields.every((field) => known.has(field)),
    'indexes.fields are among the fields',
  );
  check(isOnce(fields) && isOnce(labels), 'indexes name each field and label once');
  const count = fields.length + labels.length;
  check(count <= LIMIT.indexesMax, `indexes are at most ${LIMIT.indexesMax}`);
}

function check(holds: boolean, rule: string): void {
  if (!holds) throw new RangeError(`invalid engine options: ${rule}`);
}
