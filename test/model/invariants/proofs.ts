/**
 * Which test proves which invariant of the watch cache, and on what. What the invariants are is
 * told in docs/invariants.md, under the same numbers.
 */

/** What a proof runs on. */
export type Ground =
  /** A cache that is written to directly, on every engine. */
  | 'stand-alone'
  /** A cache that a storage in memory feeds, on every engine. */
  | 'memory'
  /** The same over lmdb. */
  | 'lmdb'
  /** Several threads that write and read at the same time, on the native engine. */
  | 'threads'
  /** The answers of HTTP's handlers. */
  | 'http';

export interface Proof {
  /** The test's file, from the root of the tree. */
  readonly file: string;
  /** What stands in the declaration of the test. */
  readonly title: string;
  readonly on: readonly Ground[];
}

const READS = 'test/model/invariants/reads.test.ts';
const WATCHES = 'test/model/invariants/watches.test.ts';
const INITIAL = 'test/model/invariants/initial-events.test.ts';
const LIFECYCLE = 'test/model/invariants/lifecycle.test.ts';
const WRITES = 'test/model/invariants/writes.test.ts';
const CACHE_MODEL = 'test/cache/model.test.ts';

/** Random histories with a feed that is held back, broken and lost. */
const FED_MODEL: Proof = {
  file: 'test/cache/fed-model.test.ts',
  title: 'is never stale, whatever happens to its feed',
  on: ['memory', 'lmdb'],
};

const LINEARISATION: Proof = {
  file: 'test/model/linearisation.test.ts',
  title: 'what threads read of a cache is what they wrote',
  on: ['threads'],
};

/** A storage that tells its progress only when it is asked for it. */
const ASKED_STORAGE: Proof = {
  file: 'test/cache/consistent-read.test.ts',
  title: 'what other types have moved on is asked for, and read from the cache',
  on: ['memory'],
};

/** The proofs of each invariant, by its number. */
export const PROOFS: ReadonlyMap<number, readonly Proof[]> = new Map([
  [
    1,
    [
      {
        file: READS,
        title: 'a list is not older than what was acknowledged before it was asked for',
        on: ['memory', 'lmdb'],
      },
      FED_MODEL,
      ASKED_STORAGE,
      LINEARISATION,
    ],
  ],
  [
    2,
    [
      {
        file: READS,
        title: 'exact lists are their revisions, others not older',
        on: ['memory', 'lmdb'],
      },
      {
        file: READS,
        title: 'a revision that is still to come is waited for',
        on: ['memory', 'lmdb'],
      },
      {
        file: CACHE_MODEL,
        title: 'exact lists are the states of their revisions',
        on: ['stand-alone'],
      },
      LINEARISATION,
    ],
  ],
  [
    3,
    [
      {
        file: WATCHES,
        title: 'a list and the events after it are every later state',
        on: ['memory', 'lmdb'],
      },
      {
        file: CACHE_MODEL,
        title: 'a list and the events after it add up to every later state',
        on: ['stand-alone'],
      },
      FED_MODEL,
      LINEARISATION,
    ],
  ],
  [
    4,
    [
      {
        file: INITIAL,
        title: 'a watch of the state begins with exactly the state, in key order, then goes on',
        on: ['memory', 'lmdb'],
      },
      {
        file: INITIAL,
        title: 'the bookmark that ends initial events has the revision that they are the state of',
        on: ['memory', 'lmdb'],
      },
      {
        file: CACHE_MODEL,
        title: 'a stream of the state and of changes adds up, however it is drained',
        on: ['stand-alone'],
      },
      LINEARISATION,
    ],
  ],
  [
    5,
    [
      {
        file: WATCHES,
        title: 'revisions rise, and a bookmark is neither behind nor ahead of an event',
        on: ['memory', 'lmdb'],
      },
      FED_MODEL,
      LINEARISATION,
      {
        file: 'test/watch/bookmark.test.ts',
        title: 'a bookmark is never below what came before, nor ahead of what comes',
        on: ['stand-alone'],
      },
    ],
  ],
  [
    6,
    [
      { file: WATCHES, title: 'a stream skips nothing before its end', on: ['memory', 'lmdb'] },
      LINEARISATION,
      {
        file: 'test/rest/watch.test.ts',
        title: 'a resourceVersion that history has lost is an ERROR event, then the end',
        on: ['http'],
      },
    ],
  ],
  [
    7,
    [
      {
        file: WATCHES,
        title: 'a watch replays exactly what follows its revision, or is refused',
        on: ['memory', 'lmdb'],
      },
      {
        file: CACHE_MODEL,
        title: 'a list and the events after it add up to every later state',
        on: ['stand-alone'],
      },
      LINEARISATION,
      {
        file: 'test/rest/watch.test.ts',
        title: 'a resourceVersion that history has lost is an ERROR event, then the end',
        on: ['http'],
      },
    ],
  ],
  [
    8,
    [
      {
        file: WATCHES,
        title:
          'leaving the selector and the end are DELETED, as it last was, at the event’s revision',
        on: ['memory', 'lmdb'],
      },
      {
        file: CACHE_MODEL,
        title: 'a list and the events after it add up to every later state',
        on: ['stand-alone'],
      },
      { file: 'test/rest/watch.test.ts', title: 'leaving the selector is', on: ['http'] },
    ],
  ],
  [
    9,
    [
      {
        file: READS,
        title: 'pages are the state of the first, whatever is written between them',
        on: ['memory', 'lmdb'],
      },
      {
        file: CACHE_MODEL,
        title: 'pages chain to one state, whatever is written meanwhile',
        on: ['stand-alone'],
      },
    ],
  ],
  [
    10,
    [
      {
        file: READS,
        title: 'a token whose revision is compacted gives the rest of the newest state',
        on: ['memory', 'lmdb'],
      },
      {
        file: CACHE_MODEL,
        title: 'a token for the newest revision gives the rest of the state, and goes on',
        on: ['stand-alone'],
      },
    ],
  ],
  [
    11,
    [
      {
        file: READS,
        title: 'what remains is counted, and only without a selector',
        on: ['memory', 'lmdb'],
      },
      {
        file: CACHE_MODEL,
        title: 'pages chain to one state, whatever is written meanwhile',
        on: ['stand-alone'],
      },
    ],
  ],
  [
    12,
    [
      {
        file: READS,
        title: 'a token says what it was made of, and none climbs',
        on: ['memory', 'lmdb'],
      },
      {
        file: 'test/cache/continue-token-fuzz.test.ts',
        title: 'any text is decoded or refused',
        on: ['stand-alone'],
      },
    ],
  ],
  [
    13,
    [
      {
        file: WRITES,
        title: 'an update that changes nothing is none',
        on: ['http', 'memory', 'lmdb'],
      },
    ],
  ],
  [
    14,
    [
      {
        file: WRITES,
        title: 'concurrent updates are in one order, and each takes one revision',
        on: ['http', 'memory', 'lmdb'],
      },
      {
        file: 'test/rest/model.test.ts',
        title: 'concurrent writers: one order, and one revision for each change',
        on: ['http'],
      },
      LINEARISATION,
    ],
  ],
  [
    15,
    [
      { file: WRITES, title: 'a deletion is told at its own revision', on: ['memory', 'lmdb'] },
      {
        file: WRITES,
        title: 'the update that ends an object says so',
        on: ['http', 'memory', 'lmdb'],
      },
      {
        file: 'test/rest/delete.test.ts',
        title: 'a delete takes one revision, that of the DELETED event',
        on: ['http'],
      },
    ],
  ],
  [
    16,
    [
      {
        file: READS,
        title: 'what was read of a revision is read again, byte by byte',
        on: ['memory', 'lmdb'],
      },
      { file: CACHE_MODEL, title: 'snapshots stay what they were', on: ['stand-alone'] },
    ],
  ],
  [
    17,
    [
      {
        file: LIFECYCLE,
        title: 'sequences of the log rise, and it keeps to its window and its budgets',
        on: ['memory', 'lmdb'],
      },
    ],
  ],
  [
    18,
    [
      {
        file: WATCHES,
        title: 'nothing is left of streams, whichever way they end',
        on: ['memory', 'lmdb'],
      },
      { file: WATCHES, title: 'ten thousand streams leave no memory behind', on: ['stand-alone'] },
    ],
  ],
  [
    19,
    [
      {
        file: LIFECYCLE,
        title: 'a cache that is not filled answers nothing of its own',
        on: ['memory', 'lmdb'],
      },
      {
        file: LIFECYCLE,
        title: 'one that was never filled refuses or asks its storage',
        on: ['memory', 'lmdb'],
      },
    ],
  ],
  [
    20,
    [
      {
        file: LIFECYCLE,
        title: 'a new list ends every watch, and none begins before it',
        on: ['memory', 'lmdb'],
      },
      {
        file: 'test/cache/feed.test.ts',
        title: 'lost history leads to a new list and ends all watches',
        on: ['memory'],
      },
    ],
  ],
  [
    21,
    [
      {
        file: WATCHES,
        title: 'a watch by an index hears of the old value and the new',
        on: ['memory', 'lmdb'],
      },
      {
        file: 'test/engine/watch.test.ts',
        title: 'an index value that changes reaches the watches of the old value and of the new',
        on: ['stand-alone'],
      },
    ],
  ],
  [
    22,
    [
      {
        file: WATCHES,
        title: 'bookmarks come to those who asked, and to nobody else',
        on: ['memory', 'lmdb'],
      },
      {
        file: INITIAL,
        title: 'the end of the initial events is told once, to those who asked for both',
        on: ['memory', 'lmdb'],
      },
      {
        file: 'test/rest/watch-initial-events.test.ts',
        title: 'the end of the initial events is an object of the type',
        on: ['http'],
      },
    ],
  ],
  [
    23,
    [
      {
        file: WRITES,
        title:
          'what expires is one DELETED at a revision of its own; a version without an end stays',
        on: ['memory', 'lmdb'],
      },
      {
        file: 'test/cache/feed.test.ts',
        title: 'an expiry of the storage is one DELETED',
        on: ['memory'],
      },
    ],
  ],
  [
    24,
    [
      {
        file: LIFECYCLE,
        title: 'progress alone lets reads go on, and moves bookmarks',
        on: ['memory', 'lmdb'],
      },
      FED_MODEL,
      ASKED_STORAGE,
    ],
  ],
]);
