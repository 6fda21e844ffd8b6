/**
 * Objects and lists as the client wants to see them: themselves, tables, metadata only; JSON or
 * YAML. Objects that are shown as themselves in JSON are not parsed.
 */

import type { CachedList } from '../../cache/index.js';
import { decodeJson } from '../../object/lossless/index.js';
import type { Answer, BytesSource, RequestRecord, Source } from '../../request/index.js';
import { statusAnswer, StatusError } from '../../request/index.js';
import { encodeYaml } from '../body/index.js';
import { MEDIA_TYPE_JSON, MEDIA_TYPE_YAML, negotiate } from '../negotiation/index.js';
import { indentedSource, piecesSource } from '../source/index.js';
import type { ListMeta, TableOptions } from '../table/index.js';
import {
  listMetaText,
  parseIncludeObject,
  partialObjectMetadata,
  partialObjectMetadataList,
} from '../table/index.js';
import type { RequestContext } from './context.js';

type Headers = Answer['headers'];

const NEWLINE = Buffer.from('\n');

/** One object; `bytes` is its JSON. Throws a StatusError 406 or 400. */
export function objectAnswer(
  context: RequestContext,
  status: number,
  bytes: Uint8Array,
  headers: Headers = [],
): Answer {
  const json = Buffer.concat([showObject(context, bytes), NEWLINE]);
  return answer(context, status, { type: 'bytes', bytes: json }, headers);
}

/** One object as itself; `body` is its JSON and a newline. */
export function bodyAnswer(context: RequestContext, status: number, body: BytesSource): Answer {
  return answer(context, status, body, []);
}

/** A list, out of the root that it holds. Throws a StatusError 406 or 400; then closes the list. */
export function listAnswer(
  context: RequestContext,
  list: CachedList,
  headers: Headers = [],
): Answer {
  try {
    return answer(context, 200, listSource(context, list), headers);
  } catch (error) {
    list.close();
    throw error;
  }
}

/** Objects that are there already, as a list. Throws a StatusError 406 or 400. */
export function objectsAnswer(
  context: RequestContext,
  objects: readonly { readonly bytes: Uint8Array }[],
  meta: ListMeta,
  headers: Headers = [],
): Answer {
  const transformed = transformedList(context, () => objects, meta);
  const pieces = transformed ?? plainList(context, bytesOf(objects), meta);
  return answer(context, 200, piecesSource(pieces), headers);
}

/** A Status, such as of a deletion, in the media type that the client wants. */
export function documentAnswer(
  { representation }: Pick<RequestContext, 'representation'>,
  plain: Answer,
): Answer {
  if (representation.mediaType !== MEDIA_TYPE_YAML && !representation.pretty) return plain;
  const headers = plain.headers.filter(([name]) => name !== 'Content-Type');
  return answer({ representation }, plain.status, plain.source, headers);
}

/** The answer to what was thrown; in JSON where the client takes nothing that there is. */
export function failureAnswer(request: RequestRecord, thrown: unknown, headers: Headers): Answer {
  const plain = statusAnswer(thrown, headers);
  if (!plain.headers.some(([name, type]) => name === 'Content-Type' && type === MEDIA_TYPE_JSON)) {
    return plain;
  }
  try {
    return documentAnswer({ representation: negotiate(request) }, plain);
  } catch {
    return plain;
  }
}

/** Refuses, before anything is done, what could not be shown after it. Throws 406 or 400. */
export function checkRepresentation(context: RequestContext, isList: boolean): void {
  const { transformation } = context.representation;
  if (transformation === 'Table') void tableOptions(context);
  if (isList && transformation === 'PartialObjectMetadata') {
    throw mismatch(`you requested ${transformation}, but the requested object is a list`);
  }
  if (!isList && transformation === 'PartialObjectMetadataList') {
    throw mismatch(`you requested ${transformation}, but the requested object is not a list`);
  }
}

export function tableOptions(context: RequestContext): TableOptions {
  return {
    includeObject: parseIncludeObject(context.request.query.get('includeObject')),
    now: context.settings.now(),
  };
}

function mismatch(message: string): StatusError {
  return new StatusError({ code: 406, reason: 'NotAcceptable', message });
}

function showObject(context: RequestContext, bytes: Uint8Array): Uint8Array {
  checkRepresentation(context, false);
  switch (context.representation.transformation) {
    case 'Table':
      return context.printer.event(bytes, tableOptions(context), true);
    case 'PartialObjectMetadata':
      return partialObjectMetadata(bytes);
    default:
      return bytes;
  }
}

function listSource(context: RequestContext, list: CachedList): Source {
  const meta: ListMeta = {
    resourceVersion: list.resourceVersion,
    continue: list.continue,
    remainingItemCount: list.remainingItemCount,
    shardSelector: list.shardSelector,
  };
  const release = (): void => list.close();
  const transformed = transformedList(context, () => list.objects(), meta);
  if (transformed !== undefined) return piecesSource(transformed, release);
  return list.body(context.type.listKind, context.apiVersion);
}

function transformedList(
  context: RequestContext,
  objects: () => Iterable<{ readonly bytes: Uint8Array }>,
  meta: ListMeta,
): Iterable<Uint8Array> | undefined {
  checkRepresentation(context, true);
  switch (context.representation.transformation) {
    case 'Table':
      return context.printer.list(bytesOf(objects()), meta, tableOptions(context));
    case 'PartialObjectMetadataList':
      return partialObjectMetadataList(bytesOf(objects()), meta);
    default:
      return undefined;
  }
}

function* plainList(
  { type, apiVersion }: RequestContext,
  objects: Iterable<Uint8Array>,
  meta: ListMeta,
): Generator<Uint8Array> {
  const head = JSON.stringify({ kind: type.listKind, apiVersion }).slice(0, -1);
  let separator = `${head},"metadata":${listMetaText(meta)},"items":[`;
  for (const object of objects) {
    yield Buffer.from(separator);
    yield object;
    separator = ',';
  }
  yield Buffer.from(separator === ',' ? ']}\n' : `${separator}]}\n`);
}

function* bytesOf(objects: Iterable<{ readonly bytes: Uint8Array }>): Generator<Uint8Array> {
  for (const object of objects) yield object.bytes;
}

function answer(
  { representation }: Pick<RequestContext, 'representation'>,
  status: number,
  source: Source,
  headers: Headers,
): Answer {
  const contentType = ['Content-Type', representation.mediaType] as const;
  const all: Headers = headers.length === 0 ? [contentType] : [contentType, ...headers];
  if (representation.mediaType === MEDIA_TYPE_YAML) {
    return { status, headers: all, source: { type: 'bytes', bytes: asYaml(source) } };
  }
  return { status, headers: all, source: representation.pretty ? indentedSource(source) : source };
}

// YAML has no form that could be made piece by piece: the whole answer is read and written anew.
function asYaml(source: Source): Uint8Array {
  return encodeYaml(decodeJson(wholeBody(source)));
}

/** Bytes asked of a source at once. */
const PULL_BYTES = 256 * 1024;

function wholeBody(source: Source): Uint8Array {
  if (source.type === 'bytes') return source.bytes;
  if (source.type !== 'pull') throw new TypeError('a connection has no body');
  const chunks: Uint8Array[] = [];
  const lent: (() => void)[] = [];
  try {
    for (
      let pulled = source.pull(PULL_BYTES);
      pulled.type !== 'end';
      pulled = source.pull(PULL_BYTES)
    ) {
      if (pulled.type === 'abort') throw pulled.error;
      if (pulled.type === 'wait') throw new TypeError('a list does not wait');
      chunks.push(...pulled.chunks);
      if (pulled.release !== undefined) lent.push(pulled.release);
    }
    return Buffer.concat(chunks);
  } finally {
    for (const release of lent) release();
    source.close();
  }
}
