/** What every thread of a linearisation test does with its task. */

import { parentPort } from 'node:worker_threads';

import { Chance } from '../chance.js';
import type { ReaderOptions, RecordingReader } from './linearisation-reader.js';
import { Progress, type ThreadTask } from './linearisation-record.js';
import type { RecordingWriter, WriterOptions } from './linearisation-writer.js';

/** How a thread reads and writes the kind of cache that is tested. */
export interface TaskParts<Cache> {
  readonly reader: (options: Omit<ReaderOptions<Cache>, 'cache'>) => RecordingReader<Cache>;
  readonly writer: (options: Omit<WriterOptions<Cache>, 'cache'>) => RecordingWriter<Cache>;
}

/** Reads or writes beside the other threads, and posts the log of it. */
export async function runTask<Share, Cache>(
  task: ThreadTask<Share>,
  { reader, writer }: TaskParts<Cache>,
): Promise<void> {
  const { thread, reads } = task;
  const options = {
    chance: new Chance(task.seed, thread),
    progress: new Progress(task.progress),
  };
  await options.progress.meet(task.threads);
  const log =
    task.role === 'read'
      ? await reader(options).run(reads)
      : await writer({ ...options, thread, hasReplace: task.hasReplace && thread === 0 }).run(
          reads,
        );
  parentPort!.postMessage(log);
}
