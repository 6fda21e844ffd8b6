/**
 * A resource that is not stored, as it is served: what answers each of its verbs. One for each
 * server; the definition that it is of may be served by many.
 */

import type { ResourceType } from '../../object/index.js';
import type { RequestContext, VerbHandler, VerbTable } from '../handler/context.js';
import type { VirtualHandlers } from './contract.js';
import { Invocation } from './invocation.js';
import { optionalObject, type OutgoingObject } from './outgoing.js';
import { expectedOf, getVerb, listVerb } from './read.js';
import type { VirtualSettings } from './settings.js';
import { watchVerb } from './watch.js';
import { writeVerbs } from './write.js';

export class VirtualResource {
  readonly type: ResourceType;
  /** For the server that puts the handlers together. @hidden */
  readonly verbs: VerbTable;

  constructor(type: ResourceType, handlers: VirtualHandlers<unknown>, settings: VirtualSettings) {
    this.type = type;
    const { get, list, watch } = handlers;
    const verbs: (readonly [string, VerbHandler])[] = [];
    if (get) verbs.push(['get', getVerb(get, settings)]);
    if (list) verbs.push(['list', listVerb(list, settings)]);
    if (watch) verbs.push(['watch', watchVerb(watch, settings)]);
    const read = get && presentBy(get, settings);
    this.verbs = new Map([
      ...verbs,
      ...writeVerbs({ handlers, settings, read, settle: undefined }),
    ]);
  }
}

function presentBy(get: NonNullable<VirtualHandlers<unknown>['get']>, settings: VirtualSettings) {
  return async (request: RequestContext): Promise<OutgoingObject | undefined> => {
    const invocation = new Invocation(request, settings, 'get');
    return invocation.run(
      (signal) => get({ ...invocation.context(signal), resourceVersion: undefined }),
      (given) => optionalObject(given, expectedOf(request)),
    );
  };
}
