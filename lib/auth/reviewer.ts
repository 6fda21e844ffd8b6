/**
 * Asks a Kubernetes API server to review something: posts a review object, gives its status
 * (apiserver `util/webhook.WithExponentialBackoff`, restated).
 *
 * Tried again is what may well succeed the next time: a lost connection, 429, 500, 504, and
 * whatever tells when to come back. A server that can't be reached, or that does not allow the
 * review, fails at once.
 */

import type { ApiClient } from '../client/index.js';
import { Backoff, ClientError } from '../client/index.js';
import { isStatusError } from '../request/index.js';
import type { Clock } from '../storage/index.js';
import { AuthError } from './error.js';

/** Upstream's `DefaultAuthWebhookRetryBackoff`. */
const BACKOFF = { initialMs: 500, factor: 1.5, jitter: 0.2 };
const ATTEMPTS_MAX = 5;
/** How long one attempt may take; upstream's client timeout. */
const ATTEMPT_TIMEOUT_MS = 10_000;

/** What every kind of delegated review is made with. */
export interface DelegationOptions {
  /** The server that is asked: the `kube-apiserver` of the cluster. */
  readonly client: ApiClient;
  readonly clock: Clock;
  /** A number in [0, 1). Default Math.random. */
  readonly random?: () => number;
  /** Is told of every attempt: the HTTP status, `<error>` without one, and how long it took. */
  readonly onAttempt?: (code: string, seconds: number) => void;
}

export interface ReviewRequest {
  readonly path: string;
  readonly review: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly spec: unknown;
  };
  /** For all attempts and pauses together. Default without a limit. */
  readonly totalTimeoutMs?: number;
}

export class Reviewer {
  readonly #options: DelegationOptions;

  constructor(options: DelegationOptions) {
    this.#options = options;
  }

  /** The status of the reviewed object. Rejects with an AuthError `review-failed`. */
  async review(request: ReviewRequest): Promise<{ readonly [field: string]: unknown }> {
    const { clock, random = Math.random } = this.#options;
    const backoff = new Backoff(BACKOFF, random);
    const endsAt = clock.now() + (request.totalTimeoutMs ?? Infinity);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(request, Math.min(ATTEMPT_TIMEOUT_MS, endsAt - clock.now()));
      } catch (error) {
        const pauseMs = Math.max(backoff.nextMs(), retryAfterMs(error));
        const isLast = attempt === ATTEMPTS_MAX || clock.now() + pauseMs >= endsAt;
        if (isLast || !isTransient(error)) throw failure(request, error);
        await new Promise<void>((resolve) => void clock.setTimer(pauseMs, resolve));
      }
    }
  }

  async #attempt(
    { path, review }: ReviewRequest,
    timeoutMs: number,
  ): Promise<{ readonly [field: string]: unknown }> {
    const { client, clock, onAttempt } = this.#options;
    const begun = clock.now();
    const seconds = (): number => Math.max(0, clock.now() - begun) / 1_000;
    try {
      const { status, body } = await client.request({
        method: 'POST',
        path,
        body: review,
        timeoutMs,
      });
      onAttempt?.(String(status), seconds());
      const reviewed = body as { readonly status?: { readonly [field: string]: unknown } } | null;
      if (typeof reviewed?.status === 'object' && reviewed.status !== null) return reviewed.status;
      throw new ClientError('bad-response', 'the answer has no status');
    } catch (error) {
      const answered = error instanceof ClientError && error.code === 'bad-response';
      if (!answered) onAttempt?.(isStatusError(error) ? String(error.code) : '<error>', seconds());
      throw error;
    }
  }
}

function isTransient(error: unknown): boolean {
  if (!isStatusError(error)) {
    return error instanceof ClientError && error.code === 'connection-lost';
  }
  return (
    ['InternalError', 'Timeout', 'TooManyRequests'].includes(error.reason) ||
    retryAfterMs(error) > 0
  );
}

const retryAfterMs = (error: unknown): number =>
  isStatusError(error) ? (error.details?.retryAfterSeconds ?? 0) * 1_000 : 0;

// Never the server's Status itself: that it refuses our question says nothing about the one who
// asked us.
function failure({ review }: ReviewRequest, error: unknown): AuthError {
  const reason = error instanceof Error ? error.message : String(error);
  return new AuthError('review-failed', `the ${review.kind} failed: ${reason}`, error);
}
