/**
 * Whether a user may do something, as the cluster's API server decides it: SubjectAccessReview
 * (apiserver `authorizer/webhook` and `server/options.DelegatingAuthorizationOptions`, restated).
 *
 * 1. Members of the privileged groups may do everything, everybody may ask for the open paths;
 *    neither is asked about.
 * 2. A review that fails decides nothing: the authorizer throws, and the request with it.
 * 3. Decisions are used again for as long as the options say; failures never are. Equal questions
 *    that come at the same time are asked once. A question with much in it that the client chose is
 *    not remembered.
 */

import { parseFieldSelector, parseLabelSelector } from '../object/index.js';
import type { LabelOperator } from '../object/index.js';
import type { RequestInfo, UserInfo } from '../request/index.js';
import type { AuthorizationDecision, AuthorizationRequest, Authorizer } from './contract.js';
import { AuthError } from './error.js';
import { pathMatcher } from './path-matcher.js';
import { ReviewCache } from './review-cache.js';
import type { ReviewAnswer } from './review-cache.js';
import { Reviewer } from './reviewer.js';
import type { DelegationOptions } from './reviewer.js';

export interface AccessReviewOptions extends DelegationOptions {
  /** How long an allowance is used again. Default 10 000. 0: never. */
  readonly allowCacheTtlMs?: number;
  /** How long a refusal is used again. Default 10 000. 0: never. */
  readonly denyCacheTtlMs?: number;
  /** Default `system:masters`. */
  readonly alwaysAllowGroups?: readonly string[];
  /**
   * Paths that are no resources; with a trailing `*` all that begin so. Default `/healthz`,
   * `/livez`, `/readyz`.
   */
  readonly alwaysAllowPaths?: readonly string[];
}

/** Upstream's defaults for delegated authorization. */
const CACHE_TTL_MS = 10_000;
const PRIVILEGED_GROUPS: readonly string[] = ['system:masters'];
const OPEN_PATHS: readonly string[] = ['/healthz', '/livez', '/readyz'];
/** Remembered decisions; upstream's number. */
const DECISIONS_MAX = 8_192;
/** Characters that a client chooses in a question that is remembered; upstream's number. */
const REMEMBERED_LENGTH_MAX = 10_000;

/** Throws an AuthError `bad-path` for a path with a `*` that is not its end. */
export function accessReviewAuthorizer(options: AccessReviewOptions): Authorizer {
  const { allowCacheTtlMs = CACHE_TTL_MS, denyCacheTtlMs = CACHE_TTL_MS } = options;
  const privileged = new Set(options.alwaysAllowGroups ?? PRIVILEGED_GROUPS);
  const isOpen = pathMatcher(options.alwaysAllowPaths ?? OPEN_PATHS);
  const reviewer = new Reviewer(options);
  const cache = new ReviewCache<AuthorizationDecision>({
    capacity: DECISIONS_MAX,
    now: () => options.clock.now(),
  });
  const review = async (
    spec: object,
    info: RequestInfo,
  ): Promise<ReviewAnswer<AuthorizationDecision>> => {
    const status = await reviewer.review({
      path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      review: { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec },
    });
    const value = decisionOf(status);
    const ttlMs = value.allowed ? allowCacheTtlMs : denyCacheTtlMs;
    return { value, ttlMs: isRememberable(info) ? ttlMs : 0 };
  };
  return {
    async authorize({ user, info }: AuthorizationRequest) {
      if (user.groups.some((group) => privileged.has(group))) return ALLOWED;
      if (!info.isResourceRequest && isOpen(info.path)) return ALLOWED;
      const spec = specOf(user, info);
      return cache.get(JSON.stringify(spec), () => review(spec, info));
    },
  };
}

const ALLOWED: AuthorizationDecision = { allowed: true };

interface AccessReviewStatus {
  readonly allowed?: boolean;
  readonly denied?: boolean;
  readonly reason?: string;
}

function decisionOf({ allowed, denied, reason }: AccessReviewStatus): AuthorizationDecision {
  if (allowed === true && denied === true) {
    throw new AuthError('review-failed', 'the SubjectAccessReview both allows and denies');
  }
  return allowed === true ? ALLOWED : { allowed: false, reason: reason ?? '' };
}

function specOf(user: UserInfo, info: RequestInfo): object {
  const { username, uid, groups, extra } = user;
  return {
    user: username,
    ...(uid === '' ? {} : { uid }),
    groups,
    extra,
    ...(info.isResourceRequest
      ? { resourceAttributes: attributesOf(info) }
      : { nonResourceAttributes: { path: info.path, verb: info.verb } }),
  };
}

function attributesOf(info: RequestInfo): object {
  const { namespace, verb, group, version, resource, subresource, name } = info;
  const fields = fieldRequirements(info.fieldSelector);
  const labels = labelRequirements(info.labelSelector);
  return {
    namespace,
    verb,
    group,
    version,
    resource,
    subresource,
    name,
    ...(fields.length === 0 ? {} : { fieldSelector: { requirements: fields } }),
    ...(labels.length === 0 ? {} : { labelSelector: { requirements: labels } }),
  };
}

function fieldRequirements(selector: string): readonly object[] {
  return requirementsOf(selector, parseFieldSelector).map(({ path, operator, value }) => ({
    key: path,
    operator: operator === 'Equals' ? 'In' : 'NotIn',
    values: [value],
  }));
}

function labelRequirements(selector: string): readonly object[] {
  return requirementsOf(selector, parseLabelSelector)
    .filter(({ operator }) => REVIEWED_OPERATORS.has(operator))
    .map(({ key, operator, values }) => ({
      key,
      operator,
      ...(values.length === 0 ? {} : { values }),
    }));
}

const REVIEWED_OPERATORS: ReadonlySet<LabelOperator> = new Set([
  'In',
  'NotIn',
  'Exists',
  'DoesNotExist',
]);

// Requirements only narrow what is asked for: without those that can't be read or told, the
// question is the broader one. The handler refuses a malformed selector later.
function requirementsOf<Requirement>(
  selector: string,
  parse: (text: string) => readonly Requirement[],
): readonly Requirement[] {
  if (selector === '') return [];
  try {
    return parse(selector);
  } catch {
    return [];
  }
}

function isRememberable(info: RequestInfo): boolean {
  const { namespace, verb, group, version, resource, subresource, name, path } = info;
  const chosen = [namespace, verb, group, version, resource, subresource, name, path];
  const selectors = info.fieldSelector.length + info.labelSelector.length;
  return chosen.reduce((sum, { length }) => sum + length, selectors) < REMEMBERED_LENGTH_MAX;
}
