/**
 * What a request asks for, read from its method, path and query alone: verb, API group, version,
 * resource, name (apiserver `endpoints/request.RequestInfo`, restated). Authorization, flow
 * control, metrics and routing all decide by it.
 *
 * 1. `/api/V/…` is the core group, `/apis/G/V/…` any other; anything shorter is no resource request
 *    and its verb is the method in lower case.
 * 2. The path is decoded as a whole and then split: an encoded slash separates like any other.
 * 3. `namespaces/<ns>/…` belongs to what follows, but `status` and `finalize` are subresources of
 *    the namespace itself.
 */

import {
  SelectorError,
  isPathSegmentName,
  parseFieldSelector,
  parseLabelSelector,
} from '../object/index.js';
import { badRequest, internalError } from './errors.js';

export interface RequestInfo {
  readonly isResourceRequest: boolean;
  /** The decoded path. */
  readonly path: string;
  /**
   * For a resource: get, list, watch, create, update, patch, delete, deletecollection, proxy, or ''
   * for a method that has no meaning. Else the method in lower case.
   */
  readonly verb: string;
  /** `api` or `apis`; '' where it is no resource request. */
  readonly apiPrefix: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** The path from the resource on: resource, name, subresource, and what nobody interprets. */
  readonly parts: readonly string[];
  /** As sent, with list, watch and deletecollection only; else ''. */
  readonly fieldSelector: string;
  readonly labelSelector: string;
}

const API_PREFIXES: ReadonlySet<string> = new Set(['api', 'apis']);
/** Verbs that older clients put in front of the resource. */
const PATH_VERBS: ReadonlySet<string> = new Set(['proxy', 'watch']);
const NAMESPACE_SUBRESOURCES: ReadonlySet<string> = new Set(['status', 'finalize']);
const SELECTING_VERBS: ReadonlySet<string> = new Set(['list', 'watch', 'deletecollection']);
const METHOD_VERBS: ReadonlyMap<string, string> = new Map([
  ['POST', 'create'],
  ['GET', 'get'],
  ['HEAD', 'get'],
  ['PUT', 'update'],
  ['PATCH', 'patch'],
  ['DELETE', 'delete'],
]);

/**
 * Reads a request's method, path (percent-encoded, without the query) and query.
 *
 * Throws a StatusError: 400 for a path that can't be decoded, 500 for a path verb without a
 * resource.
 */
export function parseRequestInfo(
  method: string,
  path: string,
  query: URLSearchParams,
): RequestInfo {
  const decoded = decodePath(path);
  const located = locate(decoded);
  if (located === undefined) return { ...NOTHING, path: decoded, verb: method.toLowerCase() };
  const { apiPrefix, group, version } = located;
  let { segments } = located;
  let verb = METHOD_VERBS.get(method) ?? '';
  if (PATH_VERBS.has(segments[0] ?? '')) {
    if (segments.length < 2) {
      throw internalError(
        `failed to create RequestInfo: unable to determine kind and namespace from url, ${path}`,
      );
    }
    verb = segments[0] ?? '';
    segments = segments.slice(1);
  }
  const { namespace, parts } = takeNamespace(segments);
  const [resource = '', partName = '', third = ''] = parts;
  const selected =
    partName === '' && verb === 'get' ? listOrWatch(query) : { verb, name: partName };
  const name = selected.name;
  verb = name === '' && verb === 'delete' ? 'deletecollection' : selected.verb;
  const selecting = SELECTING_VERBS.has(verb);
  return {
    isResourceRequest: true,
    path: decoded,
    verb,
    apiPrefix,
    group,
    version,
    namespace,
    resource,
    subresource: verb === 'proxy' ? '' : third,
    name,
    parts,
    fieldSelector: selecting ? (query.get('fieldSelector') ?? '') : '',
    labelSelector: selecting ? (query.get('labelSelector') ?? '') : '',
  };
}

/**
 * A boolean query parameter: absent, `0` and `false` (in any case) are false; everything else is
 * true, the empty string too (`?watch`).
 */
export function booleanParameter(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}

const NOTHING: Omit<RequestInfo, 'path' | 'verb'> = {
  isResourceRequest: false,
  apiPrefix: '',
  group: '',
  version: '',
  namespace: '',
  resource: '',
  subresource: '',
  name: '',
  parts: [],
  fieldSelector: '',
  labelSelector: '',
};

function decodePath(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch (error) {
    throw badRequest(`invalid URL escape in the request path: ${path}`, error);
  }
}

interface Located {
  readonly apiPrefix: string;
  readonly group: string;
  readonly version: string;
  readonly segments: readonly string[];
}

function locate(path: string): Located | undefined {
  const all = withoutOuterSlashes(path).split('/');
  const [apiPrefix = '', first = '', second = ''] = all;
  if (all.length < 3 || !API_PREFIXES.has(apiPrefix)) return undefined;
  if (apiPrefix === 'api') {
    return { apiPrefix, group: '', version: first, segments: all.slice(2) };
  }
  if (all.length < 4) return undefined;
  return { apiPrefix, group: first, version: second, segments: all.slice(3) };
}

function withoutOuterSlashes(path: string): string {
  let start = 0;
  let end = path.length;
  while (path[start] === '/') start++;
  while (end > start && path[end - 1] === '/') end--;
  return path.slice(start, end);
}

function takeNamespace(segments: readonly string[]): {
  readonly namespace: string;
  readonly parts: readonly string[];
} {
  if (segments[0] !== 'namespaces' || segments.length < 2)
    return { namespace: '', parts: segments };
  const namespace = segments[1] ?? '';
  const further = segments[2];
  if (further === undefined || NAMESPACE_SUBRESOURCES.has(further)) {
    return { namespace, parts: segments };
  }
  return { namespace, parts: segments.slice(2) };
}

// A collection that is read for one name counts as a request for that name, so that a rule for that
// name allows it. Options that can't be read name nothing: the handler refuses them later.
function listOrWatch(query: URLSearchParams): { readonly verb: string; readonly name: string } {
  const verb = booleanParameter(query, 'watch') ? 'watch' : 'list';
  const selector = query.get('fieldSelector') ?? '';
  if (selector === '' || !optionsAreReadable(query)) return { verb, name: '' };
  const exact = exactName(selector);
  return { verb, name: isPathSegmentName(exact).length === 0 ? exact : '' };
}

function exactName(selector: string): string {
  const requirements = unlessMalformed(() => parseFieldSelector(selector)) ?? [];
  const exact = requirements.find(
    ({ path, operator }) => path === 'metadata.name' && operator === 'Equals',
  );
  return exact?.value ?? '';
}

function optionsAreReadable(query: URLSearchParams): boolean {
  const numbers = ['limit', 'timeoutSeconds'].map((name) => query.get(name) ?? '');
  if (!numbers.every((text) => text === '' || /^[+-]?[0-9]{1,19}$/.test(text))) return false;
  const labels = query.get('labelSelector') ?? '';
  return unlessMalformed(() => parseLabelSelector(labels)) !== undefined;
}

function unlessMalformed<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof SelectorError) return undefined;
    throw error;
  }
}
