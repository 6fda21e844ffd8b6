/**
 * Starts and closes many test servers, each used a little, and prints what the process holds after
 * some of them and at the end. Then nothing is left that would keep it running.
 *
 * Arguments: the engine, how many servers, `handles` to look for open handles instead.
 */

import { readdirSync } from 'node:fs';
import { startTestServer } from '../../lib/testing/index.js';
import { ask, openWatch, widget, widgets, WIDGETS } from './fixture.js';

/** What a process holds. */
export interface Held {
  readonly heapBytes: number;
  readonly rssBytes: number;
  /** 0 where the system does not tell. */
  readonly descriptors: number;
  readonly threads: number;
}

/** Of so many servers one is talked to over a socket. */
const TALKED_TO = 10;
/** Behind so many servers the garbage is collected. */
const COLLECTED_EVERY = 20;

const [engine, count, mode] = process.argv.slice(2) as ['native' | 'javascript', string, string?];
const servers = Number(count);
// What is made once for a process, and does not keep it running, is there before (the engine's
// wake-up handle, Node's channel for names). Handles made from then on are known.
await useServer(true);
const why = mode === 'handles' ? (await import('why-is-node-running')).default : undefined;
const before = await useServers(Math.ceil(servers / 4));
const after = await useServers(servers - Math.ceil(servers / 4));
if (why !== undefined) process.stdout.write(`${handles(why)}\n`);
else process.stdout.write(`${JSON.stringify({ before, after })}\n`);

async function useServers(number: number): Promise<Held> {
  for (let index = 0; index < number; index++) {
    await useServer(index % TALKED_TO === 0);
    // What nobody holds is to be no part of the figures, however late V8 would collect it.
    if (index % COLLECTED_EVERY === 0) globalThis.gc?.();
  }
  // What waits for a turn of the loop, a finalizer or a closing socket has had it by then.
  for (let round = 0; round < 5; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return {
    heapBytes: process.memoryUsage().heapUsed,
    rssBytes: process.memoryUsage.rss(),
    descriptors: entriesOf('/proc/self/fd'),
    threads: entriesOf('/proc/self/task'),
  };
}

async function useServer(isTalkedTo: boolean): Promise<void> {
  const server = await startTestServer({
    resources: [widgets],
    objects: [widget('lamp')],
    engine,
  });
  const recorder = server.record(widgets);
  server.faults.hang({ verb: 'delete' });
  await server.patch(widgets, { namespace: 'shop', name: 'lamp' }, { spec: { color: 'blue' } });
  await recorder.next();
  if (isTalkedTo) {
    const watch = await openWatch(server, `${WIDGETS}?watch=true&resourceVersion=1`);
    await watch.next();
    await ask(server, WIDGETS);
  }
  await server.close();
}

function handles(whyIsNodeRunning: NonNullable<typeof why>): string {
  const lines: string[] = [];
  whyIsNodeRunning({ error: (line: string) => void lines.push(line) });
  return lines.join('\n');
}

function entriesOf(folder: string): number {
  try {
    return readdirSync(folder).length;
  } catch {
    return 0;
  }
}
