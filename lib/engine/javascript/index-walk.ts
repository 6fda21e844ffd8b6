/**
 * Walks the objects that an index has of a scope, in key order: the candidates of the requirement
 * that leaves fewest of them, and not the objects of its whole place.
 *
 * Rules:
 *  1. A requirement counts if it demands one of some values of an indexed label, or a value other
 *     than '' of an indexed field. Texts are counted, never guessed.
 *  2. An object that is looked up costs as much as several that are walked past, so common values
 *     are left to a walk of the place (`native/core/shard/index_walk.h` has more to pass over
 *     them by, and another rate).
 *  3. Candidates are no answers: whoever walks asks each whether the scope selects it.
 */

import { compareUtf8, type ObjectKey } from '../../object/index.js';
import type { Directory } from './directory.js';
import { indexedKey, indexPrefix, type ObjectIndex } from './object-index.js';
import type { Scope } from './scope.js';
import type { TreeCursor } from './tree-cursor.js';
import type { Version } from './version.js';

/** Objects that a walk of the place asks in the time of one lookup by name. */
const ASKED_COUNT = 8;

/** So few candidates are looked up in less time than it takes to wonder. */
const FEW_CANDIDATES = 8;

/** More alternatives than this of one requirement are not merged. */
const ALTERNATIVES_MAX = 64;

/** The texts of one value. */
interface Range {
  readonly prefix: string;
  /** How all of its texts begin: the prefix, and the scope's namespace if it has one. */
  readonly beginning: string;
  readonly texts: TreeCursor<string>;
  /** What of the next text names its object. */
  next: string | undefined;
}

interface Candidates {
  /** Of the index. */
  readonly number: number;
  readonly prefixes: readonly string[];
  readonly count: number;
}

export interface IndexedSource {
  readonly next: () => Version | undefined;
  /** Of the index, as lists tell it. */
  readonly name: string;
}

/**
 * The candidates from the first key that is not below `start`; `undefined` where a walk of the
 * scope's whole place costs less, or nothing in it is indexed.
 */
export function indexSource(
  directory: Directory,
  scope: Scope,
  start: ObjectKey | undefined,
): IndexedSource | undefined {
  const { index } = directory;
  const { namespace } = scope;
  if (index.indexes.count === 0 || scope.name !== undefined) return undefined;
  const place = namespace === undefined ? '' : `${namespace}/`;
  const fewest = fewestCandidates(index, scope, place);
  if (fewest === undefined) return undefined;
  const objects = namespace === undefined ? directory.count : directory.objects(namespace).size;
  if (fewest.count > FEW_CANDIDATES && fewest.count * ASKED_COUNT >= objects) return undefined;
  const first = start === undefined ? '' : `${start.namespace}/${start.name}`;
  const from = compareUtf8(first, place) < 0 ? place : first;
  const ranges = fewest.prefixes.map((prefix) => openRange(index, prefix, place, from));
  const next = (): Version | undefined => {
    for (;;) {
      const key = nextKey(ranges);
      if (key === undefined) return undefined;
      const version = directory.get(key);
      if (version !== undefined) return version;
    }
  };
  return { next, name: index.indexes.names[fewest.number]! };
}

function fewestCandidates(index: ObjectIndex, scope: Scope, place: string): Candidates | undefined {
  let fewest: Candidates | undefined;
  for (const { position, key, values } of scope.demands()) {
    const number = key === undefined ? index.indexes.ofField(position) : index.indexes.ofLabel(key);
    if (number < 0 || values.length > ALTERNATIVES_MAX) continue;
    const prefixes = [...new Set(values)].map((value) => indexPrefix(number, value));
    const count = prefixes.reduce((sum, prefix) => sum + index.count(prefix + place), 0);
    if (fewest === undefined || count < fewest.count) fewest = { number, prefixes, count };
  }
  return fewest;
}

function openRange(index: ObjectIndex, prefix: string, place: string, from: string): Range {
  const texts = index.texts.cursor(prefix + from);
  const range: Range = { prefix, beginning: prefix + place, texts, next: undefined };
  step(range);
  return range;
}

function step(range: Range): void {
  const text = range.texts.next();
  range.next = text?.startsWith(range.beginning) ? text.slice(range.prefix.length) : undefined;
}

/** The lowest of all ranges, in each of which it is once. */
function nextKey(ranges: readonly Range[]): ObjectKey | undefined {
  let lowest: Range | undefined;
  for (const range of ranges) {
    if (range.next === undefined) continue;
    if (lowest === undefined || compareUtf8(range.next, lowest.next!) < 0) lowest = range;
  }
  if (lowest === undefined) return undefined;
  const key = indexedKey(lowest.next!);
  step(lowest);
  return key;
}
