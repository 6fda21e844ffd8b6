/**
 * Users by bearer token, as the cluster's API server knows them: TokenReview (apiserver
 * `authenticator/token/webhook` and `authentication/token/cache`, restated).
 *
 * 1. A token that is not authenticated, or not for an audience of ours, is bad credentials; so is
 *    one that could not be reviewed: what is not known is not let in, and is told to `onFailure`.
 * 2. Answers are used again for `cacheTtlMs`, good and bad ones; failures, and answers that tell of
 *    an error, never are. Equal tokens that come at the same time are reviewed once.
 * 3. The cache knows tokens by a keyed digest only.
 */

import { createHmac, randomBytes } from 'node:crypto';

import type { UserInfo } from '../request/index.js';
import { unauthorized } from '../request/index.js';
import { bearerToken } from './bearer.js';
import type { Authenticator } from './contract.js';
import { AuthError } from './error.js';
import { ReviewCache } from './review-cache.js';
import type { ReviewAnswer } from './review-cache.js';
import { Reviewer } from './reviewer.js';
import type { DelegationOptions } from './reviewer.js';

export interface TokenReviewOptions extends DelegationOptions {
  /** What tokens must be meant for. Default: whatever the API server itself takes. */
  readonly audiences?: readonly string[];
  /** How long an answer is used again. Default 10 000. 0: never. */
  readonly cacheTtlMs?: number;
  /** Is told of tokens that could not be reviewed; clients only learn that they are refused. */
  readonly onFailure?: (error: unknown) => void;
  /** Is told why the server refused a token, where it says so. */
  readonly onRefused?: (reason: string) => void;
}

/** Upstream's default for delegated authentication. */
const CACHE_TTL_MS = 10_000;
/** For a review with everything that is tried again; upstream's `TokenRequestTimeout`. */
const REVIEW_TIMEOUT_MS = 10_000;
/** Remembered tokens, some 300 bytes each: twice the nodes and namespaces of a big cluster. */
const TOKENS_MAX = 32_768;

/** Asks the API server about every bearer token that it has not asked about lately. */
export function tokenReviewAuthenticator(options: TokenReviewOptions): Authenticator {
  const { audiences = [], cacheTtlMs = CACHE_TTL_MS, onFailure, onRefused } = options;
  const reviewer = new Reviewer(options);
  const cache = new ReviewCache<UserInfo | undefined>({
    capacity: TOKENS_MAX,
    now: () => options.clock.now(),
  });
  const key = randomBytes(32);
  const review = async (token: string): Promise<ReviewAnswer<UserInfo | undefined>> => {
    const status: TokenReviewStatus = await reviewer.review({
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      review: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token, ...(audiences.length === 0 ? {} : { audiences }) },
      },
      totalTimeoutMs: REVIEW_TIMEOUT_MS,
    });
    if (status.authenticated !== true && status.error)
      onRefused?.(`token refused: ${status.error}`);
    return { value: userOf(status, audiences), ttlMs: isFinal(status) ? cacheTtlMs : 0 };
  };
  return {
    async authenticate(request) {
      const token = bearerToken(request);
      if (token === undefined) return undefined;
      const digest = createHmac('sha256', key).update(token).digest('base64');
      let user: UserInfo | undefined;
      try {
        user = await cache.get(digest, () => review(token));
      } catch (error) {
        onFailure?.(error);
        throw unauthorized();
      }
      if (user === undefined) throw unauthorized();
      return user;
    },
  };
}

interface TokenReviewStatus {
  readonly authenticated?: boolean;
  readonly error?: string;
  readonly audiences?: readonly string[];
  readonly user?: Partial<UserInfo>;
}

const isFinal = ({ authenticated, error }: TokenReviewStatus): boolean =>
  authenticated === true || !error;

// Undefined for a token that is nobody's, or not for us.
function userOf(status: TokenReviewStatus, wanted: readonly string[]): UserInfo | undefined {
  // A server that tells no audiences knows none of them, and vouches for its own.
  const found = status.audiences?.length ? status.audiences : wanted;
  if (wanted.length > 0 && !wanted.some((audience) => found.includes(audience))) return undefined;
  if (status.authenticated !== true) return undefined;
  const { username = '', uid = '', groups = [], extra = {} } = status.user ?? {};
  if (username === '') throw new AuthError('review-failed', 'TokenReview: a user without a name');
  return { username, uid, groups, extra };
}
