/** A thread of a linearisation test on watch caches: writes or reads, and posts its log. */

import { workerData } from 'node:worker_threads';

import { type CacheShare, WatchCache } from '../../lib/cache/index.js';
import { CacheReader } from './linearisation-cache-reader.js';
import { CacheWriter } from './linearisation-cache-writer.js';
import type { ThreadTask } from './linearisation-record.js';
import { runTask } from './linearisation-task.js';

const task = workerData as ThreadTask<CacheShare>;
const cache = new WatchCache({ share: task.share });
await runTask(task, {
  reader: (options) => new CacheReader({ cache, ...options }),
  writer: (options) => new CacheWriter({ cache, ...options }),
});
await cache.close();
