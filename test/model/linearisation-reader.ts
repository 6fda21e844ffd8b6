/**
 * A thread that reads a shared cache until there is nothing more to read, and writes down what it
 * has read. What the ways of reading are, a cache of the engine or a watch cache has to say.
 */

import type { WatchEnd } from '../../lib/engine/index.js';
import type { Chance } from '../chance.js';
import {
  type Observation,
  type Progress,
  type ThreadLog,
  turnLoop,
  type WatchRecord,
} from './linearisation-record.js';

const WATCHES_MAX = 5;
/** Reads between two turns of the event loop. */
const READS_A_TURN = 4;

export interface ReaderOptions<Cache> {
  readonly cache: Cache;
  readonly chance: Chance;
  readonly progress: Progress;
}

/**
 * A watch that is drained only when it was woken, so that a wake-up which is lost is an event that
 * is lost.
 */
export interface RecordingWatch {
  readonly isWoken: boolean;
  /** Whether its scope is of no object that there can be: it is never woken. */
  readonly hasNothing: boolean;
  /** Up to where all was told. */
  readonly position: bigint;
  readonly end: WatchEnd | undefined;
  /** Takes all that there is. */
  drain(): void;
  /** Closes it; what it has told. */
  close(): WatchRecord;
}

export abstract class RecordingReader<Cache> {
  protected readonly cache: Cache;
  protected readonly chance: Chance;
  protected readonly progress: Progress;
  readonly #observations: Observation[] = [];
  readonly #watches: RecordingWatch[] = [];
  /** Of lists that were read. */
  readonly #revisions: bigint[] = [];

  constructor({ cache, chance, progress }: ReaderOptions<Cache>) {
    this.cache = cache;
    this.chance = chance;
    this.progress = progress;
  }

  /** Reads until there is nothing more to come, and until its watches have told all of it. */
  async run(reads: number): Promise<ThreadLog> {
    const { chance, progress } = this;
    while (progress.last === 0n) {
      for (let count = 0; count < READS_A_TURN && progress.reads < reads; count++) {
        await this.readSomething();
        progress.countRead();
      }
      await turnLoop();
      for (const watch of this.#watches) if (watch.isWoken && chance.holds(0.7)) watch.drain();
    }
    for (const watch of this.#watches) await this.#finish(watch, progress.last);
    return { commits: [], observations: this.#observations };
  }

  protected abstract readSomething(): void | Promise<void>;

  /** The revisions that there are states of, and events since. */
  protected abstract window(): { readonly oldest: bigint; readonly newest: bigint };

  protected note(observation: Observation): void {
    this.#observations.push(observation);
    const isOfNow = observation.type === 'list' && observation.span !== undefined;
    if (isOfNow) this.#revisions.push(observation.revision);
  }

  /** Keeps the watch open; where there are enough, closes one of them instead. */
  protected keepWatch(watch: RecordingWatch): void {
    this.#watches.push(watch);
    if (this.#watches.length > WATCHES_MAX) this.closeWatch();
  }

  protected closeWatch(): void {
    const [watch] = this.#watches.splice(this.chance.below(this.#watches.length), 1);
    if (watch !== undefined) this.note(watch.close());
  }

  /** One that was read before, or any that there is. */
  protected someRevision(): bigint {
    const { chance } = this;
    if (this.#revisions.length > 0 && chance.holds(0.3)) return chance.of(this.#revisions);
    const { oldest, newest } = this.window();
    if (oldest >= newest) return newest;
    // Mostly of late: what is long ago is soon gone.
    const recent = newest - 20n > oldest && chance.holds(0.6) ? newest - 20n : oldest;
    return chance.between(recent, newest);
  }

  /** Waits until the watch has been woken for all that it has to tell. */
  async #finish(watch: RecordingWatch, last: bigint): Promise<void> {
    const isOver = (): boolean => watch.end !== undefined || watch.position >= last;
    while (!isOver()) {
      await turnLoop();
      if (watch.isWoken || watch.hasNothing) watch.drain();
    }
    this.note(watch.close());
  }
}
