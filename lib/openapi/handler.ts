/**
 * The OpenAPI endpoints.
 *
 * 1. A document asked for with its present hash never changes: clients keep it for a year. With an
 *    older hash they are sent to the present one.
 * 2. There is no OpenAPI v2 here: kubectl goes on without where v3 answers.
 * 3. Documents are made at the first request and kept: types don't change.
 */

import type { ResourceType } from '../object/index.js';
import {
  StatusError,
  acceptsMediaType,
  bytesAnswer,
  emptyAnswer,
  matchesEtag,
  notAcceptable,
  pageNotFound,
  parseAccept,
  statusAnswer,
} from '../request/index.js';
import type { Answer, RequestRecord } from '../request/index.js';
import { documentUrl, openApiV3DocumentAt, openApiV3Paths, openApiV3Root } from './document.js';
import type { OpenApiDocument } from './document.js';

/**
 * Answers every path below `/openapi/`; undefined for every other path. `nowMs` is milliseconds
 * since the epoch: what may be kept expires a year from there.
 */
export type OpenApiHandler = (request: RequestRecord, nowMs: number) => Answer | undefined;

/** Makes the handler for a fixed set of types. */
export function createOpenApiHandler(types: readonly ResourceType[]): OpenApiHandler {
  const known = new Set(openApiV3Paths(types));
  const documents = new Map<string, OpenApiDocument>();
  const documentOf = (path: string): OpenApiDocument | undefined => {
    if (!known.has(path)) return undefined;
    const document = documents.get(path) ?? openApiV3DocumentAt(path, types);
    if (document !== undefined) documents.set(path, document);
    return document;
  };
  let root: OpenApiDocument | undefined;
  return (request, nowMs) => {
    const path = request.path.replace(/\/$/, '');
    if (path !== '/openapi' && !path.startsWith('/openapi/')) return undefined;
    if (path === V3) {
      root ??= openApiV3Root(types, documentOf);
      return refused(request) ?? documentAnswer(root, request, [['Vary', 'Accept']]);
    }
    const documentPath = path.startsWith(`${V3}/`) ? path.slice(V3.length + 1) : '';
    const document = documentOf(documentPath);
    if (document === undefined) return statusAnswer(pageNotFound());
    return refused(request) ?? versionAnswer(document, documentPath, request, nowMs);
  };
}

const V3 = '/openapi/v3';
/** How long a document may be kept by its hash: a year, the longest that Expires means. */
const IMMUTABLE_MS = 365 * 24 * 60 * 60 * 1_000;

function versionAnswer(
  document: OpenApiDocument,
  path: string,
  request: RequestRecord,
  nowMs: number,
): Answer {
  const hash = request.query.get('hash') ?? '';
  if (hash === '') return documentAnswer(document, request, [['Vary', 'Accept']]);
  if (hash !== document.hash) {
    return emptyAnswer(301, [['Location', documentUrl(path, document.hash)]]);
  }
  return documentAnswer(document, request, [
    ['Cache-Control', 'public, immutable'],
    ['Expires', new Date(nowMs + IMMUTABLE_MS).toUTCString()],
    ['Vary', 'Accept'],
  ]);
}

function documentAnswer(
  document: OpenApiDocument,
  request: RequestRecord,
  headers: Answer['headers'],
): Answer {
  const etag = `"${document.hash}"`;
  const all: Answer['headers'] = [['ETag', etag], ...headers];
  return matchesEtag(request, etag)
    ? emptyAnswer(304, all)
    : bytesAnswer(200, document.bytes, 'application/json', all);
}

function refused(request: RequestRecord): Answer | undefined {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    const error = new StatusError({
      code: 405,
      reason: 'MethodNotAllowed',
      message: 'the server does not allow this method on the requested resource',
    });
    return statusAnswer(error, [['Allow', 'GET, HEAD']]);
  }
  const clauses = parseAccept(request.headers('accept').join(','));
  const json = clauses.some((clause) => acceptsMediaType(clause, 'application/json'));
  return json ? undefined : statusAnswer(notAcceptable(['application/json']));
}
