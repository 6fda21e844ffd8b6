/**
 * Users whom a front proxy names in headers, as kube-apiserver's aggregator does (apiserver
 * `authentication/request/headerrequest`, restated).
 *
 * 1. Headers count only with a client certificate that the front proxy's own authority has issued,
 *    and whose CN is among the allowed names, if there are any; without a certificate they are
 *    nothing, with another one they are bad credentials.
 * 2. A header that is sent several times has several values: a group may hold a comma.
 * 3. What a header list names first and is there with a value, names the user; groups and extra
 *    are taken of all.
 * 4. Values are UTF-8, as Go sends them; what is not, is taken for Latin-1.
 */

import type { RequestRecord, UserInfo } from '../request/index.js';
import { unauthorized } from '../request/index.js';
import type { AuthClock, Authenticator } from './contract.js';
import { AuthError } from './error.js';
import { VerifiedPeers } from './verified-peers.js';

/** Whom to believe, and which headers; in upstream the flags `--requestheader-…`. */
export interface FrontProxyTrust {
  /** PEM of the authorities that issue the front proxy's client certificate, and nothing else. */
  readonly authorities: string;
  /** Common names that the certificate may have. Default none: any that the authorities issued. */
  readonly allowedNames?: readonly string[];
  /** Default `X-Remote-User`. Names of headers are those of any case. */
  readonly usernameHeaders?: readonly string[];
  /** Default none, as upstream: older proxies pass such a header on from anybody. */
  readonly uidHeaders?: readonly string[];
  /** Default `X-Remote-Group`. */
  readonly groupHeaders?: readonly string[];
  /** What headers begin with whose rest is a key of the user's extra. Default `X-Remote-Extra-`. */
  readonly extraHeaderPrefixes?: readonly string[];
}

export interface FrontProxyOptions extends FrontProxyTrust {
  /** Names the bundle in errors; a file name. Default `the front proxy's CA bundle`. */
  readonly name?: string;
  readonly clock: AuthClock;
  /** Is told why a certificate was refused; clients only learn that it was. */
  readonly onRefused?: (reason: string) => void;
}

/** Rejects with an AuthError: `bad-authorities`, or `bad-front-proxy` for a blank header name. */
export async function frontProxyAuthenticator(options: FrontProxyOptions): Promise<Authenticator> {
  const headers = new IdentityHeaders(options);
  const name = options.name ?? "the front proxy's CA bundle";
  const proxies = await VerifiedPeers.of({ ...options, name }, ({ commonName }) => commonName);
  const allowed = new Set(options.allowedNames);
  return {
    async authenticate(request) {
      const user = headers.userOf(request);
      const peer = request.peerCertificate;
      if (user === undefined || peer === undefined) return undefined;
      const proxy = await proxies.verify(peer);
      if (allowed.size === 0 || allowed.has(proxy)) return user;
      options.onRefused?.(`client certificate refused: "${proxy}" is no allowed front proxy`);
      throw unauthorized();
    },
    isCredentialHeader: (name) => headers.has(name),
  };
}

class IdentityHeaders {
  readonly #username: readonly string[];
  readonly #uid: readonly string[];
  readonly #groups: readonly string[];
  readonly #extra: readonly string[];
  readonly #names: ReadonlySet<string>;

  constructor(trust: FrontProxyTrust) {
    this.#username = headerNames(trust.usernameHeaders ?? ['X-Remote-User'], 'username headers');
    this.#uid = headerNames(trust.uidHeaders ?? [], 'uid headers');
    this.#groups = headerNames(trust.groupHeaders ?? ['X-Remote-Group'], 'group headers');
    this.#extra = headerNames(
      trust.extraHeaderPrefixes ?? ['X-Remote-Extra-'],
      'extra header prefixes',
    );
    this.#names = new Set([...this.#username, ...this.#uid, ...this.#groups]);
  }

  has(name: string): boolean {
    return this.#names.has(name) || this.#extra.some((prefix) => name.startsWith(prefix));
  }

  /** Whom they name; undefined where they name nobody. */
  userOf(request: RequestRecord): UserInfo | undefined {
    const username = firstValue(request, this.#username);
    if (username === '') return undefined;
    return {
      username,
      uid: firstValue(request, this.#uid),
      groups: this.#groups.flatMap((name) => valuesOf(request, name).filter(isPresent)),
      extra: this.#extraOf(request),
    };
  }

  #extraOf(request: RequestRecord): UserInfo['extra'] {
    const extra = new Map<string, string[]>();
    const names = [...request.headerNames()];
    for (const prefix of this.#extra) {
      for (const name of names.filter((name) => name.startsWith(prefix))) {
        const key = decodedKey(name.slice(prefix.length));
        extra.set(key, [...(extra.get(key) ?? []), ...valuesOf(request, name)]);
      }
    }
    return Object.fromEntries(extra);
  }
}

function headerNames(given: readonly string[], what: string): readonly string[] {
  const names = given.map((name) => name.trim().toLowerCase());
  if (names.every((name) => name !== '')) return names;
  throw new AuthError('bad-front-proxy', `one of the front proxy's ${what} is blank`);
}

function firstValue(request: RequestRecord, names: readonly string[]): string {
  for (const name of names) {
    const [value = ''] = valuesOf(request, name);
    if (value !== '') return value;
  }
  return '';
}

// What is no percent-encoding stays as it is: it is better known by an odd key than not at all.
function decodedKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

const isPresent = (value: string): boolean => value !== '';

const valuesOf = (request: RequestRecord, name: string): readonly string[] =>
  request.headers(name).map(decodedValue);

// Node makes a character of every byte of a header.
function decodedValue(value: string): string {
  if (!/[\u0080-\u00ff]/.test(value) || /[\u0100-\uffff]/.test(value)) return value;
  try {
    return strictUtf8.decode(Buffer.from(value, 'latin1'));
  } catch {
    return value;
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });
