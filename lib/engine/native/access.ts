/** What a thread has of a cache, and what its roots, lists and watches need of that. */

import type { Connection } from './connection.js';
import type { FrameTable } from './frames.js';

export interface CacheAccess {
  readonly connection: Connection;
  readonly handle: number;
  /** In errors: `the cache widgets.example.com`. */
  readonly title: string;
  /** Declared index fields. */
  readonly fields: readonly string[];
  /** Names of the indexes, by their numbers. */
  readonly indexes: readonly string[];
  readonly frames: FrameTable;
}
