/**
 * Continue tokens: where the next page of a list begins, and at which revision.
 *
 * A token is the unpadded URL-safe base64 of
 * `{"v":"meta.k8s.io/v1","rv":4711,"start":"ns1/a\u0000","of":"…"}`, as upstream writes it but for
 * the last field: `start` is the last key of the page and a NUL, less the prefix of the list (its
 * namespace). Clients keep tokens as they are, but anybody can make one:
 *  1. A `start` that climbs out of the list's prefix (`..`, `//`) is refused.
 *  2. `rv` -1 asks for the newest revision from `start` on: an inconsistent continuation.
 *  3. Nothing of a token is trusted to be a key that exists.
 *  4. `of` is a checksum of the other fields and of the list that the page was of: a token that was
 *     changed, or that comes with another type or scope, is refused, where upstream goes on at a
 *     wrong place. It needs no secret, so every server over the same store knows it; it keeps
 *     mistakes out and nobody who means harm, who gains nothing: whatever a token says, a list has
 *     only objects of the type and scope that were asked for. One without it is upstream's.
 */

import { createHash } from 'node:crypto';

import type { ObjectKey } from '../object/index.js';
import { CacheError } from './contract.js';

/** What a token says. */
export interface Continuation {
  /** The revision of the page before; below 0: the newest. */
  readonly revision: bigint;
  /** Where to go on, relative to the list's prefix. */
  readonly start: string;
}

/** The list that a token belongs to. */
export interface TokenScope {
  /** The cache's name. */
  readonly cache: string;
  /** `undefined`: all namespaces. */
  readonly namespace: string | undefined;
}

const TOKEN_VERSION = 'meta.k8s.io/v1';
/** Of the checksum: enough that a changed token does not pass by chance. */
const CHECKSUM_BYTES = 6;
const BASE64_URL = /^[A-Za-z0-9_-]+$/;
const INT64_MAX = 2n ** 63n - 1n;
// No text inside the token's JSON can look like this: quotes are escaped there.
const REVISION_FIELD = /"rv"\s*:\s*(-?(?:0|[1-9][0-9]*))\s*[,}]/g;

const decoder = new TextDecoder('utf-8', { fatal: true });

export function encodeContinue(continuation: Continuation, scope: TokenScope): string {
  const { revision, start } = continuation;
  const fields = `"v":"${TOKEN_VERSION}","rv":${revision},"start":${quoteJson(start)}`;
  const json = `{${fields},"of":"${checksum(continuation, scope)}"}`;
  return Buffer.from(json).toString('base64url');
}

/** Throws a CacheError `invalid-continue` for what is no token, or none of this list. */
export function decodeContinue(token: string, scope: TokenScope): Continuation {
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
  const start = decodeStart(fields.start ?? '');
  const continuation = { revision, start };
  if (fields.of !== undefined && fields.of !== checksum(continuation, scope)) {
    throw invalidKey('it was not given with a page of this list');
  }
  return continuation;
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

interface TokenFields {
  readonly v?: unknown;
  readonly rv?: unknown;
  readonly start?: unknown;
  readonly of?: unknown;
}

function decodeFields(json: string): TokenFields {
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

function decodeStart(start: unknown): string {
  if (typeof start !== 'string') throw invalidKey('its start is not a string');
  if (start === '') throw invalidKey(`encoded start key empty (version ${TOKEN_VERSION})`);
  // Half a surrogate pair is no text that a key could have, and has no UTF-8.
  if (Buffer.from(start).toString() !== start) throw invalidKey('its start is not Unicode');
  if (!isClean(start)) throw invalidKey(start);
  return start;
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

// Lengths in front, so that no part can pretend to be two.
function checksum({ revision, start }: Continuation, { cache, namespace }: TokenScope): string {
  const place = namespace === undefined ? '*' : `/${namespace}`;
  const text = [cache, place, `${revision}`, start].map((part) => `${part.length}:${part}`);
  const digest = createHash('sha256').update(text.join('')).digest();
  return digest.subarray(0, CHECKSUM_BYTES).toString('base64url');
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
