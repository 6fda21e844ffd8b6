/**
 * Static tokens from a file, as kube-apiserver's `--token-auth-file`: one user a line,
 * `token,user name,user uid` and, optionally, the groups in one quoted field.
 *
 * 1. The file is read once; a line that can't be used refuses the whole file, by its number, never
 *    by its text. (Upstream skips an empty token and lets a repeated one win; both are mistakes.)
 * 2. Tokens are looked up by a digest with a key that nobody knows, so that how long a refusal
 *    takes tells nothing about the tokens there are.
 */

import { hash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

import type { Awaitable, RequestRecord, UserInfo } from '../request/index.js';
import { unauthorized } from '../request/index.js';
import { bearerToken, headerToken } from './bearer.js';
import type { Authenticator } from './contract.js';
import { CsvError, readCsv } from './csv.js';
import type { CsvRecord } from './csv.js';
import { AuthError } from './error.js';

/** Headers that are remembered: tokens that are in use, each in the spellings of its clients. */
const ACCEPTED_MAX = 4_096;
const ACCEPTED_LENGTH_MAX = 1_024;

export interface TokenUser {
  readonly token: string;
  readonly user: UserInfo;
}

/** Accepts the tokens of a file. Throws an AuthError `bad-token-file`. */
export function tokenFileAuthenticator(file: string): Authenticator {
  return tokenAuthenticator(readTokenFile(file));
}

/** The tokens of a file, with their users. Throws an AuthError `bad-token-file`. */
export function readTokenFile(file: string): readonly TokenUser[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AuthError('bad-token-file', `token file ${file} can't be read: ${reason}`, error);
  }
  return parseTokenFile(text, file);
}

/** Accepts the given tokens and refuses every other one with 401. */
export function tokenAuthenticator(tokens: readonly TokenUser[]): Authenticator {
  // Of one length, so that no token can be taken for a part of it. Who does not see digests has no
  // use for a proper HMAC, which costs several times as much.
  const key = randomBytes(32).toString('hex');
  const digestOf = (token: string): string => hash('sha256', key + token);
  const users = new Map(tokens.map(({ token, user }) => [digestOf(token), user]));
  // Headers with a token that was accepted. A Map looks for a text by a hash whose seed is the
  // process's own, and compares it with one of the same hash only: that tells nothing either.
  const accepted = new Map<string, UserInfo>();
  return {
    authenticate(request: RequestRecord): Awaitable<UserInfo | undefined> {
      const header = request.header('authorization') ?? '';
      const known = accepted.get(header);
      if (known !== undefined) return known;
      const token = bearerToken(request);
      if (token === undefined) return undefined;
      const user = users.get(digestOf(token));
      if (user === undefined) return Promise.reject(unauthorized());
      // Only where the token is the header's: it may have come as a subprotocol.
      if (header.length <= ACCEPTED_LENGTH_MAX && headerToken(header) === token) {
        if (accepted.size === ACCEPTED_MAX) accepted.clear();
        accepted.set(header, user);
      }
      return user;
    },
  };
}

/** Reads the text of a token file; `file` is for messages. Throws an AuthError `bad-token-file`. */
export function parseTokenFile(text: string, file: string): TokenUser[] {
  const lines = new Map<string, number>();
  const users: TokenUser[] = [];
  for (const record of recordsOf(text, file)) {
    const [token = '', username = '', uid = '', groups = ''] = record.fields;
    const refuse = (why: string): AuthError => refusal(file, record.line, why);
    if (record.fields.length < 3) {
      const found = record.fields.length;
      throw refuse(`needs at least 3 columns (token, user name, user uid), found ${found}`);
    }
    if (token === '') throw refuse('the token is empty');
    if (username === '') throw refuse('the user name is empty');
    const earlier = lines.get(token);
    if (earlier !== undefined) throw refuse(`has the same token as line ${earlier}`);
    lines.set(token, record.line);
    users.push({
      token,
      user: { username, uid, groups: groups.split(',').filter((group) => group !== ''), extra: {} },
    });
  }
  return users;
}

function recordsOf(text: string, file: string): CsvRecord[] {
  try {
    return readCsv(text.startsWith('\ufeff') ? text.slice(1) : text);
  } catch (error) {
    if (error instanceof CsvError) throw refusal(file, error.line, error.message);
    throw error;
  }
}

function refusal(file: string, line: number, why: string): AuthError {
  return new AuthError('bad-token-file', `token file ${file}, line ${line}: ${why}`);
}
