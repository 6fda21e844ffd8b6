/**
 * The REST handler: which resource, version and verb a request means, and the answer to it.
 *
 *  1. It never rejects: whatever goes wrong is an answer.
 *  2. Unknown group, version, resource or subresource: 404. Known, but not for this method: 405.
 *  3. It needs nothing of the transport but the request record, and decides nothing by who asks:
 *     that is done in front of it.
 */

import type { ResourceType, ResourceVersion } from '../../object/index.js';
import { compareVersions } from '../../discovery/index.js';
import { apiVersionOf, isPathSegmentName } from '../../object/index.js';
import type {
  Answer,
  Awaitable,
  Logger,
  RequestInfo,
  RequestRecord,
  UserInfo,
} from '../../request/index.js';
import {
  badRequest,
  isPromise,
  methodNotAllowed,
  notFound,
  pageNotFound,
  quote,
  silentLogger,
  statusAnswer,
  warningHeaders,
} from '../../request/index.js';
import { MEDIA_TYPE_JSON, negotiate } from '../negotiation/index.js';
import { emptySource } from '../source/index.js';
import type { ResourceStore } from '../store/index.js';
import { toStatusFailure } from '../store/index.js';
import { TablePrinter } from '../table/index.js';
import type {
  Authorize,
  HandlerSettings,
  RequestContext,
  ServedResource,
  VerbHandler,
  VerbTable,
} from './context.js';
import { remove, removeCollection } from './delete.js';
import { get, list, watch } from './read.js';
import { failureAnswer } from './represent.js';
import { boundTo, subresourceTables } from './subresources.js';
import type { StoredVerb } from './subresources.js';
import { create, patch, update } from './write.js';

/** A resource whose objects are not stored: what it is, and what answers its verbs. */
export interface ServedElsewhere {
  readonly type: ResourceType;
  /** Made by whatever serves the type. @hidden */
  readonly verbs: VerbTable;
}

export interface RestHandlerOptions {
  /** One store per resource type. */
  readonly stores: Iterable<ResourceStore>;
  /** The types that are not stored; see VirtualResource. Default none. */
  readonly virtual?: Iterable<ServedElsewhere>;
  /** Milliseconds since the epoch, for ages in tables. Default Date.now. */
  readonly now?: () => number;
  /** A number in [0, 1), for the length of watches. Default Math.random. */
  readonly random?: () => number;
  /** Watches without a timeout of their own end after once to twice this. Default 1 800 s. */
  readonly watchTimeoutSecondsMin?: number;
  /**
   * Whether a watch ends with an ERROR event (410 Expired) when its client is so slow that events
   * which it has not read are gone. Default false, as upstream: it just ends.
   */
  readonly watchLossErrors?: boolean;
  /** Deletions at the same time for one DELETE of a collection. Default 1. */
  readonly deleteCollectionWorkers?: number;
  /**
   * Asked, besides what was asked in front of the handler, where one request does two things: a PUT
   * that creates must be allowed to create. Default: all is allowed.
   */
  readonly authorize?: Authorize;
  /** Default: one that says nothing. */
  readonly logger?: Logger;
}

/** Answers requests for resources. Never rejects. */
export type RestHandler = (
  request: RequestRecord,
  info: RequestInfo,
  user: UserInfo,
) => Awaitable<Answer>;

const RESOURCE_VERBS: ReadonlyMap<string, StoredVerb> = new Map<string, StoredVerb>([
  ['get', get],
  ['list', list],
  ['watch', watch],
  ['create', create],
  ['update', update],
  ['patch', patch],
  ['delete', remove],
  ['deletecollection', removeCollection],
]);

/** Verbs that make sense across all namespaces of a namespaced type. */
const ALL_NAMESPACES_VERBS: ReadonlySet<string> = new Set(['list', 'watch']);
/** Verbs that need a name; the others that take one are only reached with one. */
const NAMED_VERBS: ReadonlySet<string> = new Set(['update', 'patch']);
/** Verbs of collections. A watch may be of one object, when the path says `watch/…/NAME`. */
const UNNAMED_VERBS: ReadonlySet<string> = new Set(['list', 'create', 'deletecollection']);

/** How long a watch lasts at least that names no timeout: upstream's min-request-timeout. */
const WATCH_TIMEOUT_SECONDS_MIN = 1_800;

/** Throws a ColumnPathError when a type has a printer column that can't be read. */
export function createRestHandler(options: RestHandlerOptions): RestHandler {
  const resources = new Map<string, RoutedResource>();
  const add = (
    type: ResourceType,
    verbs: VerbTable,
    subresourcesOf: (version: ResourceVersion) => ReadonlyMap<string, VerbTable>,
  ): void => {
    for (const version of type.versions) {
      if (!version.served) continue;
      const printer = new TablePrinter(version.printerColumns);
      const apiVersion = apiVersionOf(type.group, version.name);
      resources.set(resourceKey(type.group, version.name, type.resource), {
        resource: { type, version, apiVersion, printer },
        verbs,
        subresources: subresourcesOf(version),
        warnings: deprecation(type, version),
      });
    }
  };
  for (const store of options.stores) {
    add(store.type, boundTo(store, RESOURCE_VERBS), (version) => subresourceTables(store, version));
  }
  for (const { type, verbs } of options.virtual ?? []) add(type, verbs, () => new Map());
  const settings: HandlerSettings = {
    now: options.now ?? Date.now,
    random: options.random ?? Math.random,
    watchTimeoutSecondsMin: options.watchTimeoutSecondsMin ?? WATCH_TIMEOUT_SECONDS_MIN,
    watchLossErrors: options.watchLossErrors ?? false,
    deleteCollectionWorkers: options.deleteCollectionWorkers ?? 1,
    authorize: options.authorize ?? (async () => undefined),
    logger: options.logger ?? silentLogger,
  };
  return (request, info, user) => {
    const key = resourceKey(info.group, info.version, info.resource);
    const routed = info.isResourceRequest ? resources.get(key) : undefined;
    if (routed === undefined) return statusAnswer(pageNotFound());
    return serve(routed, { request, info, user, settings });
  };
}

/** A resource, and what answers its requests. */
interface RoutedResource {
  readonly resource: ServedResource;
  readonly verbs: VerbTable;
  /** By the subresource's name. */
  readonly subresources: ReadonlyMap<string, VerbTable>;
  /** Headers of every answer. */
  readonly warnings: Answer['headers'];
}

function serve(
  routed: RoutedResource,
  asked: Pick<RequestContext, 'request' | 'info' | 'user' | 'settings'>,
): Awaitable<Answer> {
  const { request, info } = asked;
  const failed = (error: unknown): Answer => {
    const failure = toStatusFailure(routed.resource.type, info.verb, error);
    return forMethod(request.method, failureAnswer(request, failure, routed.warnings));
  };
  try {
    const answering = call(routed, asked);
    if (!isPromise(answering)) return finished(answering, request, routed);
    return answering.then((answer) => finished(answer, request, routed)).catch(failed);
  } catch (error) {
    return failed(error);
  }
}

function call(
  routed: RoutedResource,
  { request, info, user, settings }: Pick<RequestContext, 'request' | 'info' | 'user' | 'settings'>,
): Awaitable<Answer> {
  const { type, version, apiVersion, printer } = routed.resource;
  const verb = route(info, routed);
  const mediaTypes = info.verb === 'watch' ? ([MEDIA_TYPE_JSON] as const) : undefined;
  const representation = negotiate(request, mediaTypes);
  return verb({
    type,
    version,
    apiVersion,
    printer,
    request,
    info,
    user,
    settings,
    representation,
  });
}

function finished(answer: Answer, { method }: RequestRecord, { warnings }: RoutedResource): Answer {
  if (warnings.length === 0) return forMethod(method, answer);
  return forMethod(method, { ...answer, headers: [...answer.headers, ...warnings] });
}

// Throws 404 or 405.
function route(
  info: RequestInfo,
  { resource: { type }, verbs, subresources }: RoutedResource,
): VerbHandler {
  const { verb, namespace, subresource, parts } = info;
  const name = parts[1] ?? '';
  const isAllNamespaces = type.namespaced && namespace === '';
  if (!type.namespaced && namespace !== '') throw pageNotFound();
  if (verb === 'proxy') throw pageNotFound();
  if (subresource !== '') {
    if (isAllNamespaces) throw pageNotFound();
    // As upstream: the object is said to be missing, not the subresource.
    const table = subresources.get(subresource);
    if (table === undefined) throw notFound(type, name);
    return table.get(verb) ?? refuse(type, verb);
  }
  const handler = verbs.get(verb) ?? refuse(type, verb);
  if (isAllNamespaces && !ALL_NAMESPACES_VERBS.has(verb)) throw pageNotFound();
  if (name === '') {
    if (NAMED_VERBS.has(verb)) throw badRequest('name must be provided');
  } else {
    if (UNNAMED_VERBS.has(verb)) refuse(type, verb);
    checkName(name);
  }
  return handler;
}

function checkName(name: string): void {
  const messages = isPathSegmentName(name);
  if (messages.length === 0) return;
  throw badRequest(`Name parameter invalid: ${quote(name)}: ${messages.join(';')}`);
}

function refuse(type: ResourceType, verb: string): never {
  throw methodNotAllowed(type, verb);
}

function resourceKey(group: string, version: string, resource: string): string {
  return `${group}/${version}/${resource}`;
}

function deprecation(type: ResourceType, version: ResourceVersion): Answer['headers'] {
  if (!version.deprecated) return [];
  return warningHeaders([version.deprecationWarning ?? defaultDeprecation(type, version)]);
}

// Names the version to use instead where there is a later one that is not deprecated.
function defaultDeprecation(type: ResourceType, version: ResourceVersion): string {
  const named = (name: string): string => `${apiVersionOf(type.group, name)} ${type.kind}`;
  const [better] = type.versions
    .filter(({ served, deprecated }) => served && !deprecated)
    .map(({ name }) => name)
    .filter((name) => compareVersions(name, version.name) < 0)
    .sort(compareVersions);
  const advice = better === undefined ? '' : `; use ${named(better)}`;
  return `${named(version.name)} is deprecated${advice}`;
}

function forMethod(method: string, answer: Answer): Answer {
  if (method !== 'HEAD') return answer;
  if (answer.source.type === 'pull') answer.source.close();
  return { ...answer, source: emptySource() };
}
