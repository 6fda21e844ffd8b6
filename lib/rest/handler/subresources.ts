/** What answers the subresources of a stored type: those that one of its versions has. */

import type { ResourceVersion } from '../../object/index.js';
import type { Answer, Awaitable } from '../../request/index.js';
import { subresourceHandlersOf } from '../definition/index.js';
import type { ResourceStore } from '../store/index.js';
import type { Context, RequestContext, VerbHandler, VerbTable } from './context.js';
import { callSubresource, connectSubresource } from './functions.js';
import { get } from './read.js';
import { getScale, patchScale, updateScale } from './scale.js';
import { patch, update } from './write.js';

/** A handler of a stored type. */
export type StoredVerb = (context: Context) => Awaitable<Answer>;

const STATUS: ReadonlyMap<string, StoredVerb> = new Map<string, StoredVerb>([
  ['get', get],
  ['update', update],
  ['patch', patch],
]);

const SCALE: ReadonlyMap<string, StoredVerb> = new Map<string, StoredVerb>([
  ['get', getScale],
  ['update', updateScale],
  ['patch', patchScale],
]);

/** Tables by the subresource's name. */
export function subresourceTables(
  store: ResourceStore,
  version: ResourceVersion,
): ReadonlyMap<string, VerbTable> {
  const tables = new Map<string, VerbTable>();
  if (version.statusSubresource) tables.set('status', boundTo(store, STATUS));
  if (version.scale !== undefined) tables.set('scale', boundTo(store, SCALE));
  for (const subresource of store.type.subresources ?? []) {
    const handlers = subresourceHandlersOf(store.type)?.[subresource.name];
    if (handlers === undefined) continue;
    const answer: StoredVerb = subresource.connects
      ? (context) => connectSubresource(context, subresource, handlers)
      : (context) => callSubresource(context, subresource, handlers);
    const verbs = subresource.verbs.map((verb) => [verb, answer] as const);
    tables.set(subresource.name, boundTo(store, new Map(verbs)));
  }
  return tables;
}

/** The handlers, for requests that are about this store's objects. */
export function boundTo(store: ResourceStore, verbs: ReadonlyMap<string, StoredVerb>): VerbTable {
  const bound = Array.from(verbs, ([verb, answer]): [string, VerbHandler] => {
    return [verb, (context) => answer(withStore(context, store))];
  });
  return new Map(bound);
}

// Member by member: spreading records is a good part of what a GET costs.
function withStore(context: RequestContext, store: ResourceStore): Context {
  const { type, version, apiVersion, printer, request, info, user, settings, representation } =
    context;
  return {
    type,
    version,
    apiVersion,
    printer,
    request,
    info,
    user,
    settings,
    representation,
    store,
  };
}
