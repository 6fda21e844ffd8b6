/**
 * Holds a history against itself and against what is there in the end. What it finds wrong:
 *
 *  1. streams: changes that are doubled or reordered, two watches that tell one change differently,
 *     a change between that one watch left out, a time that nobody watched;
 *  2. writes: acknowledged and not there, refused and there, made twice, made by nobody, made over
 *     another revision than the expected one;
 *  3. lists: not what the changes up to their revision come to, or older than what had been
 *     acknowledged; the state at the end is one of them.
 *
 * The changes are those that all watches together tell, folded over the state at the beginning.
 * One revision may have several, of different keys: a lease that ends takes all its keys at once.
 * Of two who delete the same version both may be told that it was done.
 */

import type { Attempt, Change, History, Present, SeenList, SeenStream } from './history.js';

export interface Bounds {
  /** The state before the first write. */
  readonly first: { readonly revision: bigint; readonly items: ReadonlyMap<string, Present> };
  /** The state after the last one, read from the store itself. */
  readonly last: { readonly revision: bigint; readonly items: ReadonlyMap<string, Present> };
  /** Keys that delete themselves: of them a deletion needs no write. */
  readonly mayExpire?: (key: string) => boolean;
}

export interface Verdict {
  /** Sentences; empty where nothing is wrong. */
  readonly faults: readonly string[];
  readonly changes: number;
  readonly acknowledged: number;
  /** Writes without a known fate that were found to have happened. */
  readonly foundOut: number;
}

/** So many faults are told: the rest comes of the first ones, as a rule. */
const FAULTS_MAX = 20;

type Told = Pick<History, 'attempts' | 'lists' | 'streams'>;

export function judge(history: Told, bounds: Bounds): Verdict {
  const faults = new Faults();
  for (const stream of history.streams) checkOrder(stream, faults);
  const changes = mergeStreams(history.streams, bounds, faults);
  for (const stream of history.streams) checkWhole(stream, changes, faults);
  checkCovered(history.streams, bounds, faults);
  const foundOut = checkWrites(history.attempts, changes, bounds, faults);
  const last: SeenList = { reader: 'the store', notBefore: 0n, ...bounds.last };
  checkLists([...history.lists, last], changes, bounds, faults);
  const acknowledged = history.attempts.filter(({ outcome }) => outcome.kind === 'applied').length;
  return { faults: faults.told, changes: changes.length, acknowledged, foundOut };
}

class Faults {
  readonly told: string[] = [];

  add(fault: string): void {
    if (this.told.length < FAULTS_MAX) this.told.push(fault);
  }
}

function checkOrder({ reader, after, changes }: SeenStream, faults: Faults): void {
  let previous = after;
  let keys = new Set<string>();
  for (const { revision, key } of changes) {
    if (revision < previous || revision === after) {
      faults.add(`${reader} was told ${revision} after ${previous}`);
      continue;
    }
    if (revision > previous) keys = new Set();
    else if (keys.has(key)) faults.add(`${reader} was told ${revision} of ${key} twice`);
    keys.add(key);
    previous = revision;
  }
}

function mergeStreams(
  streams: readonly SeenStream[],
  { first, last }: Bounds,
  faults: Faults,
): readonly Change[] {
  const all = new Map<string, { readonly change: Change; readonly reader: string }>();
  for (const { reader, changes } of streams) {
    for (const change of changes) {
      const known = all.get(identify(change));
      if (known === undefined) all.set(identify(change), { change, reader });
      else if (describe(known.change) !== describe(change)) {
        faults.add(
          `${reader} was told "${describe(change)}", ${known.reader} "${describe(known.change)}"`,
        );
      }
    }
  }
  return [...all.values()]
    .map(({ change }) => change)
    .filter(({ revision }) => revision > first.revision && revision <= last.revision)
    .sort((left, right) => (left.revision < right.revision ? -1 : 1));
}

function checkWhole(stream: SeenStream, changes: readonly Change[], faults: Faults): void {
  const told = new Set(stream.changes.map(identify));
  for (let at = firstAbove(changes, stream.after); at < changes.length; at++) {
    const change = changes[at]!;
    if (change.revision > stream.through) break;
    if (!told.has(identify(change))) faults.add(`${stream.reader} missed "${describe(change)}"`);
  }
}

// Where nobody watched, nothing could be missed.
function checkCovered(
  streams: readonly SeenStream[],
  { first, last }: Bounds,
  faults: Faults,
): void {
  let covered = first.revision;
  for (const { after, through } of streams.toSorted((a, b) => (a.after < b.after ? -1 : 1))) {
    if (after > covered) break;
    if (through > covered) covered = through;
  }
  if (covered < last.revision) faults.add(`nobody watched from ${covered} to ${last.revision}`);
}

/** Returns how many writes without a known fate have happened. */
function checkWrites(
  attempts: readonly Attempt[],
  changes: readonly Change[],
  { first, last, mayExpire = () => false }: Bounds,
  faults: Faults,
): number {
  const attemptsBy = new Map<string, Attempt[]>();
  for (const attempt of attempts) append(attemptsBy, wish(attempt), attempt);
  const made = new Map<string, bigint>();
  const state = new Map(first.items);
  for (const change of changes) {
    const before = state.get(change.key);
    const wished = { ...change, expected: before?.revision ?? 0n };
    const attempt = mostLikely(
      attemptsBy.get(wish(change.type === 'put' ? change : { ...wished, value: null })),
      change,
    );
    const hasExpired = change.type === 'delete' && mayExpire(change.key);
    const isRefused = attempt === undefined || attempt.outcome.kind === 'refused';
    if (attempt === undefined && !hasExpired) faults.add(`nobody has made "${describe(change)}"`);
    else if (!(isRefused && hasExpired)) checkMade(attempt!, change, before, made, faults);
    if (change.type === 'put') state.set(change.key, change);
    else if (before?.value === change.value) state.delete(change.key);
    else faults.add(`"${describe(change)}" took ${before?.value ?? 'nothing'}`);
  }
  for (const attempt of attempts) {
    checkFate(attempt, made.get(wish(attempt)), last.revision, faults);
  }
  const isUnknown = (name: string): boolean =>
    attemptsBy.get(name)!.every(({ outcome }) => outcome.kind === 'unknown');
  return [...made.keys()].filter(isUnknown).length;
}

// Of several who wanted to delete the same version, whoever was told that he did.
function mostLikely(
  candidates: readonly Attempt[] | undefined,
  { revision }: Change,
): Attempt | undefined {
  const isIt = ({ outcome }: Attempt): boolean =>
    outcome.kind === 'applied' && (outcome.revision ?? revision) === revision;
  return (
    candidates?.find(isIt) ??
    candidates?.find(({ outcome }) => outcome.kind === 'unknown') ??
    candidates?.[0]
  );
}

function checkMade(
  attempt: Attempt,
  change: Change,
  before: Present | undefined,
  made: Map<string, bigint>,
  faults: Faults,
): void {
  const what = `"${describe(change)}"`;
  const earlier = made.get(wish(attempt));
  if (earlier !== undefined) faults.add(`${what} was made at ${earlier} before`);
  else made.set(wish(attempt), change.revision);
  if (attempt.key !== change.key) faults.add(`${what} was meant for ${attempt.key}`);
  if (attempt.outcome.kind === 'refused') faults.add(`${what} was told not to have happened`);
  const present = before?.revision ?? 0n;
  if (attempt.expected !== present) {
    faults.add(`${what} was to replace ${attempt.expected}, and replaced ${present}`);
  }
}

function checkFate(
  { outcome, writer, key, value }: Attempt,
  madeAt: bigint | undefined,
  lastRevision: bigint,
  faults: Faults,
): void {
  if (outcome.kind !== 'applied') return;
  const what = `${writer}'s ${value === null ? 'deletion' : value} of ${key}`;
  const { revision } = outcome;
  if (madeAt === undefined) {
    // What came after the end is not judged.
    if ((revision ?? 0n) <= lastRevision) faults.add(`${what} was acknowledged and is lost`);
  } else if (revision !== undefined && revision !== madeAt) {
    faults.add(`${what} was acknowledged at ${revision} and happened at ${madeAt}`);
  }
}

function checkLists(
  lists: readonly SeenList[],
  changes: readonly Change[],
  { first, last }: Bounds,
  faults: Faults,
): void {
  const state = new Map(first.items);
  let next = 0;
  for (const list of lists.toSorted((a, b) => (a.revision < b.revision ? -1 : 1))) {
    const { reader, revision, notBefore, items } = list;
    if (revision < first.revision || revision > last.revision) continue;
    for (; next < changes.length && changes[next]!.revision <= revision; next++) {
      const change = changes[next]!;
      if (change.type === 'put') state.set(change.key, change);
      else state.delete(change.key);
    }
    if (revision < notBefore) {
      faults.add(`${reader} was given ${revision}, though ${notBefore} had been acknowledged`);
    }
    const difference = differenceOf(state, items);
    if (difference !== undefined) faults.add(`${reader}'s list at ${revision}: ${difference}`);
  }
}

function differenceOf(
  expected: ReadonlyMap<string, Present>,
  items: ReadonlyMap<string, Present>,
): string | undefined {
  for (const [key, { value, revision }] of expected) {
    const item = items.get(key);
    if (item === undefined) return `${key} is not in it`;
    if (item.revision !== revision || item.value !== value) {
      return `${key} is ${item.value}@${item.revision}, not ${value}@${revision}`;
    }
  }
  const extra = [...items.keys()].find((key) => !expected.has(key));
  return extra === undefined ? undefined : `${extra} is in it`;
}

// The place of the first change above a revision.
function firstAbove(changes: readonly Change[], revision: bigint): number {
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (changes[middle]!.revision <= revision) low = middle + 1;
    else high = middle;
  }
  return low;
}

function append<Key, Item>(map: Map<Key, Item[]>, key: Key, item: Item): void {
  const items = map.get(key);
  if (items === undefined) map.set(key, [item]);
  else items.push(item);
}

/** What tells a change from all others. */
const identify = ({ revision, key }: Change): string => `${revision} ${key}`;

/** What is written tells whose it is; of a deletion, what it deletes. */
function wish({ key, value, expected }: Partial<Attempt> & Pick<Attempt, 'key' | 'value'>): string {
  return value === null ? `delete ${expected} ${key}` : `put ${value}`;
}

function describe({ type, key, value, revision }: Change): string {
  return `${type} ${key} ${value} at ${revision}`;
}
