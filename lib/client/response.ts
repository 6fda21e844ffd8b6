/** Reads what a server answers: a JSON body, a failure as a StatusError, a watch's events. */

import type { IncomingMessage } from 'node:http';

import type { UnknownObject } from '../object/index.js';
import { StatusError } from '../request/index.js';
import type { Status } from '../request/index.js';
import { ClientError, reasonOf } from './error.js';

/** No answer that is read whole is longer: a list of everything in a big cluster is less. */
const BODY_BYTES_MAX = 256 * 1024 * 1024;
/** No event is longer: an object is 3 MiB at most. */
const EVENT_LENGTH_MAX = 16 * 1024 * 1024;
/** How much of an unexpected answer is told. */
const EXCERPT_LENGTH_MAX = 512;

/** One event of a watch; an ERROR holds a Status. */
export interface ApiWatchEvent<T = UnknownObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

/** The body of a success. Rejects with a StatusError for everything else, or a ClientError. */
export async function readBody(response: IncomingMessage): Promise<unknown> {
  const text = await readText(response);
  if (!isSuccess(response)) throw failureOf(response, text);
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new ClientError('bad-response', `the answer is no JSON: ${excerpt(text)}`, error);
  }
}

/**
 * The events of a watch as they come, until the server ends it. Throws a StatusError for an ERROR
 * event or an answer that is no success, and a ClientError `connection-lost`.
 */
export async function* readEvents<T>(response: IncomingMessage): AsyncGenerator<ApiWatchEvent<T>> {
  if (!isSuccess(response)) throw failureOf(response, await readText(response));
  response.setEncoding('utf8');
  let rest = '';
  for await (const chunk of chunksOf<string>(response)) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield eventOf<T>(line);
    if (rest.length > EVENT_LENGTH_MAX) {
      throw new ClientError('bad-response', `an event is longer than ${EVENT_LENGTH_MAX}`);
    }
  }
}

const isSuccess = ({ statusCode = 0 }: IncomingMessage): boolean =>
  statusCode >= 200 && statusCode < 300;

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunksOf<Buffer>(response)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > BODY_BYTES_MAX) {
      throw new ClientError('bad-response', `the answer is longer than ${BODY_BYTES_MAX} bytes`);
    }
  }
  return Buffer.concat(chunks).toString();
}

async function* chunksOf<Chunk>(response: IncomingMessage): AsyncGenerator<Chunk> {
  try {
    yield* response as AsyncIterable<Chunk>;
  } catch (error) {
    throw new ClientError('connection-lost', `the answer broke off: ${reasonOf(error)}`, error);
  }
}

function eventOf<T>(line: string): ApiWatchEvent<T> {
  let event: { readonly type?: unknown; readonly object?: unknown } | null;
  try {
    event = JSON.parse(line) as typeof event;
  } catch (error) {
    throw new ClientError('bad-response', `an event is no JSON: ${excerpt(line)}`, error);
  }
  if (event?.type === 'ERROR') throw statusError(event.object as Partial<Status>, 500, 0, line);
  if (typeof event?.type !== 'string' || typeof event.object !== 'object') {
    throw new ClientError('bad-response', `that is no event: ${excerpt(line)}`);
  }
  return event as ApiWatchEvent<T>;
}

function failureOf(response: IncomingMessage, text: string): StatusError {
  const { statusCode = 0, headers } = response;
  const retryAfter = Number(headers['retry-after'] ?? 0);
  const seconds = Number.isInteger(retryAfter) && retryAfter > 0 ? retryAfter : 0;
  let status: Partial<Status> = {};
  try {
    const body = JSON.parse(text) as Partial<Status> | null;
    if (body?.kind === 'Status') status = body;
  } catch {
    // Not every answer is a Status: proxies and filters answer with text.
  }
  return statusError(status, statusCode, seconds, text);
}

function statusError(
  status: Partial<Status>,
  code: number,
  retryAfterSeconds: number,
  text: string,
): StatusError {
  const details = { ...status.details };
  return new StatusError({
    code: status.code ?? code,
    reason: status.reason ?? REASONS.get(code) ?? 'Unknown',
    message: status.message ?? `the server answered ${code}: ${excerpt(text)}`,
    details: retryAfterSeconds > 0 ? { ...details, retryAfterSeconds } : details,
  });
}

// What a code means where no Status tells it (apimachinery `NewGenericServerResponse`).
const REASONS: ReadonlyMap<number, string> = new Map([
  [400, 'BadRequest'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'NotFound'],
  [405, 'MethodNotAllowed'],
  [406, 'NotAcceptable'],
  [409, 'Conflict'],
  [410, 'Gone'],
  [413, 'RequestEntityTooLarge'],
  [415, 'UnsupportedMediaType'],
  [422, 'Invalid'],
  [429, 'TooManyRequests'],
  [500, 'InternalError'],
  [503, 'ServiceUnavailable'],
  [504, 'Timeout'],
]);

const excerpt = (text: string): string => text.slice(0, EXCERPT_LENGTH_MAX).trim();
