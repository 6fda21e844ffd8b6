/**
 * The discovery endpoints: which form a client gets by its Accept header, and what it may keep.
 *
 * 1. `/api` and `/apis` answer in the aggregated form to whoever asks for it first, with an ETag;
 *    clauses with other transforms are skipped, as if they were not there.
 * 2. Paths that are not discovery's are left to others.
 */

import { createHash } from 'node:crypto';
import type { ResourceType } from '../object/index.js';
import {
  StatusError,
  acceptsMediaType,
  bytesAnswer,
  emptyAnswer,
  jsonAnswer,
  matchesEtag,
  notAcceptable,
  parseAccept,
  statusAnswer,
} from '../request/index.js';
import type { AcceptClause, Answer, RequestRecord } from '../request/index.js';
import { aggregatedDiscovery } from './aggregated.js';
import { apiGroup, apiGroupList, apiResourceList, apiVersions } from './legacy.js';

/** Answers discovery's paths; undefined for every other path and for what is not served. */
export type DiscoveryHandler = (request: RequestRecord) => Answer | undefined;

/** Makes the handler for a fixed set of types. */
export function createDiscoveryHandler(types: readonly ResourceType[]): DiscoveryHandler {
  const aggregated = new Map<'named' | 'core', AggregatedDocument>();
  const aggregatedOnce = (groups: 'named' | 'core'): AggregatedDocument => {
    const document = aggregated.get(groups) ?? aggregatedDocument(types, groups);
    aggregated.set(groups, document);
    return document;
  };
  return (request) => {
    const segments = request.path.replace(/^\/|\/$/g, '').split('/');
    const document = legacyDocument(types, segments, request);
    if (document === undefined) return undefined;
    if (request.method !== 'GET' && request.method !== 'HEAD') return methodRefused();
    const isRoot = segments.length === 1;
    const form = negotiate(request, isRoot);
    if (form === undefined) return statusAnswer(notAcceptable(['application/json']));
    if (form === 'legacy') {
      return jsonAnswer(200, document, isRoot ? [['Vary', 'Accept']] : []);
    }
    return aggregatedAnswer(aggregatedOnce(segments[0] === 'api' ? 'core' : 'named'), request);
  };
}

const AGGREGATED_CONTENT_TYPE =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

interface AggregatedDocument {
  readonly bytes: Uint8Array;
  readonly etag: string;
}

function aggregatedDocument(
  types: readonly ResourceType[],
  groups: 'named' | 'core',
): AggregatedDocument {
  const list = aggregatedDiscovery(types, groups);
  const hash = createHash('sha512').update(JSON.stringify(list.items)).digest('hex');
  return {
    bytes: new TextEncoder().encode(`${JSON.stringify(list)}\n`),
    etag: `"${hash.toUpperCase()}"`,
  };
}

function aggregatedAnswer(document: AggregatedDocument, request: RequestRecord): Answer {
  const caching: Answer['headers'] = [
    ['ETag', document.etag],
    ['Vary', 'Accept'],
    ['Cache-Control', 'public'],
  ];
  return matchesEtag(request, document.etag)
    ? emptyAnswer(304, caching)
    : bytesAnswer(200, document.bytes, AGGREGATED_CONTENT_TYPE, caching);
}

function legacyDocument(
  types: readonly ResourceType[],
  segments: readonly string[],
  request: RequestRecord,
): unknown {
  const [prefix, first = '', second = ''] = segments;
  if (segments.slice(1).includes('')) return undefined;
  if (prefix === 'api') {
    if (segments.length === 1) return apiVersions(types, serverAddress(request));
    return segments.length === 2 ? apiResourceList(types, '', first) : undefined;
  }
  if (prefix !== 'apis') return undefined;
  if (segments.length === 1) return apiGroupList(types);
  if (segments.length === 2) return apiGroup(types, first);
  return segments.length === 3 && first !== '' ? apiResourceList(types, first, second) : undefined;
}

function serverAddress(request: RequestRecord): string {
  return request.header('host') ?? request.header(':authority') ?? '';
}

function negotiate(request: RequestRecord, isRoot: boolean): 'legacy' | 'aggregated' | undefined {
  for (const clause of parseAccept(request.headers('accept').join(','))) {
    if (!acceptsMediaType(clause, 'application/json')) continue;
    if (isAggregated(clause)) {
      if (isRoot) return 'aggregated';
    } else if (!clause.parameters.has('as')) {
      return 'legacy';
    }
  }
  return undefined;
}

function isAggregated({ parameters }: AcceptClause): boolean {
  return (
    parameters.get('as') === 'APIGroupDiscoveryList' &&
    parameters.get('g') === 'apidiscovery.k8s.io' &&
    parameters.get('v') === 'v2'
  );
}

function methodRefused(): Answer {
  const error = new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
  });
  return statusAnswer(error, [['Allow', 'GET, HEAD']]);
}
