/** A pump whose stream a test holds in its hands. */

import type { PullSource } from '../../lib/request/index.js';
import { Pump } from '../../lib/transport/pump.js';
import type { AnswerStream } from '../../lib/transport/stream.js';
import { TurnQueue } from '../../lib/transport/turns.js';

/** Keeps what is written, and takes it when the test says so. */
export class TestStream implements AnswerStream {
  closed = false;
  headSent = false;
  readonly log: string[] = [];
  readonly writes: Uint8Array[] = [];
  ended = 0;
  resets = 0;
  #taken: (() => void)[] = [];

  /** Thrown by `head` and `whole`, as for a header that can't be sent. */
  refusal: Error | undefined;

  whole(
    status: number,
    _headers: unknown,
    bytes: Uint8Array | undefined,
    _length?: number,
    taken?: () => void,
  ): void {
    if (this.refusal !== undefined) throw this.refusal;
    this.log.push(`whole ${status}`);
    this.headSent = true;
    if (bytes !== undefined) this.end(bytes, taken);
  }

  head(status: number, _headers: unknown, flush: boolean): void {
    if (this.refusal !== undefined) throw this.refusal;
    this.headSent = true;
    this.log.push(`head ${status}${flush ? ' flushed' : ''}`);
  }

  /** Whether writes are taken at once. */
  takesAtOnce = false;
  /** For each write whether its bytes were said to be shared. */
  readonly shared: boolean[] = [];

  write(bytes: Uint8Array, taken: () => void, isShared: boolean): boolean {
    this.writes.push(bytes);
    this.shared.push(isShared);
    if (!this.takesAtOnce) this.#taken.push(taken);
    return this.takesAtOnce;
  }

  get pending(): number {
    return this.#taken.length;
  }

  take(): void {
    this.#taken.shift()?.();
  }

  end(bytes?: Uint8Array, taken?: () => void): void {
    if (bytes !== undefined && bytes.byteLength > 0) this.writes.push(bytes);
    if (taken !== undefined) this.#taken.push(taken);
    this.ended++;
  }

  reset(): void {
    this.resets++;
  }

  get text(): string {
    return Buffer.concat(this.writes).toString();
  }
}

export interface Rig {
  readonly stream: TestStream;
  readonly pump: Pump;
  readonly errors: unknown[];
  readonly failures: unknown[];
  closes: number;
}

/** A pump between that source and a test's stream. */
export function rig(source: PullSource): Rig {
  const stream = new TestStream();
  const made = { stream, errors: [] as unknown[], failures: [] as unknown[], closes: 0 };
  const pump = new Pump({
    status: 200,
    headers: [],
    source,
    stream,
    turns: new TurnQueue(),
    onError: (error) => made.errors.push(error),
    onClosed: () => made.closes++,
    onFailure: (error) => made.failures.push(error),
  });
  return Object.assign(made, { pump });
}

/** The event loop's next turn. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
