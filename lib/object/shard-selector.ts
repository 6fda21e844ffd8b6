/**
 * Shard selectors (KEP-5866): a type's objects divided among clients by the hash of their uid, or
 * of their namespace.
 *
 *   shardRange(object.metadata.uid, '0x0000000000000000', '0x8000000000000000')
 *   shardRange(…) || shardRange(…)
 *
 * Rules, which are upstream's:
 *  1. The text is an expression of CEL in which nothing but `shardRange` and `||` may stand (and
 *     parentheses around either). It is read, never evaluated.
 *  2. A bound is `0x` and 16 digits in lower case; the end is not in the range, so that the highest
 *     one is 0x10000000000000000. The start is below the end.
 *  3. All ranges are of the same field.
 *  4. Hashes are FNV-1a of 64 bits, of the text as UTF-8. An absent value is the empty text.
 */

import { SelectorError } from './selector-error.js';

/** Fields that objects can be divided by. */
export type ShardField = 'object.metadata.uid' | 'object.metadata.namespace';

/** Hashes from `start` on and below `end`. */
export interface ShardRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** Some of the objects: those whose hash one of the ranges has. */
export interface ShardSelector {
  readonly field: ShardField;
  /** One at least. */
  readonly ranges: readonly ShardRange[];
}

/** Above all hashes. */
const HASHES = 2n ** 64n;

// 64 bits in two halves: numbers are an order of magnitude faster than bigints.
const FNV_OFFSET_HIGH = 0xcbf29ce4;
const FNV_OFFSET_LOW = 0x84222325;
/** The prime is this and 2^40. */
const FNV_PRIME_LOW = 0x1b3;
const HALF = 2 ** 32;

const FIELDS: readonly string[] = ['object.metadata.uid', 'object.metadata.namespace'];

const WORD = String.raw`(?<word>[A-Za-z_]\w*(?:[ \t]*\.[ \t]*[A-Za-z_]\w*)*)`;
const TEXT = String.raw`(?<text>'[^'\\\r\n]*'|"[^"\\\r\n]*")`;
const MARK = String.raw`(?<mark>\|\||[(),])`;
const TOKEN = new RegExp(String.raw`[ \t\r\n\f]*(?:${WORD}|${TEXT}|${MARK})`, 'y');

const MEANT = "shardRange(object.metadata.uid, '0x0000000000000000', '0x8000000000000000')";

/** More calls than this are no division of objects. */
const RANGES_MAX = 1_000;

/** Throws a SelectorError for what is no shard selector. */
export function parseShardSelector(text: string): ShardSelector {
  const tokens = new Tokens(text);
  if (tokens.isAtEnd) {
    throw refused('empty shard selector is not allowed; omit the parameter for unfiltered lists');
  }
  const ranges: (ShardRange & { readonly field: string })[] = [];
  readAlternatives(tokens, ranges, 0);
  if (!tokens.isAtEnd) throw tokens.unexpected();
  const { field } = ranges[0]!;
  const other = ranges.find((range) => range.field !== field);
  if (other !== undefined) {
    throw refused(`all shard ranges must use the same field, got "${field}" and "${other.field}"`);
  }
  return {
    field: field as ShardField,
    ranges: ranges.map(({ start, end }) => ({ start, end })),
  };
}

/** The selector in the one form that upstream writes. */
export function formatShardSelector({ field, ranges }: ShardSelector): string {
  return ranges
    .map(({ start, end }) => `shardRange(${field}, '${hex(start)}', '${hex(end)}')`)
    .join(' || ');
}

/**
 * Throws a SelectorError for a selector of a program's own that `parseShardSelector` would not have
 * made.
 */
export function checkShardSelector(selector: ShardSelector): void {
  const { field, ranges } = selector ?? {};
  if (!FIELDS.includes(field)) throw refused(unsupported(field));
  if (!Array.isArray(ranges) || ranges.length === 0) throw refused('there is no range');
  for (const { start, end } of ranges) checkRange(start, end);
}

/** FNV-1a, 64 bits, of bytes from `start` to `end`. */
export function shardHash(bytes: Uint8Array, start = 0, end: number = bytes.length): bigint {
  let high = FNV_OFFSET_HIGH;
  let low = FNV_OFFSET_LOW;
  for (let at = start; at < end; at++) {
    low = (low ^ bytes[at]!) >>> 0;
    const product = low * FNV_PRIME_LOW;
    high = (Math.imul(high, FNV_PRIME_LOW) + Math.floor(product / HALF) + (low << 8)) >>> 0;
    low = product >>> 0;
  }
  return (BigInt(high) << 32n) | BigInt(low);
}

/** Whether one of the ranges has the hash. */
export function hasShard({ ranges }: ShardSelector, hash: bigint): boolean {
  return ranges.some(({ start, end }) => hash >= start && hash < end);
}

/** Whether one of the ranges has the hash of this value of the selector's field. */
export function isInShard(selector: ShardSelector, value: string): boolean {
  return hasShard(selector, shardHash(Buffer.from(value)));
}

function readAlternatives(
  tokens: Tokens,
  ranges: (ShardRange & { readonly field: string })[],
  depth: number,
): void {
  do {
    if (ranges.length >= RANGES_MAX || depth > RANGES_MAX) throw refused('it has too many ranges');
    if (tokens.takes('(')) {
      readAlternatives(tokens, ranges, depth + 1);
      tokens.expect(')');
    } else {
      ranges.push(readRange(tokens));
    }
  } while (tokens.takes('||'));
}

function readRange(tokens: Tokens): ShardRange & { readonly field: string } {
  const name = tokens.word();
  if (name !== 'shardRange') {
    throw refused(`unsupported function "${name}"; only shardRange() and || are allowed`);
  }
  tokens.expect('(');
  const field = tokens.word();
  if (!FIELDS.includes(field)) throw refused(unsupported(field));
  tokens.expect(',');
  const start = readBound('hexStart', tokens.text());
  tokens.expect(',');
  const end = readBound('hexEnd', tokens.text());
  tokens.expect(')');
  checkRange(start, end);
  return { field, start, end };
}

function readBound(name: string, text: string): bigint {
  if (!text.startsWith('0x')) throw refused(`${name} must have '0x' prefix, got "${text}"`);
  const digits = text.slice(2);
  if (!/^[0-9a-f]+$/.test(digits)) {
    throw refused(`${name} must be hexadecimal digits in lower case, got "${text}"`);
  }
  if (digits.length === 16 || text === hex(HASHES)) return BigInt(text);
  if (digits.length > 16) {
    const most = `16 digits, or '${hex(HASHES)}' (2^64)`;
    throw refused(`${name} must be at most ${most}, got "${text}"`);
  }
  const padded = `0x${digits.padStart(16, '0')}`;
  throw refused(
    `${name} must be a 0x-prefixed 16-digit hex value, got "${text}" (did you mean "${padded}"?)`,
  );
}

function checkRange(start: bigint, end: bigint): void {
  if (typeof start === 'bigint' && typeof end === 'bigint' && start >= 0n && end <= HASHES) {
    if (start < end) return;
    throw refused(`shard range start ${hex(start)} must be less than end ${hex(end)}`);
  }
  throw refused('the bounds of a shard range are bigints from 0 to 2^64');
}

function hex(bound: bigint): string {
  return `0x${bound.toString(16).padStart(16, '0')}`;
}

function unsupported(field: unknown): string {
  return `unsupported field path "${String(field)}"; supported: ${FIELDS.join(', ')}`;
}

function refused(why: string): SelectorError {
  return new SelectorError(`invalid shard selector: ${why}`);
}

class Tokens {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#text.slice(this.#at).trim() === '';
  }

  /** Takes the mark, if it comes next. */
  takes(mark: string): boolean {
    const token = this.#next();
    if (token?.groups?.['mark'] !== mark) return false;
    this.#at = TOKEN.lastIndex;
    return true;
  }

  expect(mark: string): void {
    if (!this.takes(mark)) throw this.unexpected();
  }

  word(): string {
    return this.#take('word').replace(/[ \t]/g, '');
  }

  text(): string {
    return this.#take('text').slice(1, -1);
  }

  unexpected(): SelectorError {
    const place = `position ${this.#at}`;
    return refused(`at ${place} something stands that does not belong there; it is like ${MEANT}`);
  }

  #take(kind: 'word' | 'text'): string {
    const token = this.#next()?.groups?.[kind];
    if (token === undefined) throw this.unexpected();
    this.#at = TOKEN.lastIndex;
    return token;
  }

  #next(): RegExpExecArray | null {
    TOKEN.lastIndex = this.#at;
    return TOKEN.exec(this.#text);
  }
}
