/**
 * Entries that go round: what a thread gets back it adds again, and takes out as many of the first
 * ones. So the queue stays as long as it is, and as many are on their way to their threads all the
 * time.
 */

import { createHash } from 'node:crypto';

import { seededRandom } from '../workload/random.js';
import { type Interval, nowUs } from './clock.js';
import type { QueueEnd } from './queue-end.js';

/** Entries of each thread that are on their way. */
const ON_THEIR_WAY = 64;

/** What a thread is asked for. */
export type FlowJob =
  | { readonly type: 'add'; readonly count: number }
  | { readonly type: 'take'; readonly count: number }
  | { readonly type: 'taken' }
  | { readonly type: 'flow'; readonly interval: Interval };

/** One thread's part. */
export class Flow {
  readonly #end: QueueEnd;
  readonly #depth: number;
  readonly #random: () => number;
  // Time goes on by one with each entry, and priorities are times ahead.
  #now = 0;
  #taken: number[] = [];
  // Entries that have been added and have not come back.
  #away = 0;
  #onTaken: (count: number) => void = () => undefined;

  /** `depth`: entries of all threads. */
  constructor(end: QueueEnd, depth: number, seed: number) {
    this.#end = end;
    this.#depth = depth;
    this.#random = seededRandom(seed);
    end.onTaken = (entries) => {
      this.#taken.push(...entries);
      this.#away -= entries.length;
      this.#onTaken(entries.length);
    };
  }

  async run(job: FlowJob): Promise<string | number> {
    switch (job.type) {
      case 'add':
        await this.#end.pass(this.#priorities(job.count), 0);
        return 0;
      case 'take':
        await this.#end.pass(new Float64Array(0), job.count);
        return 0;
      case 'taken':
        return this.#digest();
      case 'flow':
        return this.#flow(job.interval);
    }
  }

  // Of what has come back, once all has.
  async #digest(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#onTaken = () => {
        if (this.#away === 0) resolve();
      };
      this.#onTaken(0);
    });
    const digest = createHash('sha256').update(this.#taken.join()).digest('hex');
    this.#taken = [];
    return digest;
  }

  // How many entries came back in the interval; never none.
  async #flow({ fromUs, toUs }: Interval): Promise<number> {
    await until(fromUs);
    let came = 0;
    let waiting = 0;
    let isDue = false;
    const pass = (): void => {
      isDue = false;
      if (nowUs() >= toUs) return;
      const count = waiting;
      waiting = 0;
      void this.#end.pass(this.#priorities(count), count);
    };
    this.#onTaken = (count) => {
      came += count;
      waiting += count;
      this.#taken = [];
      if (isDue) return;
      isDue = true;
      setImmediate(pass);
    };
    void this.#end.pass(new Float64Array(0), ON_THEIR_WAY);
    await until(toUs);
    // What is in hand is put back, and so is what comes late, uncounted.
    this.#onTaken = (count) => void this.#end.pass(this.#priorities(count), 0);
    this.#onTaken(waiting);
    return Math.max(came, 1);
  }

  // Of entries that are added.
  #priorities(count: number): Float64Array {
    this.#away += count;
    return Float64Array.from({ length: count }, () => {
      return this.#now++ + 2 * this.#depth * this.#random();
    });
  }
}

function until(us: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, (us - nowUs()) / 1e3)));
}
