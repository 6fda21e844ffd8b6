/**
 * Faults of a test server: what can go wrong between a client and an API server, on purpose.
 *
 *  1. They stand in front of the whole server, so that real clients meet them over real sockets.
 *  2. A request meets the faults in the order in which they were injected, until one of them
 *     answers it in the server's stead; those behind that one do not see it and do not count it.
 *  3. Nothing is left to chance: which requests are hit is counted, and delays go by the clock.
 */

import {
  conflict,
  expired,
  statusAnswer,
  type Answer,
  type RequestRecord,
} from '../../request/index.js';
import type { Clock } from '../../storage/index.js';
import { TestingError } from '../error.js';
import type { Arrival, RecordedRequest } from '../request-log.js';
import { verbsOf, type RequestMatch, type Verb } from '../request-match.js';
import { BrokenBody, SlowBody } from './bodies.js';
import { checkWhole, checkOptionNames, errorOf, type FaultAnswer } from './checks.js';
import { InjectedFault, type Fault, type FaultContext, type FaultOptions } from './fault.js';
import { TOO_OLD, type WatchBody } from './watch-body.js';

/** Options of `disconnect`. */
export interface DisconnectOptions extends FaultOptions {
  /**
   * - `request` (the default): the server never saw the request.
   * - `answer`: it did what was asked, and the client never learns of it.
   * - `body`: in the middle of the answer: see `afterBytes` and `afterEvents`.
   */
  readonly at?: 'request' | 'answer' | 'body';
  /** With `body`: bytes of the body that arrive. Default 1; of a shorter body, all. */
  readonly afterBytes?: number;
  /** With `body`, of watches: events that arrive, bookmarks not counted. */
  readonly afterEvents?: number;
}

export interface ExpireOptions extends FaultOptions {
  /** Of watches: events that arrive before the ERROR. Default 0. */
  readonly afterEvents?: number;
}

export interface DelayOptions extends FaultOptions {
  /** Milliseconds of the server's clock. */
  readonly ms: number;
}

export interface SlowOptions extends FaultOptions {
  /** Bytes of a portion. Default 1 024. */
  readonly bytes?: number;
  /** Milliseconds of the server's clock between two portions. */
  readonly everyMs: number;
}

export interface DuplicateOptions extends FaultOptions {
  /** How often each event comes. Default 2. */
  readonly copies?: number;
}

/** What a fault does to the requests that it hits. */
interface Effect {
  /** In the server's stead, or before it: an answer ends the request's way. */
  readonly before?: (hit: Hit) => Promise<Answer | undefined> | Answer;
  /** Behind the server. `watch` is the body of the answer, if that is a watch. */
  readonly after?: (answer: Answer, watch: WatchBody | undefined) => Answer;
}

interface Hit {
  readonly recorded: RecordedRequest;
  readonly request: RequestRecord;
  readonly fault: InjectedFault;
}

export class Faults {
  readonly #context: FaultContext;
  readonly #clock: Clock;
  #faults: { readonly fault: InjectedFault; readonly effect: Effect }[] = [];

  /** @internal Made by the server. */
  constructor(context: FaultContext, clock: Clock) {
    this.#context = context;
    this.#clock = clock;
  }

  /** Answers with an error in the server's stead: 429, 500, 503 and others. */
  answer(match: RequestMatch, answer: FaultAnswer, options: FaultOptions = {}): Fault {
    checkOptionNames(options, []);
    const error = errorOf(answer);
    return this.#inject(match, options, { before: () => statusAnswer(error) });
  }

  /**
   * Answers a write with 409 Conflict, as if somebody else had been faster. `{ skip: n - 1 }` hits
   * the n-th one.
   */
  conflict(match: RequestMatch, options: FaultOptions = {}): Fault {
    checkOptionNames(options, []);
    const limited = narrowed(match, ['update', 'patch', 'delete'], 'a conflict is of');
    return this.#inject(limited, options, {
      before: ({ recorded }) => statusAnswer(conflict(nameOf(recorded), recorded.name)),
    });
  }

  /**
   * Tells the client that history has not got its resourceVersion any more, 410: a list by the
   * status of its answer, a watch by an ERROR event, at once or `afterEvents`.
   */
  expire(match: RequestMatch, options: ExpireOptions = {}): Fault {
    checkOptionNames(options, ['afterEvents']);
    const { afterEvents } = options;
    const verbs: readonly Verb[] = afterEvents === undefined ? ['list', 'watch'] : ['watch'];
    const limited = narrowed(match, verbs, 'what expires is of');
    const events = checkWhole('afterEvents', afterEvents ?? 0);
    return this.#inject(limited, options, {
      after: (answer, watch) => {
        if (watch === undefined) return replaced(answer, statusAnswer(expired(TOO_OLD)));
        watch.endAfter(events, 'expired');
        return answer;
      },
    });
  }

  /** Breaks the connection off (of HTTP/2 the stream). */
  disconnect(match: RequestMatch, options: DisconnectOptions = {}): Fault {
    checkOptionNames(options, ['at', 'afterBytes', 'afterEvents']);
    const { at = 'request', afterBytes, afterEvents } = options;
    if (!['request', 'answer', 'body'].includes(at)) {
      throw refusal(`at must be request, answer or body, but it is ${String(at)}`);
    }
    if (at !== 'body' && (afterBytes ?? afterEvents) !== undefined) {
      throw refusal(`afterBytes and afterEvents belong to at: 'body', not '${at}'`);
    }
    if (afterBytes !== undefined && afterEvents !== undefined) {
      throw refusal('afterBytes and afterEvents contradict each other');
    }
    if (at === 'request') return this.#inject(match, options, { before: () => broken() });
    if (afterEvents !== undefined) return this.#breakWatch(match, options, afterEvents);
    const bytes = at === 'answer' ? 0 : checkWhole('afterBytes', afterBytes ?? 1);
    return this.#inject(match, options, {
      after: (answer) => ({ ...answer, source: new BrokenBody(answer.source, bytes) }),
    });
  }

  /** Never answers: what the client does about it is what is tested. `clear` lets it go on. */
  hang(match: RequestMatch, options: FaultOptions = {}): Fault {
    checkOptionNames(options, []);
    return this.#inject(match, options, { before: (hit) => this.#hold(hit, Infinity) });
  }

  /** The request reaches the server so much later. */
  delay(match: RequestMatch, options: DelayOptions): Fault {
    checkOptionNames(options, ['ms']);
    const ms = checkWhole('ms', options.ms);
    return this.#inject(match, options, { before: (hit) => this.#hold(hit, ms) });
  }

  /** The body comes in small portions: a slow LIST. */
  slow(match: RequestMatch, options: SlowOptions): Fault {
    checkOptionNames(options, ['bytes', 'everyMs']);
    const bytes = checkWhole('bytes', options.bytes ?? PORTION_BYTES);
    if (bytes === 0) throw refusal('bytes must be above 0');
    const everyMs = checkWhole('everyMs', options.everyMs);
    return this.#inject(match, options, {
      after: (answer) => ({
        ...answer,
        source: new SlowBody(answer.source, bytes, everyMs, this.#clock),
      }),
    });
  }

  /** Every event of a watch comes so much later; their order stays. */
  delayEvents(match: RequestMatch, options: DelayOptions): Fault {
    checkOptionNames(options, ['ms']);
    const ms = checkWhole('ms', options.ms);
    return this.#watch(match, options, (watch) => watch.delay(ms));
  }

  /** Every event of a watch comes twice, or as often as told. */
  duplicateEvents(match: RequestMatch, options: DuplicateOptions = {}): Fault {
    checkOptionNames(options, ['copies']);
    const copies = checkWhole('copies', options.copies ?? 2);
    if (copies < 2) throw refusal(`copies must be at least 2, but it is ${copies}`);
    return this.#watch(match, options, (watch) => watch.repeat(copies));
  }

  /** Clears all faults. */
  clear(): void {
    for (const { fault } of this.#faults) fault.clear();
    this.#faults = [];
  }

  /** @internal For the server: answers a request, through the faults that hit it. */
  async serve(
    { recorded, request }: Arrival,
    serve: () => Promise<Answer>,
    watchOf: (answer: Answer) => WatchBody | undefined,
  ): Promise<Answer> {
    const after: Effect[] = [];
    for (const { fault, effect } of [...this.#faults]) {
      if (!fault.takes(recorded)) continue;
      const answer = await effect.before?.({ recorded, request, fault });
      if (answer !== undefined) return answer;
      after.push(effect);
    }
    this.#faults = this.#faults.filter(({ fault }) => fault.active);
    const served = await serve();
    const watch = watchOf(served);
    let answer: Answer = watch === undefined ? served : { ...served, source: watch };
    for (const effect of after) answer = effect.after?.(answer, watch) ?? answer;
    return answer;
  }

  #inject(match: RequestMatch, options: FaultOptions, effect: Effect): Fault {
    const fault = new InjectedFault(match, options, this.#context);
    this.#faults.push({ fault, effect });
    return fault;
  }

  #watch(match: RequestMatch, options: FaultOptions, change: (watch: WatchBody) => void): Fault {
    const limited = narrowed(match, ['watch'], 'events are of');
    return this.#inject(limited, options, {
      after: (answer, watch) => {
        if (watch !== undefined) change(watch);
        return answer;
      },
    });
  }

  #breakWatch(match: RequestMatch, options: FaultOptions, afterEvents: number): Fault {
    const events = checkWhole('afterEvents', afterEvents);
    return this.#watch(match, options, (watch) => watch.endAfter(events, 'broken'));
  }

  // Until the time is over, the fault is cleared, or the client has left.
  async #hold({ request, fault }: Hit, ms: number): Promise<undefined> {
    const over = AbortSignal.any([request.signal, fault.cleared, this.#context.bounds.closed]);
    if (over.aborted) return undefined;
    await new Promise<void>((resolve) => {
      const timer = ms === Infinity ? undefined : this.#clock.setTimer(ms, resolve);
      over.addEventListener('abort', () => {
        timer?.cancel();
        resolve();
      });
    });
    return undefined;
  }
}

const PORTION_BYTES = 1_024;

function broken(): Answer {
  const source = { type: 'bytes', bytes: new Uint8Array(0) } as const;
  return { status: 200, headers: [], source: new BrokenBody(source, 0) };
}

/** Whether the client learns nothing of an answer, not even its status. */
export function isLost({ source }: Answer): boolean {
  return source instanceof BrokenBody && source.isLost;
}

function replaced(answer: Answer, by: Answer): Answer {
  if (answer.source.type === 'pull') answer.source.close();
  return by;
}

// The match with the verbs that an effect makes sense for; throws where it names others.
function narrowed(match: RequestMatch, verbs: readonly Verb[], what: string): RequestMatch {
  if (match.verb === undefined) return { ...match, verb: verbs };
  const other = verbsOf(match).find((verb) => !(verbs as readonly string[]).includes(verb));
  if (other === undefined) return match;
  throw refusal(`${what} ${verbs.join(' and ')}, but the match names ${other}`);
}

function nameOf({ resource }: RecordedRequest): { group: string; resource: string } {
  const [name = '', ...group] = resource.split('.');
  return { resource: name, group: group.join('.') };
}

const refusal = (why: string): TestingError => new TestingError('invalid-options', `fault: ${why}`);
