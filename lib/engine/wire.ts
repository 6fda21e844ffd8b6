/**
 * What crosses between TypeScript and C++. Generated from native/wire/wire.json by
 * native/wire/generate.mjs; do not edit.
 */

/** Both sides compare this before anything else crosses. */
export const ABI_VERSION = 1;

/** What a native function answers where it has no result; results are zero and above. */
export const STATUS: {
  readonly invalidArgument: -1;
  readonly invalidHandle: -2;
  readonly outOfMemory: -3;
  readonly tooLarge: -4;
} = {
  invalidArgument: -1,
  invalidHandle: -2,
  outOfMemory: -3,
  tooLarge: -4,
};

/** Results that are a choice. */
export const KEY_ORDER: {
  readonly before: 0;
  readonly same: 1;
  readonly after: 2;
} = {
  before: 0,
  same: 1,
  after: 2,
};

/** Elements of the typed array that `processStats` fills. */
export const PROCESS_LANE: {
  readonly blocksLive: 0;
  readonly bytesLive: 1;
  readonly bytesReserved: 2;
  readonly environmentsLive: 3;
  readonly environmentsOpened: 4;
} = {
  blocksLive: 0,
  bytesLive: 1,
  bytesReserved: 2,
  environmentsLive: 3,
  environmentsOpened: 4,
};
