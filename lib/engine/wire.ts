/**
 * What crosses between TypeScript and C++. Generated from native/wire/wire.json by
 * native/wire/generate.mjs; do not edit.
 */

/** Both sides compare this before anything else crosses. */
export const ABI_VERSION = 9;

/** What a native function answers where it has no result; results are zero and above. */
export const STATUS: {
  readonly invalidArgument: -1;
  readonly invalidHandle: -2;
  readonly outOfMemory: -3;
  readonly tooLarge: -4;
  readonly closed: -5;
  readonly notFound: -6;
  readonly tooSmall: -7;
  readonly revisionNotRising: -8;
  readonly revisionExpired: -9;
  readonly revisionFuture: -10;
  readonly invalidObject: -11;
  readonly keyMismatch: -12;
  readonly undeclaredField: -13;
  readonly conflict: -14;
  readonly full: -15;
  readonly foreignHandle: -16;
} = {
  invalidArgument: -1,
  invalidHandle: -2,
  outOfMemory: -3,
  tooLarge: -4,
  closed: -5,
  notFound: -6,
  tooSmall: -7,
  revisionNotRising: -8,
  revisionExpired: -9,
  revisionFuture: -10,
  invalidObject: -11,
  keyMismatch: -12,
  undeclaredField: -13,
  conflict: -14,
  full: -15,
  foreignHandle: -16,
};

/** Sizes of the exchange and its parts. */
export const LIMIT: {
  readonly exchangeBytes: 65536;
  readonly headLanes: 32;
  readonly recordLanes: 8;
  readonly recordsMax: 1020;
  readonly readyMax: 8160;
  readonly heapAheadMax: 32;
  readonly heapBatchMax: 512;
  readonly declaredFieldsMax: 65535;
  readonly indexesMax: 65535;
} = {
  exchangeBytes: 65536,
  headLanes: 32,
  recordLanes: 8,
  recordsMax: 1020,
  readyMax: 8160,
  heapAheadMax: 32,
  heapBatchMax: 512,
  declaredFieldsMax: 65535,
  indexesMax: 65535,
};

/** A choice: keyOrder. */
export const KEY_ORDER: {
  readonly before: 0;
  readonly same: 1;
  readonly after: 2;
} = {
  before: 0,
  same: 1,
  after: 2,
};

/** A choice: expectation. */
export const EXPECTATION: {
  readonly any: 0;
  readonly revision: 1;
} = {
  any: 0,
  revision: 1,
};

/** A choice: labelOperator. */
export const LABEL_OPERATOR: {
  readonly in: 0;
  readonly notIn: 1;
  readonly exists: 2;
  readonly doesNotExist: 3;
  readonly greaterThan: 4;
  readonly lessThan: 5;
} = {
  in: 0,
  notIn: 1,
  exists: 2,
  doesNotExist: 3,
  greaterThan: 4,
  lessThan: 5,
};

/** A choice: fieldOperator. */
export const FIELD_OPERATOR: {
  readonly equals: 0;
  readonly notEquals: 1;
} = {
  equals: 0,
  notEquals: 1,
};

/** A choice: shardKey. */
export const SHARD_KEY: {
  readonly uid: 0;
  readonly namespace: 1;
} = {
  uid: 0,
  namespace: 1,
};

/** A choice: eventType. */
export const EVENT_TYPE: {
  readonly added: 0;
  readonly modified: 1;
  readonly deleted: 2;
} = {
  added: 0,
  modified: 1,
  deleted: 2,
};

/** A choice: watchPhase. */
export const WATCH_PHASE: {
  readonly initial: 0;
  readonly live: 1;
} = {
  initial: 0,
  live: 1,
};

/** A choice: watchEnd. */
export const WATCH_END: {
  readonly none: 0;
  readonly expired: 1;
  readonly replaced: 2;
  readonly closed: 3;
} = {
  none: 0,
  expired: 1,
  replaced: 2,
  closed: 3,
};

/** Lanes: process. */
export const PROCESS_LANE: {
  readonly cachesLive: 0;
  readonly attachmentsLive: 1;
  readonly rootsLive: 2;
  readonly listsLive: 3;
  readonly watchesLive: 4;
  readonly heapsLive: 5;
  readonly environmentsLive: 6;
  readonly environmentsOpened: 7;
} = {
  cachesLive: 0,
  attachmentsLive: 1,
  rootsLive: 2,
  listsLive: 3,
  watchesLive: 4,
  heapsLive: 5,
  environmentsLive: 6,
  environmentsOpened: 7,
};

/** Lanes: head. */
export const HEAD_LANE: {
  readonly revision: 0;
  readonly oldestRevision: 1;
  readonly afterRevision: 2;
  readonly expectedRevision: 3;
  readonly position: 4;
  readonly seed: 5;
  readonly nonce: 6;
  readonly generation: 7;
  readonly count: 8;
  readonly faultIndex: 9;
  readonly ownReady: 10;
  readonly needed: 11;
  readonly pageEnd: 12;
  readonly atEnd: 13;
  readonly paused: 14;
  readonly hasMore: 15;
  readonly hasRemaining: 16;
  readonly remaining: 17;
  readonly fetched: 18;
  readonly index: 19;
  readonly phase: 20;
  readonly more: 21;
  readonly end: 22;
  readonly bytes: 23;
  readonly firstKeptFrame: 24;
  readonly shardCount: 25;
  readonly windowMs: 26;
  readonly entriesMin: 27;
  readonly entriesMax: 28;
  readonly bytesMax: 29;
  readonly priority: 30;
  readonly deadline: 31;
} = {
  revision: 0,
  oldestRevision: 1,
  afterRevision: 2,
  expectedRevision: 3,
  position: 4,
  seed: 5,
  nonce: 6,
  generation: 7,
  count: 8,
  faultIndex: 9,
  ownReady: 10,
  needed: 11,
  pageEnd: 12,
  atEnd: 13,
  paused: 14,
  hasMore: 15,
  hasRemaining: 16,
  remaining: 17,
  fetched: 18,
  index: 19,
  phase: 20,
  more: 21,
  end: 22,
  bytes: 23,
  firstKeptFrame: 24,
  shardCount: 25,
  windowMs: 26,
  entriesMin: 27,
  entriesMax: 28,
  bytesMax: 29,
  priority: 30,
  deadline: 31,
};

/** Lanes: stats. */
export const STATS_LANE: {
  readonly objects: 0;
  readonly shards: 1;
  readonly namespaces: 2;
  readonly bytesLive: 3;
  readonly bytesRetained: 4;
  readonly bytesFree: 5;
  readonly bytesReserved: 6;
  readonly generation: 7;
  readonly revision: 8;
  readonly oldestRevision: 9;
  readonly oldestAgeMs: 10;
  readonly logStart: 11;
  readonly logEnd: 12;
  readonly roots: 13;
  readonly epochsBehind: 14;
  readonly watches: 15;
  readonly watchGroups: 16;
  readonly attachments: 17;
  readonly indexEntries: 18;
} = {
  objects: 0,
  shards: 1,
  namespaces: 2,
  bytesLive: 3,
  bytesRetained: 4,
  bytesFree: 5,
  bytesReserved: 6,
  generation: 7,
  revision: 8,
  oldestRevision: 9,
  oldestAgeMs: 10,
  logStart: 11,
  logEnd: 12,
  roots: 13,
  epochsBehind: 14,
  watches: 15,
  watchGroups: 16,
  attachments: 17,
  indexEntries: 18,
};

/** Lanes: object. */
export const OBJECT_LANE: {
  readonly objectOffset: 0;
  readonly objectLength: 1;
  readonly namespaceLength: 2;
  readonly nameLength: 3;
  readonly revision: 4;
} = {
  objectOffset: 0,
  objectLength: 1,
  namespaceLength: 2,
  nameLength: 3,
  revision: 4,
};

/** Lanes: event. */
export const EVENT_LANE: {
  readonly objectOffset: 0;
  readonly objectLength: 1;
  readonly namespaceLength: 2;
  readonly nameLength: 3;
  readonly revision: 4;
  readonly type: 5;
} = {
  objectOffset: 0,
  objectLength: 1,
  namespaceLength: 2,
  nameLength: 3,
  revision: 4,
  type: 5,
};

/** Lanes: frame. */
export const FRAME_LANE: {
  readonly frameId: 0;
  readonly isNew: 1;
  readonly offset: 2;
  readonly length: 3;
} = {
  frameId: 0,
  isNew: 1,
  offset: 2,
  length: 3,
};
