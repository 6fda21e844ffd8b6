/**
 * GET of one object, LIST, and WATCH: all out of the cache.
 *
 *  1. Whole objects go out as the bytes that the cache holds; tables and metadata are made here.
 *  2. A list holds its state until its source is closed, a watch its cursor: whoever takes the
 *     answer closes the source, whatever happens.
 */

import type { CacheListOptions, GetOptions } from '../../cache/index.js';
import type { FieldRequirement } from '../../object/index.js';
import type {
  Answer,
  Awaitable,
  BytesSource,
  PullSource,
  RequestRecord,
} from '../../request/index.js';
import { booleanParameter, expired, isPromise, notFound } from '../../request/index.js';
import type { BookmarkEvent, WatchEvent, WatchStream } from '../../watch/index.js';
import { INITIAL_EVENTS_END } from '../../watch/index.js';
import { MEDIA_TYPE_JSON } from '../negotiation/index.js';
import type { ListOptions, ListOptionsKind } from '../options/index.js';
import { parseListOptions, textParameter } from '../options/index.js';
import { EndingSource, errorEvent, eventsSource } from '../source/index.js';
import { toStatusFailure, toStreamFailure } from '../store/index.js';
import { partialObjectMetadata, type TableOptions } from '../table/index.js';
import type { ReadContext, RequestContext } from './context.js';
import {
  bodyAnswer,
  checkRepresentation,
  listAnswer,
  objectAnswer,
  tableOptions,
} from './represent.js';

/** Throws or rejects with a StatusError: 404, 406, and what the cache can't do. */
export function get(context: ReadContext): Awaitable<Answer> {
  checkRepresentation(context, false);
  if (context.representation.transformation !== undefined) return getTransformed(context);
  const { store, info } = context;
  try {
    const found = store.cache.document(info.namespace, info.name, getOptions(context));
    if (!isPromise(found)) return wholeAnswer(context, found);
    return found.then(
      (body) => wholeAnswer(context, body),
      (error: unknown) => {
        throw toStatusFailure(context.type, 'get', error);
      },
    );
  } catch (error) {
    throw toStatusFailure(context.type, 'get', error);
  }
}

async function getTransformed(context: ReadContext): Promise<Answer> {
  return objectAnswer(context, 200, await objectBytes(context));
}

function wholeAnswer(context: ReadContext, body: BytesSource | undefined): Answer {
  if (body === undefined) throw notFound(context.type, context.info.name);
  return bodyAnswer(context, 200, body);
}

/** The object that the request names, in its version. Rejects with a StatusError 404. */
export async function objectBytes(context: ReadContext): Promise<Uint8Array> {
  const { store, type, info } = context;
  try {
    const object = await store.cache.get(info.namespace, info.name, getOptions(context));
    if (object === undefined) throw notFound(type, info.name);
    return object.bytes;
  } catch (error) {
    throw toStatusFailure(type, 'get', error);
  }
}

function getOptions({ request, apiVersion }: RequestContext): GetOptions {
  const resourceVersion = textParameter(request.query, 'resourceVersion');
  const signal = (): AbortSignal => request.signal;
  if (resourceVersion === undefined) return { apiVersion, signal };
  return { apiVersion, signal, resourceVersion };
}

export async function list(context: ReadContext): Promise<Answer> {
  const { store, type, version, request } = context;
  checkRepresentation(context, true);
  const options = parseListOptions(request.query, type, version, 'list');
  try {
    return listAnswer(context, await store.cache.list(listOptions(context, options)));
  } catch (error) {
    throw toStatusFailure(type, 'list', error);
  }
}

/** What the cache is asked for. */
export function listOptions(context: RequestContext, options: ListOptions): CacheListOptions {
  const { request, info, apiVersion } = context;
  const { resourceVersion, resourceVersionMatch, limit } = options;
  return {
    apiVersion,
    signal: request.signal,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    ...(options.shardSelector === undefined ? {} : { shardSelector: options.shardSelector }),
    ...(info.namespace === '' ? {} : { namespace: info.namespace }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(resourceVersionMatch === undefined ? {} : { resourceVersionMatch }),
    ...(limit === undefined ? {} : { limit }),
    ...(options.continue === undefined ? {} : { continue: options.continue }),
  };
}

/**
 * A failure that is found out before the head is sent is an HTTP error, but what history or
 * freshness can't give is told in the stream, as clients expect (upstream's watch handler has begun
 * by then).
 */
export async function watch(context: ReadContext): Promise<Answer> {
  const { type, version, request } = context;
  checkWatchRepresentation(context);
  const options = parseListOptions(request.query, type, version, optionsKind(request));
  const headers: Answer['headers'] = [['Content-Type', MEDIA_TYPE_JSON]];
  let stream: WatchStream;
  try {
    stream = await openStream(context, options);
  } catch (error) {
    const told = toStreamFailure(error);
    if (told === undefined) throw toStatusFailure(type, 'watch', error);
    return { status: 200, headers, source: errorEvent(told.toStatus()) };
  }
  const source = streamSource(context, stream);
  if (!context.settings.watchLossErrors) return { status: 200, headers, source };
  const loss = (): unknown =>
    stream.endReason === 'expired' ? expired(EVENTS_LOST).toStatus() : undefined;
  return { status: 200, headers, source: new EndingSource(source, loss) };
}

/** Upstream's text, of a watch that its storage could not go on with. */
const EVENTS_LOST = 'The resourceVersion for the provided watch is too old.';

/** Refuses, before a watch is opened, what its events can't be shown as. Throws 406 or 400. */
export function checkWatchRepresentation(context: RequestContext): void {
  const { transformation } = context.representation;
  if (transformation === 'Table') void tableOptions(context);
  if (transformation === 'PartialObjectMetadataList') checkRepresentation(context, false);
}

// Where only the path says that it is a watch, upstream reads the options of a list.
function optionsKind({ query }: RequestRecord): ListOptionsKind {
  return booleanParameter(query, 'watch') ? 'watch' : 'list';
}

function openStream(context: ReadContext, options: ListOptions): Promise<WatchStream> {
  const { store, request, info, apiVersion } = context;
  const { resourceVersion, sendInitialEvents } = options;
  return store.cache.watch({
    apiVersion,
    signal: request.signal,
    labelSelector: options.labelSelector,
    fieldSelector: [...options.fieldSelector, ...nameRequirement(context)],
    ...(options.shardSelector === undefined ? {} : { shardSelector: options.shardSelector }),
    allowBookmarks: options.allowWatchBookmarks,
    timeoutMs: timeoutMs(context, options.timeoutSeconds),
    ...(info.namespace === '' ? {} : { namespace: info.namespace }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(sendInitialEvents === undefined ? {} : { sendInitialEvents }),
  });
}

// The path of a watch may go on to one object.
function nameRequirement({ info }: RequestContext): readonly FieldRequirement[] {
  const name = info.parts[1] ?? '';
  return name === '' ? [] : [{ path: 'metadata.name', operator: 'Equals', value: name }];
}

/**
 * How long a watch lasts: as long as is asked for, else a random time, so that the watches of a
 * restarted server do not all end at once.
 */
export function timeoutMs(
  { settings }: RequestContext,
  timeoutSeconds: number | undefined,
): number {
  if (timeoutSeconds === undefined || timeoutSeconds === 0) {
    return Math.floor(settings.watchTimeoutSecondsMin * 1_000 * (1 + settings.random()));
  }
  return Math.max(0, timeoutSeconds * 1_000);
}

function streamSource(context: RequestContext, stream: WatchStream): PullSource {
  const { type, apiVersion, printer, representation } = context;
  const { transformation } = representation;
  if (transformation === undefined) return stream.frames({ apiVersion, kind: type.kind });
  const shown = (event: WatchEvent): Uint8Array =>
    event.type === 'BOOKMARK' ? shownBookmark(context, event) : event.object.bytes;
  if (transformation === 'Table') {
    let withColumns = true;
    return eventsSource(stream.source(), (event) => {
      const table = printer.event(shown(event), eventOptions(context, event), withColumns);
      withColumns = false;
      return table;
    });
  }
  return eventsSource(stream.source(), (event) => partialObjectMetadata(shown(event)));
}

// That the initial events are over stands beside the cells: there it is always to be.
function eventOptions(context: RequestContext, event: WatchEvent): TableOptions {
  const options = tableOptions(context);
  const isEnd = event.type === 'BOOKMARK' && event.isInitialEventsEnd === true;
  return isEnd && options.includeObject === 'None'
    ? { ...options, includeObject: 'Metadata' }
    : options;
}

function shownBookmark(
  context: RequestContext,
  { object: { resourceVersion }, isInitialEventsEnd }: BookmarkEvent,
): Uint8Array {
  const annotations = isInitialEventsEnd === true ? { [INITIAL_EVENTS_END]: 'true' } : undefined;
  return bookmarkObject(context, resourceVersion, annotations);
}

/** The object of a BOOKMARK, as JSON. */
export function bookmarkObject(
  { type, apiVersion }: RequestContext,
  resourceVersion: string,
  annotations?: { readonly [name: string]: string },
): Uint8Array {
  const { kind } = type;
  const metadata = { ...(annotations === undefined ? {} : { annotations }), resourceVersion };
  return Buffer.from(JSON.stringify({ apiVersion, kind, metadata }));
}
