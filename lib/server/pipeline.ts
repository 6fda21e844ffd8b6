/**
 * The filters that every request passes, outermost first (apiserver
 * `server.DefaultBuildHandlerChain`, restated): audit ID, recovery, request info, refusal while
 * the server closes, deadline, authentication, flow control, authorization, then the handler, which
 * sees no credentials.
 *
 * 1. The order is behaviour: who is unknown gets 401 whatever he asks for, who is known and not
 *    allowed 403, and only then does anybody look whether the thing exists.
 * 2. The pipeline never rejects: whatever is thrown behind it becomes an answer.
 * 3. A request that is not long-running is answered by its deadline, 504 if need be; its signal
 *    aborts then, and what its handler makes of it is not known to the client. What has been begun
 *    to be sent by then is broken off.
 * 4. Every answer says that it must not be cached, unless it says something else itself.
 */

import { ANONYMOUS_USER, type Authenticator, type Authorizer } from '../auth/index.js';
import type { InflightLimiter } from '../flowcontrol/index.js';
import type { Clock } from '../storage/index.js';
import {
  ForwardedRecord,
  isPromise,
  parseRequestInfo,
  requestDeadline,
  statusAnswer,
  timeout,
  tooManyInFlight,
  toStatusError,
  unauthorized,
  whenThere,
  type Answer,
  type Awaitable,
  type RequestInfo,
  type RequestRecord,
  type StatusError,
  type UserInfo,
} from '../request/index.js';
import { answerToStranger, requireAllowed, withoutCredentials } from './access.js';
import { isHealthPath } from './health.js';
import type { Logger } from './logger.js';

export interface PipelineParts {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly inflight: InflightLimiter;
  readonly route: Route;
  readonly clock: Clock;
  /** How long a request that is not long-running may take. */
  readonly requestTimeoutMs: number;
  readonly uuid: () => string;
  readonly logger: Logger;
  /** What a request is told that comes too late: the server is closing. */
  readonly refusal: (path: string) => StatusError | undefined;
  /** Sees every request before anything is done with it. */
  readonly started: (request: RequestRecord) => void;
  /** Sees requests that the server itself ends: 429 for want of a seat, 504 at the deadline. */
  readonly terminated: (request: RequestRecord, info: RequestInfo, code: number) => void;
  /** Sees every answer before it is sent, and gives the one to send: counted, compressed. */
  readonly finish: (
    request: RequestRecord,
    info: RequestInfo | undefined,
    answer: Answer,
  ) => Awaitable<Answer>;
}

/** What stands behind the filters. */
export type Route = (
  request: RequestRecord,
  info: RequestInfo,
  user: UserInfo | undefined,
) => Awaitable<Answer>;

/** Who a request comes from, where that has been settled before it came. */
export interface Sender {
  readonly user: UserInfo;
  /** Whether the sender may do everything: no authorizer is asked. */
  readonly isTrusted: boolean;
}

/** A handler; whoever makes requests in the same process may say who sends them. */
export type Pipeline = (request: RequestRecord, sender?: Sender) => Awaitable<Answer>;

export function createPipeline(parts: PipelineParts): Pipeline {
  return (received, sender) => {
    const auditId = auditIdOf(received, parts.uuid);
    const request = new ForwardedRecord(received, auditId);
    parts.started(request);
    let info: RequestInfo | undefined;
    let answering: Awaitable<Answer>;
    try {
      info = parseRequestInfo(request.method, request.path, request.query);
      const refusal = parts.refusal(info.path);
      answering =
        refusal === undefined
          ? answerByDeadline(parts, request, info, sender)
          : statusAnswer(refusal);
    } catch (error) {
      answering = failureAnswer(parts, request, error);
    }
    if (!isPromise(answering)) {
      return parts.finish(request, info, withStandardHeaders(answering, auditId));
    }
    return answering
      .catch((error: unknown) => failureAnswer(parts, request, error))
      .then((answer) => parts.finish(request, info, withStandardHeaders(answer, auditId)));
  };
}

// Throws or rejects where there is no answer.
function answerByDeadline(
  parts: PipelineParts,
  request: RequestRecord,
  info: RequestInfo,
  sender: Sender | undefined,
): Awaitable<Answer> {
  if (info.verb === 'watch') return answerAllowed(parts, request, info, sender);
  const { query, receivedAt } = request;
  const deadline = requestDeadline(query, receivedAt, parts.requestTimeoutMs, info.verb);
  const expiring = new ExpiringRecord(request);
  const answering = answerAllowed(parts, expiring, info, sender);
  if (!isPromise(answering)) return withDeadline(answering, deadline);
  return untilDeadline(parts, expiring, info, answering, deadline);
}

function untilDeadline(
  { clock, terminated }: PipelineParts,
  request: ExpiringRecord,
  info: RequestInfo,
  answering: Promise<Answer>,
  deadline: number,
): Promise<Answer> {
  const { expiry } = request;
  // Let go of at the deadline, for the reason that Expiry has.
  let asked: RequestRecord | undefined = request;
  return new Promise<Answer>((resolve, reject) => {
    let late = false;
    const timer = clock.setTimer(deadline - clock.now(), () => {
      late = true;
      const error = timeout();
      if (asked !== undefined) terminated(asked, info, error.code);
      asked = undefined;
      reject(error);
      expiry.expire(error);
    });
    answering.then(
      (answer) => {
        timer.cancel();
        if (late) release(answer);
        else resolve(withDeadline(answer, deadline));
      },
      (error: unknown) => {
        timer.cancel();
        reject(error);
      },
    );
  });
}

/** A request whose signal is also aborted at its deadline. */
class ExpiringRecord extends ForwardedRecord {
  #expiry: Expiry | undefined;

  /** Made for who waits: most requests are answered at once, and need none. */
  get expiry(): Expiry {
    this.#expiry ??= new Expiry(this.received);
    return this.#expiry;
  }

  override get signal(): AbortSignal {
    return this.expiry.signal;
  }
}

/**
 * Aborts a request's signal at its deadline. The signal is made for who asks for it, which most
 * requests never do: one that is made of two costs as much as reading an object.
 */
class Expiry {
  // Let go of at the deadline: the error that tells of it holds this, and handlers that don't come
  // back hold the error.
  #request: RequestRecord | undefined;
  readonly #controller = new AbortController();
  #signal: AbortSignal | undefined;

  constructor(request: RequestRecord) {
    this.#request = request;
  }

  get signal(): AbortSignal {
    const own = this.#controller.signal;
    if (this.#request === undefined) return this.#signal ?? own;
    this.#signal ??= AbortSignal.any([this.#request.signal, own]);
    return this.#signal;
  }

  expire(reason: unknown): void {
    this.#controller.abort(reason);
    this.#request = undefined;
  }
}

function answerAllowed(
  parts: PipelineParts,
  request: RequestRecord,
  info: RequestInfo,
  sender: Sender | undefined,
): Awaitable<Answer> {
  // Probes come without credentials, and learn nothing but whether the server is well.
  if (isHealthPath(info.path)) return parts.route(request, info, undefined);
  if (sender !== undefined) return answerSender(parts, request, info, sender);
  return whenThere(parts.authenticator.authenticate(request), (user) => {
    if (user === undefined) throw unauthorized();
    return answerSender(parts, request, info, { user, isTrusted: false });
  });
}

function answerSender(
  parts: PipelineParts,
  request: RequestRecord,
  info: RequestInfo,
  sender: Sender,
): Awaitable<Answer> {
  if (sender.user.username !== ANONYMOUS_USER) return answerKnown(parts, request, info, sender);
  return answerAnonymous(parts, request, info, sender);
}

async function answerAnonymous(
  parts: PipelineParts,
  request: RequestRecord,
  info: RequestInfo,
  sender: Sender,
): Promise<Answer> {
  let answer: Answer;
  try {
    answer = await answerKnown(parts, request, info, sender);
  } catch (error) {
    answer = failureAnswer(parts, request, error);
  }
  return answerToStranger(answer, request);
}

function answerKnown(
  parts: PipelineParts,
  request: RequestRecord,
  info: RequestInfo,
  { user, isTrusted }: Sender,
): Awaitable<Answer> {
  const { inflight } = parts;
  const entry = inflight.enter(info.verb, user.groups);
  if (entry === 'refused') {
    const error = tooManyInFlight();
    parts.terminated(request, info, error.code);
    throw error;
  }
  let answering: Awaitable<Answer>;
  try {
    const allowing = isTrusted ? undefined : requireAllowed(parts.authorizer, user, request, info);
    answering = whenThere(allowing, () =>
      parts.route(withoutCredentials(request, parts.authenticator), info, user),
    );
  } catch (error) {
    inflight.leave(entry);
    throw error;
  }
  if (!isPromise(answering)) return inflight.answered(entry, answering);
  return answering.then(
    (answer) => inflight.answered(entry, answer),
    (error: unknown) => {
      inflight.leave(entry);
      throw error;
    },
  );
}

function failureAnswer(parts: PipelineParts, request: RequestRecord, thrown: unknown): Answer {
  const error = toStatusError(thrown);
  if (error.code >= 500 && !request.signal.aborted) {
    const { method, path, auditId } = request;
    const fields = { method, path, auditId, err: error.cause ?? error };
    parts.logger.error(fields, 'request failed');
  }
  const answer = statusAnswer(error);
  return error.code === 401 ? answerToStranger(answer, request) : answer;
}

function withDeadline({ status, headers, source }: Answer, deadline: number): Answer {
  return { status, headers, source, deadline };
}

function withStandardHeaders(answer: Answer, auditId: string): Answer {
  const { status, source, deadline } = answer;
  const headers: (readonly [string, string])[] = [['Audit-Id', auditId]];
  if (!hasHeader(answer, 'cache-control')) headers.push(NOT_CACHED);
  for (const header of answer.headers) headers.push(header);
  return deadline === undefined
    ? { status, headers, source }
    : { status, headers, source, deadline };
}

const NOT_CACHED = ['Cache-Control', 'no-cache, private'] as const;

function hasHeader({ headers }: Answer, wanted: string): boolean {
  for (const [name] of headers) {
    if (name.length === wanted.length && name.toLowerCase() === wanted) return true;
  }
  return false;
}

const AUDIT_ID_LENGTH_MAX = 64;

// A client's own ID is echoed only if it can stand in a header without harm.
function auditIdOf(request: RequestRecord, uuid: () => string): string {
  const given = request.header('audit-id');
  if (given === undefined) return uuid();
  return /^[\x21-\x7e]+$/.test(given) && given.length <= AUDIT_ID_LENGTH_MAX ? given : uuid();
}

// Nobody will pump the answer of a request that was given up.
function release(answer: Answer): void {
  if (answer.source.type === 'pull') answer.source.close();
}
