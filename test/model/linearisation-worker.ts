/** A thread of a linearisation test on engine caches: writes or reads, and posts its log. */

import { parentPort, workerData } from 'node:worker_threads';

import { attachEngineCache, type EngineShare } from '../../lib/engine/index.js';
import { Chance } from '../chance.js';
import { RecordingReader } from './linearisation-reader.js';
import { Progress, type ThreadTask } from './linearisation-record.js';
import { RecordingWriter } from './linearisation-writer.js';

const task = workerData as ThreadTask<EngineShare>;
const { thread, reads } = task;
const options = {
  cache: attachEngineCache(task.share, { now: () => 0 }),
  chance: new Chance(task.seed, thread),
  progress: new Progress(task.progress),
};
await options.progress.meet(task.threads);
const log =
  task.role === 'read'
    ? await new RecordingReader(options).run(reads)
    : await new RecordingWriter({
        ...options,
        thread,
        hasReplace: task.hasReplace && thread === 0,
      }).run(reads);
parentPort!.postMessage(log);
options.cache.close();
