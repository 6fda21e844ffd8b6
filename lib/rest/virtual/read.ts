/** GET and LIST of a resource that has handlers. */

import type { Answer } from '../../request/index.js';
import { notFound } from '../../request/index.js';
import type { RequestContext, VerbHandler } from '../handler/context.js';
import { checkRepresentation, objectAnswer, objectsAnswer } from '../handler/represent.js';
import type { ListOptions } from '../options/index.js';
import { parseListOptions, textParameter } from '../options/index.js';
import type { VirtualHandlers, VirtualListContext } from './contract.js';
import { Invocation } from './invocation.js';
import { optionalObject, type Expected } from './outgoing.js';
import { readPageStart, servedPage, type GivenList, type ServedPage } from './page.js';
import { Selection } from './selection.js';
import type { VirtualSettings } from './settings.js';

type Get = NonNullable<VirtualHandlers<unknown>['get']>;
type List = NonNullable<VirtualHandlers<unknown>['list']>;

export function getVerb(get: Get, settings: VirtualSettings): VerbHandler {
  return async (request): Promise<Answer> => {
    checkRepresentation(request, false);
    const resourceVersion = textParameter(request.request.query, 'resourceVersion');
    const invocation = new Invocation(request, settings, 'get');
    const object = await invocation.run(
      (signal) => get({ ...invocation.context(signal), resourceVersion }),
      (given) => optionalObject(given, expectedOf(request)),
    );
    if (object === undefined) throw notFound(request.type, request.info.name);
    return objectAnswer(request, 200, object.bytes);
  };
}

export function listVerb(list: List, settings: VirtualSettings): VerbHandler {
  return async (request): Promise<Answer> => {
    checkRepresentation(request, true);
    const { type, version } = request;
    const options = parseListOptions(request.request.query, type, version, 'list');
    const invocation = new Invocation(request, settings, 'list');
    return pageAnswer(request, await askForPage(invocation, options, list));
  };
}

/** Calls a handler that gives a list. Rejects with a StatusError. */
export async function askForPage(
  invocation: Invocation,
  options: ListOptions,
  ask: (context: VirtualListContext) => ReturnType<List>,
  dryRun = false,
): Promise<ServedPage> {
  const { request } = invocation;
  const selection = new Selection(request, options);
  const { labelSelector, fieldSelector } = selection;
  const { limit, resourceVersion, resourceVersionMatch } = options;
  const start = readPageStart(options.continue);
  return invocation.run(
    (signal) =>
      ask({
        ...invocation.context(signal, { dryRun }),
        labelSelector,
        fieldSelector,
        limit,
        continue: start?.continue,
        resourceVersion,
        resourceVersionMatch,
      }),
    (given: GivenList) => servedPage(given, expectedOf(request), selection, start),
  );
}

export function pageAnswer(request: RequestContext, page: ServedPage): Answer {
  const { objects, ...meta } = page;
  return objectsAnswer(request, objects, meta);
}

/**
 * What objects of a request have to be: of its type and namespace, and of its name if it has one.
 */
export function expectedOf(request: RequestContext): Expected {
  const { type, version, apiVersion, info } = request;
  return { type, version, apiVersion, namespace: info.namespace, name: info.parts[1] ?? '' };
}
