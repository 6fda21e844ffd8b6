/** WATCH of a resource that has a handler for it. */

import type { JsonObject } from '../../object/lossless/index.js';
import { decodeJson, encodeJson } from '../../object/lossless/index.js';
import type { Answer } from '../../request/index.js';
import type { RequestContext, VerbHandler } from '../handler/context.js';
import { bookmarkObject, checkWatchRepresentation, timeoutMs } from '../handler/read.js';
import { tableOptions } from '../handler/represent.js';
import { MEDIA_TYPE_JSON } from '../negotiation/index.js';
import { parseListOptions } from '../options/index.js';
import { partialObjectMetadata } from '../table/index.js';
import type { VirtualHandlers } from './contract.js';
import { eventLine, HandlerEventSource } from './event-source.js';
import { HandlerFault } from './fault.js';
import { Invocation } from './invocation.js';
import { outgoingObject, type Expected, type OutgoingObject } from './outgoing.js';
import { expectedOf } from './read.js';
import { Selection } from './selection.js';
import type { VirtualSettings } from './settings.js';
import { Transitions, type ChangeType } from './transition.js';

type Watch = NonNullable<VirtualHandlers<unknown>['watch']>;

export function watchVerb(watch: Watch, settings: VirtualSettings): VerbHandler {
  return async (request): Promise<Answer> => {
    checkWatchRepresentation(request);
    const { type, version } = request;
    // What the state is at which revision, a handler does not say.
    const kind = 'watch-without-initial-events';
    const options = parseListOptions(request.request.query, type, version, kind);
    const { allowWatchBookmarks: allowBookmarks, resourceVersion } = options;
    const invocation = new Invocation(request, settings, 'watch');
    const selection = new Selection(request, options);
    const beganWithState = resourceVersion === undefined || resourceVersion === '0';
    const lines = new EventLines(request, selection, { beganWithState, allowBookmarks });
    const endsAfterMs = timeoutMs(request, options.timeoutSeconds);
    try {
      const source = new HandlerEventSource({
        open: (signal) =>
          asIterable(
            watch({
              ...invocation.context(signal),
              labelSelector: selection.labelSelector,
              fieldSelector: selection.fieldSelector,
              resourceVersion,
              allowBookmarks,
              timeoutMs: endsAfterMs,
            }),
          ),
        line: (event) => lines.of(event),
        failure: (error) => invocation.failure(error),
        clock: settings.clock,
        timeoutMs: endsAfterMs,
        signal: request.request.signal,
      });
      return { status: 200, headers: [['Content-Type', MEDIA_TYPE_JSON]], source };
    } catch (error) {
      throw invocation.failure(error);
    }
  };
}

/** What of the handler's events a client is shown, and how. */
class EventLines {
  readonly #request: RequestContext;
  readonly #expected: Expected;
  readonly #transitions: Transitions | undefined;
  readonly #allowBookmarks: boolean;
  #withColumns = true;

  constructor(
    request: RequestContext,
    selection: Selection,
    options: { readonly beganWithState: boolean; readonly allowBookmarks: boolean },
  ) {
    this.#request = request;
    this.#expected = expectedOf(request);
    this.#allowBookmarks = options.allowBookmarks;
    if (selection.isEmpty) return;
    this.#transitions = new Transitions(
      (object) => selection.meets(object),
      options.beganWithState,
    );
  }

  /** Throws a HandlerFault for what can't be shown. */
  of(given: unknown): Uint8Array | undefined {
    const event = asEvent(given);
    if (event.type === 'BOOKMARK') return this.#bookmark(event.resourceVersion);
    const object = this.#object(event.object, `the object of ${event.type}`);
    const previous =
      event.previous === undefined || event.previous === null
        ? undefined
        : this.#object(event.previous, `the previous object of ${event.type}`);
    const { type } = event;
    const shown = this.#transitions ? this.#transitions.of({ type, object, previous }) : type;
    if (shown === undefined) return undefined;
    const isLeaving = shown === 'DELETED' && type !== 'DELETED' && previous !== undefined;
    return eventLine(shown, this.#shape(isLeaving ? asLeft(previous, object) : object.bytes));
  }

  #object(value: unknown, which: string): OutgoingObject {
    return outgoingObject(value, this.#expected, which);
  }

  #bookmark(resourceVersion: unknown): Uint8Array | undefined {
    if (typeof resourceVersion !== 'string' || resourceVersion === '') {
      throw new HandlerFault('the resourceVersion of BOOKMARK is missing');
    }
    if (!this.#allowBookmarks) return undefined;
    return eventLine('BOOKMARK', this.#shape(bookmarkObject(this.#request, resourceVersion)));
  }

  #shape(bytes: Uint8Array): Uint8Array {
    const { printer, representation } = this.#request;
    const { transformation } = representation;
    if (transformation === undefined) return bytes;
    if (transformation !== 'Table') return partialObjectMetadata(bytes);
    const table = printer.event(bytes, tableOptions(this.#request), this.#withColumns);
    this.#withColumns = false;
    return table;
  }
}

// An object that leaves is shown as it was when it still met the selectors, at the revision at
// which it left.
function asLeft(previous: OutgoingObject, { resourceVersion }: OutgoingObject): Uint8Array {
  if (resourceVersion === '') return previous.bytes;
  const object = decodeJson(previous.bytes) as JsonObject;
  const metadata = object['metadata'] as JsonObject;
  return encodeJson({ ...object, metadata: { ...metadata, resourceVersion } });
}

interface GivenEvent {
  readonly type: ChangeType;
  readonly object: unknown;
  readonly previous?: unknown;
}

const CHANGE_TYPES: ReadonlySet<unknown> = new Set(['ADDED', 'MODIFIED', 'DELETED']);

function asEvent(
  given: unknown,
): GivenEvent | { readonly type: 'BOOKMARK'; readonly resourceVersion: unknown } {
  const { type } = (given ?? {}) as { readonly type?: unknown };
  if (type === 'BOOKMARK') return given as { type: 'BOOKMARK'; resourceVersion: unknown };
  if (CHANGE_TYPES.has(type)) return given as GivenEvent;
  const told = typeof type === 'string' ? JSON.stringify(type) : String(type);
  throw new HandlerFault(`an event is of type ${told}, not ADDED, MODIFIED, DELETED or BOOKMARK`);
}

function asIterable(given: unknown): AsyncIterable<unknown> {
  const make = (given as { [Symbol.asyncIterator]?: unknown } | null)?.[Symbol.asyncIterator];
  if (typeof make === 'function') return given as AsyncIterable<unknown>;
  throw new HandlerFault('it is no async iterable (an async generator is one, a promise is not)');
}
