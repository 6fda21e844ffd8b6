/** A thread of a linearisation test on the engine's caches: writes or reads, and posts its log. */

import { workerData } from 'node:worker_threads';

import { attachEngineCache, type EngineShare } from '../../lib/engine/index.js';
import { EngineReader } from './linearisation-engine-reader.js';
import { EngineWriter } from './linearisation-engine-writer.js';
import { runTask } from './linearisation-task.js';
import type { ThreadTask } from './linearisation-record.js';

const task = workerData as ThreadTask<EngineShare>;
const cache = attachEngineCache(task.share, { now: () => 0 });
await runTask(task, {
  reader: (options) => new EngineReader({ cache, ...options }),
  writer: (options) => new EngineWriter({ cache, ...options }),
});
cache.close();
