/**
 * Reading through to another system: what its objects are, and how it is asked for them. The server
 * keeps them in a watch cache, so that LIST, WATCH, bookmarks, pages, selectors and
 * resourceVersions are those of any stored type.
 */

import type { UnknownObject } from '../../object/index.js';
import { DefinitionField, isRecord } from '../definition/field.js';
import { DefinitionError, type DefinitionProblem } from '../definition/problem.js';
import type { Awaitable } from './contract.js';

/** Where an object is. */
export interface SourceKey {
  /** Left out where the type has no namespaces. */
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** All rows that there are now. */
export interface SourceState<Row> {
  readonly rows: Iterable<Row> | AsyncIterable<Row>;
  /** What the whole state is known by: the next poll is told, and may say `unchanged`. */
  readonly etag?: string | undefined;
}

/** What a poll is told. */
export interface PollContext {
  /** Of the last state that was taken over; `undefined`: none, or it had none. */
  readonly etag: string | undefined;
  /** Aborts when the poll takes too long, and when the server closes. */
  readonly signal: AbortSignal;
}

/** Asking for everything, again and again. */
export interface PollOptions<Row> {
  /** Milliseconds between the end of a poll and the next one. */
  readonly everyMs: number;
  /** Milliseconds that a poll may take. Default 30 000. */
  readonly timeoutMs?: number;
  /** All rows, in any order; or `unchanged`, where the state is that of `etag` still. */
  list(
    context: PollContext,
  ): Awaitable<Iterable<Row> | AsyncIterable<Row> | SourceState<Row> | 'unchanged'>;
}

/** An event of the other system. */
export type SourceEvent<Row> =
  /** Everything, as it is now: the first event, and any later one. */
  | ({ readonly type: 'state' } & SourceState<Row>)
  /** A row that is new or has changed. */
  | { readonly type: 'put'; readonly row: Row }
  | ({ readonly type: 'delete' } & SourceKey);

/** What `events` is told. */
export interface EventsContext {
  /** Aborts when the server closes, and when what was told could not be taken over. */
  readonly signal: AbortSignal;
}

/** Exactly one of `poll` and `events`. */
export interface ReadThroughOptions<T, Row = T> {
  readonly poll?: PollOptions<Row>;
  /**
   * Being told: begins with the state, then changes as they come. When it ends or throws it is
   * called anew, after a pause.
   */
  events?(context: EventsContext): AsyncIterable<SourceEvent<Row>>;
  /** The object that a row is. Default: the row itself. */
  object?(row: Row): T;
  /** Where the object of a row is. Default: as its metadata says. */
  key?(row: Row): SourceKey;
  /**
   * What a row's state is known by (a version column, an etag, a time of change): while it stays,
   * the row is passed over, and with a `key` not even made an object. Default: objects are
   * compared.
   */
  version?(row: Row): string | number | bigint | undefined;
  /** Milliseconds for which reading may fail before readiness does. Default 0. */
  readonly toleranceMs?: number;
}

/** A source whose rows are whatever they are. */
export type AnySource = ReadThroughOptions<UnknownObject, unknown>;

/** A source of objects of type T, for the option `readThrough` of `defineResource`. Frozen. */
export class ReadThrough<T = UnknownObject> {
  /** For the compiler alone. */
  declare protected readonly objectType?: T;
  /** Options, functions bound to them. */
  readonly source: AnySource;

  /** Made by `readThrough`. */
  constructor(source: AnySource) {
    this.source = Object.freeze(source);
    Object.freeze(this);
  }
}

/**
 * Describes a system whose objects are to be served. Throws a DefinitionError that names every
 * option at fault.
 *
 * @example
 * const lamps = defineResource<Lamp>({
 *   group: 'example.com',
 *   version: 'v1',
 *   kind: 'Lamp',
 *   readThrough: readThrough({
 *     poll: { everyMs: 5_000, list: ({ signal }) => query('SELECT * FROM lamps', signal) },
 *     key: (row) => ({ namespace: row.shop, name: row.name }),
 *     version: (row) => row.version,
 *     object: (row) => ({ metadata: { namespace: row.shop, name: row.name }, spec: row.spec }),
 *   }),
 * });
 */
export function readThrough<T extends object>(options: ReadThroughOptions<T>): ReadThrough<T>;
export function readThrough<T extends object, Row>(
  options: ReadThroughOptions<T, Row> & { object(row: Row): T },
): ReadThrough<T>;
export function readThrough<T extends object, Row>(
  options: ReadThroughOptions<T, Row>,
): ReadThrough<T> {
  const problems: DefinitionProblem[] = [];
  const source = readSource(new DefinitionField(options, 'readThrough', problems));
  if (problems.length > 0 || source === undefined) throw new DefinitionError(problems);
  return new ReadThrough<T>(source);
}

const KNOWN = ['poll', 'events', 'object', 'key', 'version', 'toleranceMs'] as const;
const FUNCTIONS = ['events', 'object', 'key', 'version'] as const;

function readSource(field: DefinitionField): AnySource | undefined {
  if (!field.isObject(isPlain(field.value) ? KNOWN : undefined)) return undefined;
  const source: { [name: string]: unknown } = {};
  for (const name of FUNCTIONS) {
    const member = field.member(name).callable(field.value as object);
    if (member !== undefined) source[name] = member;
  }
  const toleranceMs = readDuration(field.member('toleranceMs'));
  if (toleranceMs !== undefined) source['toleranceMs'] = toleranceMs;
  const poll = field.member('poll');
  const events = field.member('events');
  if (poll.isAbsent && events.isAbsent) field.refuse('must have poll or events');
  if (!poll.isAbsent && !events.isAbsent) events.refuse('must not stand beside poll');
  if (!poll.isAbsent) source['poll'] = readPoll(poll);
  return source as AnySource;
}

function readPoll(field: DefinitionField): PollOptions<unknown> | undefined {
  const known = isPlain(field.value) ? ['everyMs', 'timeoutMs', 'list'] : undefined;
  if (!field.isObject(known)) return undefined;
  const everyMs = readDuration(field.member('everyMs'));
  if (everyMs === undefined) field.member('everyMs').refuse('is required');
  const timeoutMs = readDuration(field.member('timeoutMs'));
  const list = field.member('list').callable(field.value as object);
  if (list === undefined && field.member('list').isAbsent)
    field.member('list').refuse('is required');
  return Object.freeze({
    everyMs: everyMs ?? 0,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    list: list as PollOptions<unknown>['list'],
  });
}

function readDuration(field: DefinitionField): number | undefined {
  const { value } = field;
  if (field.isAbsent) return undefined;
  if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return value;
  field.refuse('must be a number of milliseconds, 0 or more');
  return 0;
}

function isPlain(value: unknown): boolean {
  if (!isRecord(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
