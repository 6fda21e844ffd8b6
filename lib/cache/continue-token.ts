/**
 * Continue tokens: where the next page of a list begins, and at which revision.
 *
 * A token is the unpadded URL-safe base64 of
 * `{"v":"meta.k8s.io/v1","rv":4711,"start":"ns1/a\u0000"}`, as upstream writes it: `start` is the
 * last key of the page and a NUL, less the prefix of the list (its namespace). Clients keep tokens
 * as they are, but anybody can make one:
 *  1. A `start` that climbs out of the list's prefix (`..`, `//`) is refused.
 *  2. `rv` -1 asks for the newest revision from `start` on: an inconsistent continuation.
 *  3. Nothing of a token is trusted to be a key that exists.
 */

import type { ObjectKey } from '../object/index.js';
import { CacheError } from './contract.js';

/** What a token says. */
export interface Continuation {
  /** The revision of the page before; below 0: the newest. */
  readonly revision: bigint;
  /** Where to go on, relative to the list's prefix. */
  readonly start: string;
}

const TOKEN_VERSION = 'meta.k8s.io/v1';
const BASE64_URL = /^[A-Za-z0-9_-]+$/;
const INT64_MAX = 2n ** 63n - 1n;
// No text inside the token's JSON can look like this: quotes are escaped there.
const REVISION_FIELD = /"rv"\s*:\s*(-?(?:0|[1-9][0-9]*))\s*[,}]/g;

const decoder = new TextDecoder('utf-8', { fatal: true });

export function encodeContinue({ revision, start }: Continuation): string {
  const json = `{"v":"${TOKEN_VERSION}","rv":${revision},"start":${quoteJson(start)}}`;
  return Buffer.from(json).toString('base64url');
}

/** Throws a CacheError `invalid-continue` for what is not a token. */
export function decodeContinue(token: string): Continuation {
  const json = decodeText(token);
  const fields = decodeFields(json);
  if (fields.v !== TOKEN_VERSION) {
    // Only a text is repeated: making one of anything else may fail, or never end.
    const version = typeof fields.v === 'string' ? fields.v : '';
    throw invalidKey(`server does not recognize this encoded version ${version}`);
  }
  const revision = decodeRevision(json, fields.rv);
  if (revision === 0n) {
    throw invalidKey(`incorrect encoded start resourceVersion (version ${TOKEN_VERSION})`);
  }
  const start = fields.start ?? '';
  if (typeof start !== 'string') throw invalidKey('its start is not a string');
  if (start === '') throw invalidKey(`encoded start key empty (version ${TOKEN_VERSION})`);
  // Half a surrogate pair is no text that a key could have, and has no UTF-8.
  if (Buffer.from(start).toString() !== start) throw invalidKey('its start is not Unicode');
  if (!isClean(start)) throw invalidKey(start);
  return { revision, start };
}

/** The `start` of the page after the one that ends with `last`. */
export function startAfter(last: ObjectKey, listNamespace: string | undefined): string {
  const inNamespace = listNamespace !== undefined || last.namespace === '';
  return inNamespace ? `${last.name}\0` : `${last.namespace}/${last.name}\0`;
}

/** The first key of the page, within the list that is asked for now. */
export function startKey(
  start: string,
  listNamespace: string | undefined,
  namespaced: boolean,
): ObjectKey {
  const path = start.startsWith('/') ? start.slice(1) : start;
  if (listNamespace !== undefined) return { namespace: listNamespace, name: path };
  const slash = path.indexOf('/');
  if (slash >= 0) return { namespace: path.slice(0, slash), name: path.slice(slash + 1) };
  if (!namespaced) return { namespace: '', name: path };
  // A key within no namespace: the namespaces that come after it, itself included.
  return { namespace: path.endsWith('\0') ? path : `${path}\0`, name: '' };
}

function decodeText(token: string): string {
  if (typeof token !== 'string' || !BASE64_URL.test(token)) throw invalidKey('illegal base64 data');
  try {
    return decoder.decode(Buffer.from(token, 'base64url'));
  } catch (error) {
    throw invalidKey('illegal UTF-8', error);
  }
}

function decodeFields(json: string): { v?: unknown; rv?: unknown; start?: unknown } {
  let fields: unknown;
  try {
    fields = JSON.parse(json);
  } catch (error) {
    throw invalidKey('illegal JSON', error);
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw invalidKey('not an object');
  }
  return fields;
}

// From the text: revisions beyond 2^53 would not survive being a number.
function decodeRevision(json: string, value: unknown): bigint {
  if (value === undefined) return 0n;
  // The one that was parsed: there may be others inside fields that nobody knows.
  const lexeme = [...json.matchAll(REVISION_FIELD)]
    .map(([, digits = '']) => digits)
    .findLast((digits) => Number(digits) === value);
  const revision = lexeme === undefined ? undefined : BigInt(lexeme);
  if (revision === undefined || revision > INT64_MAX || revision < -INT64_MAX) {
    throw invalidKey('its resourceVersion is not an integer');
  }
  return revision;
}

// Whether cleaning the path (Go's path.Clean) would leave it as it is.
function isClean(start: string): boolean {
  const path = start.startsWith('/') ? start.slice(1) : start;
  if (path === '') return true;
  return path.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');
}

// Upstream's words, which it puts in front of every reason.
function invalidKey(why: string, cause?: unknown): CacheError {
  const message = `invalid continue token: continue key is not valid: ${why}`;
  return new CacheError('invalid-continue', message, { cause });
}

// JSON of a string, made without JSON.stringify: listing never depends on it.
function quoteJson(text: string): string {
  // oxlint-disable-next-line no-control-regex -- exactly these are escaped in JSON
  const escaped = text.replace(/["\\\u0000-\u001f]/g, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\${character}`;
  });
  return `"${escaped}"`;
}
