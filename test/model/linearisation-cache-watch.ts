/**
 * A watch of a watch cache, by a thread that writes down what it is told.
 *
 * A stream does not tell how far it has got. Where it has nothing more to say, that is at least as
 * far as whatever some thread was told before it was asked.
 */

import type { WatchStream } from '../../lib/watch/index.js';
import type { WatchEnd } from '../../lib/engine/index.js';
import type { Chance } from '../chance.js';
import { text } from '../engine/widget.js';
import { EMPTY_SCOPE } from './engine-scopes.js';
import { frameText } from './engine-watch.js';
import type { RecordingWatch } from './linearisation-reader.js';
import type { DrainRecord, Progress, WatchRecord } from './linearisation-record.js';

type Told =
  | { readonly type: 'frames'; readonly frames: readonly string[] }
  | { readonly type: 'wait' }
  | { readonly type: 'end'; readonly reason: WatchEnd };

interface Consumer {
  /** Some frames of what there is. */
  take(max: number): Told;
  onReadable(callback: () => void): void;
}

export class RecordingCacheWatch implements RecordingWatch {
  readonly #stream: WatchStream;
  readonly #consumer: Consumer;
  readonly #progress: Progress;
  readonly #chance: Chance;
  readonly #record: Omit<WatchRecord, 'drains' | 'end'>;
  readonly #drains: DrainRecord[] = [];
  /** Objects of the state are still to come. */
  #isInitial: boolean;
  #isWoken = false;
  end: WatchEnd | undefined;

  constructor(
    stream: WatchStream,
    progress: Progress,
    chance: Chance,
    of: Pick<WatchRecord, 'scope' | 'isFromState' | 'span'>,
  ) {
    this.#stream = stream;
    this.#progress = progress;
    this.#chance = chance;
    this.#record = { type: 'watch', ...of, revision: BigInt(stream.resourceVersion) };
    this.#isInitial = of.isFromState;
    this.#consumer = chance.holds(0.5) ? eventsOf(stream) : framesOf(stream);
    this.#listen();
  }

  get position(): bigint {
    return this.#drains.at(-1)?.position ?? 0n;
  }

  get isWoken(): boolean {
    return this.#isWoken;
  }

  get hasNothing(): boolean {
    return this.#record.scope === EMPTY_SCOPE;
  }

  drain(): void {
    this.#isWoken = false;
    while (this.end === undefined) {
      const known = knownOf(this.#progress);
      const told = this.#consumer.take(1 + this.#chance.below(12));
      if (told.type === 'end') {
        this.end = told.reason;
        if (told.reason === 'replaced') this.#dropLastWaits();
      } else if (told.type === 'frames') {
        this.#tell(told.frames);
      } else {
        this.#endInitial();
        this.#push('live', [], known > this.position ? known : this.position);
        return this.#listen();
      }
    }
  }

  close(): WatchRecord {
    this.#stream.close();
    // Whoever closes it first is not told that everything was replaced.
    if (this.end === undefined) this.#dropLastWaits();
    return { ...this.#record, drains: this.#drains, end: this.end };
  }

  /**
   * A stream says to wait also when everything was replaced already and only its end is still to
   * be told. What was written before that it never tells then, and that is no loss.
   */
  #dropLastWaits(): void {
    while (this.#drains.at(-1)?.frames.length === 0) this.#drains.pop();
  }

  #tell(frames: readonly string[]): void {
    const isOfState = (frame: string): boolean => revisionOf(frame) <= this.#record.revision;
    const initial = this.#isInitial ? frames.filter(isOfState) : [];
    const live = frames.slice(initial.length);
    if (initial.length > 0) this.#push('initial', initial, 0n);
    if (live.length === 0) return;
    this.#endInitial();
    this.#push('live', live, revisionOf(live.at(-1)!));
  }

  #endInitial(): void {
    if (this.#isInitial) this.#push('initial', [], this.#record.revision);
    this.#isInitial = false;
  }

  #push(phase: DrainRecord['phase'], frames: readonly string[], position: bigint): void {
    this.#drains.push({ phase, frames, position });
  }

  #listen(): void {
    this.#consumer.onReadable(() => {
      this.#isWoken = true;
    });
  }
}

function revisionOf(frame: string): bigint {
  const { object } = JSON.parse(frame) as { object: { metadata: { resourceVersion: string } } };
  return BigInt(object.metadata.resourceVersion);
}

/** What is known to be written by now. */
export function knownOf({ told, last }: Progress): bigint {
  return told > last ? told : last;
}

function eventsOf(stream: WatchStream): Consumer {
  const source = stream.source();
  return {
    take(max) {
      const drained = source.drain(max);
      if (drained.type === 'wait') return drained;
      if (drained.type === 'end') return endOf(drained.reason);
      const frames = drained.events.map((event) => {
        if (event.type === 'BOOKMARK') throw new Error('a bookmark that nobody asked for');
        return frameText(event.type, text(event.object.bytes)!);
      });
      return { type: 'frames', frames };
    },
    onReadable: (callback) => source.onReadable(callback),
  };
}

function framesOf(stream: WatchStream): Consumer {
  const source = stream.frames({ apiVersion: 'example.com/v1', kind: 'Widget' });
  return {
    take(max) {
      const pulled = source.pull(max * 100);
      if (pulled.type === 'wait') return pulled;
      if (pulled.type === 'chunks') {
        return { type: 'frames', frames: pulled.chunks.map((chunk) => text(chunk)!) };
      }
      return endOf(stream.endReason);
    },
    onReadable: (callback) => source.onReadable(callback),
  };
}

function endOf(reason: WatchStream['endReason']): Told {
  if (reason === 'expired' || reason === 'replaced' || reason === 'closed') {
    return { type: 'end', reason };
  }
  throw new Error(`a watch that nobody ended is over: ${reason}`);
}
