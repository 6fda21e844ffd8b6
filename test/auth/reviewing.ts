/** An API server that reviews as a test says, over a real socket, and a client of it. */

import type { ServerResponse } from 'node:http';
import type { ExecutionContext } from 'ava';

import type { DelegationOptions } from '../../lib/auth/index.js';
import { createApiClient } from '../../lib/client/index.js';
import { ManualClock } from '../clock.js';
import { bodyOf, serveHttp, until } from '../client/server.js';

export interface Review {
  readonly path: string;
  readonly body: { readonly kind: string; readonly spec: { readonly [field: string]: unknown } };
  readonly response: ServerResponse;
}

export interface Reviewing {
  readonly clock: ManualClock;
  readonly delegation: DelegationOptions;
  /** Everything that was asked, answered or not. */
  readonly reviews: readonly Review[];
  readonly attempts: readonly string[];
  /** How many timers are set when nothing is under way but a pause. */
  pausing(count: number): Promise<void>;
}

/** `answer` says what becomes of the n-th review, from 0 on. */
export async function reviewing(
  t: ExecutionContext,
  answer: (review: Review, index: number) => void,
): Promise<Reviewing> {
  const clock = new ManualClock();
  const reviews: Review[] = [];
  const attempts: string[] = [];
  const { url } = await serveHttp(t, async (request, response) => {
    const body = JSON.parse(await bodyOf(request)) as Review['body'];
    const review = { path: request.url ?? '', body, response };
    reviews.push(review);
    answer(review, reviews.length - 1);
  });
  const client = createApiClient({ server: url }, { clock });
  t.teardown(() => client.close());
  const onAttempt = (code: string): void => void attempts.push(code);
  return {
    clock,
    delegation: { client, clock, random: () => 0, onAttempt },
    reviews,
    attempts,
    pausing: (count) => until(() => attempts.length === count && clock.pending === 1),
  };
}

/** Answers with a review that has this status. */
export function decide({ body, response }: Review, status: object): void {
  response.writeHead(201).end(JSON.stringify({ ...body, status }));
}

export function fail({ response }: Review, code: number, retryAfterSeconds = 0): void {
  const headers = retryAfterSeconds > 0 ? { 'retry-after': String(retryAfterSeconds) } : {};
  response.writeHead(code, headers).end('no');
}
