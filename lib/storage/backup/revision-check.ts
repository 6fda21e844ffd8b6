/** Whether the numbers of a version fit each other and the store's revision. */

import { TTL_SECONDS_MAX } from '../limits.js';
import type { Version } from '../transition.js';
import type { Report } from './finding.js';

/** Reports what is wrong with the numbers of a version. */
export function checkRevisions(
  { revision, createRevision, ttlSeconds, expiresAtMs }: Version,
  newest: bigint,
  where: string,
  report: Report,
): void {
  if (revision > newest) {
    report('revision', `${where}: its revision ${revision} is above that of all, ${newest}`);
  }
  if (createRevision > revision || createRevision < FIRST_WRITE) {
    report('revision', `${where}: created at revision ${createRevision}, written at ${revision}`);
  }
  if (ttlSeconds > 0 !== expiresAtMs > 0 || ttlSeconds > TTL_SECONDS_MAX) {
    report('expiry', `${where}: a time to live of ${ttlSeconds} s ends at ${expiresAtMs}`);
  }
}

// A store without a write is at 1.
const FIRST_WRITE = 2n;
