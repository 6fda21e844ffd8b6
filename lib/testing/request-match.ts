/**
 * Which requests are meant: by faults, and when the record of requests is asked.
 *
 * A match that no request can ever meet is refused, with the reason: a fault that never hits would
 * let a test pass that tests nothing.
 */

import type { ResourceName, ServedTypes } from './served-types.js';
import { qualifiedResource, type ResourceType } from '../object/index.js';
import { TestingError } from './error.js';
import type { RecordedRequest } from './request-log.js';

/** All that is given has to hold; `{}` is every request. */
export interface RequestMatch {
  /** get, list, watch, create, update, patch, delete, deletecollection: one, or any of several. */
  readonly verb?: Verb | readonly Verb[];
  /** `widgets.example.com`, or what `defineResource` gave. */
  readonly resource?: ResourceName;
  /** `status`; '' for the object itself. Default: both. */
  readonly subresource?: string;
  readonly namespace?: string;
  /** Of the object; of a `create` the name in its body. */
  readonly name?: string;
  /** The name of the user who sent it. */
  readonly user?: string;
  /** For what is no resource: the path, such as `/readyz`, without the query. */
  readonly path?: string;
  /** Whatever else is to hold. */
  readonly where?: (request: RecordedRequest) => boolean;
}

export type Verb =
  'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

const VERBS: ReadonlySet<string> = new Set<Verb>([
  'get',
  'list',
  'watch',
  'create',
  'update',
  'patch',
  'delete',
  'deletecollection',
]);

/** What a match is checked against. */
export interface MatchContext {
  readonly types: ServedTypes;
  /** The users that the server knows. */
  readonly users: readonly string[];
}

const FIELDS = [
  'verb',
  'resource',
  'subresource',
  'namespace',
  'name',
  'user',
  'path',
  'where',
] as const;

/** Throws a TestingError: `invalid-options`, or `unknown-type`. */
export function checkMatch(match: RequestMatch, context: MatchContext): void {
  for (const field of Object.keys(match)) {
    if ((FIELDS as readonly string[]).includes(field)) continue;
    throw refusal(`has no field "${field}" (${FIELDS.join(', ')})`);
  }
  for (const field of ['subresource', 'namespace', 'name', 'user', 'path'] as const) {
    const value = match[field] as unknown;
    if (value === undefined || typeof value === 'string') continue;
    throw refusal(`needs a text as its ${field}, but was given ${String(value)}`);
  }
  checkVerbs(match);
  if (match.where !== undefined && typeof match.where !== 'function') {
    throw refusal('needs a function as its where');
  }
  const { resource, user, path } = match;
  if (resource !== undefined) checkScope(match, context.types.find(resource));
  if (user !== undefined && user !== '' && !context.users.includes(user)) {
    throw refusal(`names the user "${user}"; there are ${context.users.join(', ')}`);
  }
  if (path !== undefined) checkPath(match, path);
}

/** Whether a request is meant. The match has been checked. */
export function matches(match: RequestMatch, request: RecordedRequest): boolean {
  const { resource, path, where } = match;
  if (match.verb !== undefined && !verbsOf(match).includes(request.verb)) return false;
  if (resource !== undefined && nameOf(resource) !== request.resource) return false;
  for (const field of ['subresource', 'namespace', 'name', 'user'] as const) {
    const wanted = match[field];
    if (wanted !== undefined && wanted !== request[field]) return false;
  }
  if (path !== undefined && path !== request.url.split('?')[0]) return false;
  return where === undefined || where(request);
}

/** The verbs that a match allows; all where it names none. */
export function verbsOf({ verb }: RequestMatch): readonly string[] {
  if (verb === undefined) return [...VERBS];
  return typeof verb === 'string' ? [verb] : (verb as readonly string[]);
}

function checkVerbs(match: RequestMatch): void {
  const verbs = verbsOf(match);
  if (verbs.length === 0) throw refusal('allows no verb at all');
  for (const verb of verbs) {
    if (VERBS.has(verb)) continue;
    throw refusal(`names the verb "${String(verb)}"; there are ${[...VERBS].join(', ')}`);
  }
}

function checkScope(match: RequestMatch, type: ResourceType): void {
  const resource = qualifiedResource(type);
  const { namespace, name, subresource } = match;
  if (!type.namespaced && namespace !== undefined && namespace !== '') {
    throw refusal(`names a namespace, but ${resource} have none`);
  }
  const isCollection = verbsOf(match).every((verb) => verb === 'deletecollection');
  if (isCollection && name !== undefined && name !== '') {
    throw refusal('names an object, but deletecollection is of many');
  }
  const onlyCollections = verbsOf(match).every((verb) => COLLECTION_VERBS.has(verb));
  if (onlyCollections && subresource !== undefined && subresource !== '') {
    throw refusal(`names the subresource "${subresource}", which ${verbsOf(match).join()} has not`);
  }
}

const COLLECTION_VERBS: ReadonlySet<string> = new Set(['list', 'watch', 'deletecollection']);

function checkPath(match: RequestMatch, path: string): void {
  if (!path.startsWith('/')) throw refusal(`names the path "${path}", which does not begin in "/"`);
  if (path.includes('?'))
    throw refusal(`names the path "${path}" with a query: use where for that`);
  for (const field of ['resource', 'subresource', 'namespace', 'name'] as const) {
    if (match[field] === undefined) continue;
    throw refusal(`names a path and a ${field}: one of them says it all`);
  }
}

function nameOf(resource: ResourceName): string {
  return typeof resource === 'string' ? resource : qualifiedResource(resource);
}

const refusal = (why: string): TestingError =>
  new TestingError('invalid-options', `the match ${why}`);
