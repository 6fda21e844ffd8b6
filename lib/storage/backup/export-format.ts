/**
 * The lines of an export: a header, one line for each object in the order of their keys (bytewise),
 * and a footer.
 *
 *     {"format":"shardwatch.export","formatVersion":1,"storeFormatVersion":1,"revision":"7",…}
 *     {"key":"/example.com/widgets/shop/a","revision":"5","createRevision":"3","object":{…}}
 *     {"end":"shardwatch.export","objects":1,"sha256":"…"}
 *
 *  1. `object` comes last and is, byte for byte, what is stored; canonical JSON has no line break.
 *  2. Members come in this order, without white space: a line is read without parsing the object.
 *     `,"object":` can't be part of a text before it, where the quotes would be escaped.
 *  3. The SHA-256 is that of all bytes before the footer, before compression.
 */

import type { Version } from '../transition.js';
import { BackupError } from './error.js';
import type { Report } from './finding.js';

/** Raised when old programs could not read what this one writes. */
export const EXPORT_VERSION = 1;

export interface ExportHeader {
  /** Of the layout in which the store that was exported keeps its objects. */
  readonly storeFormatVersion: number;
  /** The one revision that the export shows. */
  readonly revision: bigint;
  /** At the time of the export. */
  readonly compactedRevision: bigint;
  /** In RFC 3339, UTC. */
  readonly time: string;
  /** Absent where filters keep it from being known before the end. */
  readonly objects?: number;
  /** The filters, where there are any. */
  readonly resources?: readonly string[];
  readonly namespaces?: readonly string[];
}

export interface ExportFooter {
  readonly objects: number;
  /** In lower-case hexadecimal. */
  readonly sha256: string;
}

export interface ExportRow {
  readonly key: string;
  readonly version: Version;
}

export function encodeHeader(header: ExportHeader): Buffer {
  const { storeFormatVersion, revision, compactedRevision, ...rest } = header;
  return encodeLine({
    format: FORMAT,
    formatVersion: EXPORT_VERSION,
    storeFormatVersion,
    revision: String(revision),
    compactedRevision: String(compactedRevision),
    ...rest,
  });
}

export function encodeRow({ key, version }: ExportRow): readonly Uint8Array[] {
  const { revision, createRevision, ttlSeconds, expiresAtMs, value } = version;
  const expiry = expiresAtMs === 0 ? {} : { ttlSeconds, expiresAtMs };
  const head = JSON.stringify({
    key,
    revision: String(revision),
    createRevision: String(createRevision),
    ...expiry,
  });
  return [Buffer.from(`${head.slice(0, -1)}${OBJECT_MEMBER}`), value, ROW_END];
}

export function encodeFooter({ objects, sha256 }: ExportFooter): Buffer {
  return encodeLine({ end: FORMAT, objects, sha256 });
}

/** Throws `damaged` or `unsupported-format`. */
export function decodeHeader(line: Buffer): ExportHeader {
  const header = parseFlat(line);
  if (header?.['format'] !== FORMAT) {
    throw new BackupError('damaged', 'it is no export of a store: its first line is no header');
  }
  const { formatVersion } = header;
  if (typeof formatVersion === 'number' && formatVersion > EXPORT_VERSION) {
    const message = `the export has format ${formatVersion}; this program reads up to`;
    throw new BackupError('unsupported-format', `${message} ${EXPORT_VERSION}`);
  }
  const revision = readRevision(header['revision']);
  const compactedRevision = readRevision(header['compactedRevision']);
  const { storeFormatVersion, time, objects } = header;
  const isHeader =
    formatVersion === EXPORT_VERSION &&
    revision !== undefined &&
    compactedRevision !== undefined &&
    revision > 0n &&
    compactedRevision <= revision &&
    isCount(storeFormatVersion) &&
    typeof time === 'string' &&
    (objects === undefined || isCount(objects));
  if (!isHeader) throw new BackupError('damaged', 'the header of the export is malformed');
  return {
    storeFormatVersion,
    revision,
    compactedRevision,
    time,
    ...(objects === undefined ? {} : { objects }),
  };
}

/** `undefined` for a line that is no footer. */
export function decodeFooter(line: Buffer): ExportFooter | undefined {
  if (!line.subarray(0, FOOTER_START.byteLength).equals(FOOTER_START)) return undefined;
  const { objects, sha256 } = parseFlat(line) ?? {};
  return isCount(objects) && typeof sha256 === 'string' ? { objects, sha256 } : undefined;
}

/** `undefined` for a line that is no row, which is reported. The value is a view of the line. */
export function decodeRow(line: Buffer, where: string, report: Report): ExportRow | undefined {
  const split = line.indexOf(OBJECT_MEMBER);
  const start = split + OBJECT_MEMBER.length;
  const head = split < 0 || line.at(-1) !== BRACE ? undefined : parseHead(line, split);
  if (head === undefined) {
    report('malformed', `${where} is no line of an export`);
    return undefined;
  }
  const revision = readRevision(head['revision']);
  const createRevision = readRevision(head['createRevision']);
  const { key, ttlSeconds = 0, expiresAtMs = 0 } = head;
  const isRow =
    typeof key === 'string' &&
    revision !== undefined &&
    createRevision !== undefined &&
    isCount(ttlSeconds) &&
    isCount(expiresAtMs) &&
    ttlSeconds > 0 === expiresAtMs > 0;
  if (!isRow) {
    report('malformed', `${where} is malformed`);
    return undefined;
  }
  const value = line.subarray(start, -1);
  return { key, version: { revision, createRevision, ttlSeconds, expiresAtMs, value } };
}

function encodeLine(line: object): Buffer {
  return Buffer.from(`${JSON.stringify(line)}\n`);
}

function parseHead(line: Buffer, split: number): Flat | undefined {
  return parseFlat(Buffer.concat([line.subarray(0, split), Buffer.of(BRACE)]));
}

type Flat = Readonly<Record<string, unknown>>;

function parseFlat(line: Buffer): Flat | undefined {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Flat) : undefined;
  } catch {
    return undefined;
  }
}

function readRevision(text: unknown): bigint | undefined {
  const isRevision = typeof text === 'string' && /^(?:0|[1-9]\d{0,19})$/.test(text);
  if (!isRevision) return undefined;
  const revision = BigInt(text);
  return revision <= REVISION_MAX ? revision : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

const FORMAT = 'shardwatch.export';
const FOOTER_START = Buffer.from('{"end":');
const OBJECT_MEMBER = ',"object":';
const ROW_END = Buffer.from('}\n');
const BRACE = 0x7d;
// Clients read a resourceVersion as a signed number, too.
const REVISION_MAX = 2n ** 63n - 1n;
