/**
 * What stands between a known user and a handler: the authorizer's word, and the removal of what
 * the client proved itself with (apiserver `filters.WithAuthorization`, `WithAuthentication`).
 *
 * 1. Who is not allowed gets 403 in upstream's words; an authorizer that fails gets 500 as text:
 *    what could not be decided is never done.
 * 2. No handler sees a token, nor a header by which a front proxy could have named a user: whoever
 *    sent it, it has been judged, and further on it would only be taken for the truth.
 * 3. Whom nobody knows does not keep an HTTP/2 connection.
 */

import type { AuthorizationDecision, Authenticator, Authorizer } from '../auth/index.js';
import {
  ForwardedRecord,
  forbidden,
  isPromise,
  isStatusError,
  quote,
  StatusError,
  webSocketProtocols,
  type Answer,
  type Awaitable,
  type RequestInfo,
  type RequestRecord,
  type UserInfo,
} from '../request/index.js';

const PROTOCOLS = 'sec-websocket-protocol';

/** Throws or rejects with a StatusError: 403, or 500 where the authorizer does not decide. */
export function requireAllowed(
  authorizer: Authorizer,
  user: UserInfo,
  request: RequestRecord,
  info: RequestInfo,
): Awaitable<void> {
  let deciding;
  try {
    deciding = authorizer.authorize({ user, info });
  } catch (error) {
    throw undecided(request, error);
  }
  if (!isPromise(deciding)) return requireAllowance(deciding, user, info);
  return deciding.then(
    (decision) => requireAllowance(decision, user, info),
    (error: unknown) => {
      throw undecided(request, error);
    },
  );
}

function requireAllowance(
  decision: AuthorizationDecision,
  user: UserInfo,
  info: RequestInfo,
): void {
  if (decision.allowed) return;
  const because = decision.reason === '' ? '' : `: ${decision.reason}`;
  const why = `${withoutMarkup(deed(user, info))}${because}`;
  throw info.isResourceRequest ? forbidden(why, info, info.name) : forbidden(why);
}

/**
 * The answer to somebody whom nobody knows. Over HTTP/2 it is the last one on its connection: who
 * shows nothing must not begin requests by the hundred (apiserver's answer to CVE-2023-44487).
 */
export function answerToStranger(answer: Answer, request: RequestRecord): Answer {
  if (request.protocol !== 'HTTP/2') return answer;
  return { ...answer, headers: [...answer.headers, ['Connection', 'close']] };
}

/** The request as handlers may see it. */
export function withoutCredentials(
  request: RequestRecord,
  authenticator: Authenticator,
): RequestRecord {
  return new JudgedRecord(request, authenticator);
}

class JudgedRecord extends ForwardedRecord {
  readonly #authenticator: Authenticator;

  constructor(request: RequestRecord, authenticator: Authenticator) {
    super(request);
    this.#authenticator = authenticator;
  }

  override header(name: string): string | undefined {
    if (name === PROTOCOLS) return this.headers(name)[0];
    return isCredentialHeader(name, this.#authenticator) ? undefined : super.header(name);
  }

  override headers(name: string): readonly string[] {
    if (isCredentialHeader(name, this.#authenticator)) return [];
    const values = super.headers(name);
    return name === PROTOCOLS ? withoutTokens(values) : values;
  }

  override headerNames(): Iterable<string> {
    const names = [...super.headerNames()];
    return names.filter((name) => !isCredentialHeader(name, this.#authenticator));
  }
}

// One of the subprotocols may carry one.
function withoutTokens(values: readonly string[]): readonly string[] {
  const protocols = webSocketProtocols({ headers: () => values });
  return protocols.length === 0 ? [] : [protocols.join(', ')];
}

/** Whether a header, by its lower-case name, is one by which clients say who they are. */
export function isCredentialHeader(name: string, authenticator: Authenticator): boolean {
  return isStandardCredential(name) || authenticator.isCredentialHeader?.(name) === true;
}

const STANDARD_CREDENTIALS: ReadonlySet<string> = new Set([
  'authorization',
  'x-remote-user',
  'x-remote-uid',
  'x-remote-group',
]);
const STANDARD_EXTRA_PREFIX = 'x-remote-extra-';

const isStandardCredential = (name: string): boolean =>
  STANDARD_CREDENTIALS.has(name) || name.startsWith(STANDARD_EXTRA_PREFIX);

function deed(user: UserInfo, info: RequestInfo): string {
  const who = `User ${quote(user.username)} cannot ${info.verb}`;
  if (!info.isResourceRequest) return `${who} path ${quote(info.path)}`;
  const sub = info.subresource === '' ? '' : `/${info.subresource}`;
  const where =
    info.namespace === '' ? 'at the cluster scope' : `in the namespace ${quote(info.namespace)}`;
  const what = `resource ${quote(`${info.resource}${sub}`)} in API group ${quote(info.group)}`;
  return `${who} ${what} ${where}`;
}

function undecided(request: RequestRecord, error: unknown): StatusError {
  if (isStatusError(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const query = request.query.size === 0 ? '' : `?${request.query}`;
  const text = `Internal Server Error: ${quote(request.path + query)}: ${reason}`;
  return new StatusError({
    code: 500,
    reason: 'InternalError',
    message: `Internal error occurred: ${reason}`,
    details: { causes: [{ message: reason }] },
    text: `${withoutMarkup(text)}\n`,
    cause: error,
  });
}

// Nothing that a client chose is to look like HTML to whoever shows the message.
function withoutMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
