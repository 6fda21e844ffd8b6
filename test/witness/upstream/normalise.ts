/**
 * Takes out of a scenario's observations what must differ between two servers, and keeps what it
 * means:
 *
 *  1. Revisions of objects become their rank among those of the scenario: two that are equal stay
 *     equal, and what is written later stays later. A list's or bookmark's revision depends on what
 *     else happens in the server: only its form counts.
 *  2. UIDs become numbers in the order in which they appear.
 *  3. Timestamps and ages become their form. `managedFields` is dropped, and so is a continue
 *     token's revision.
 */

import { isNumber, numberLexeme } from '../../../lib/object/lossless/index.js';
import type { Observation } from './observe.js';
import type { Scenario } from './scenario.js';

/** What is compared of one answer. */
export interface Normal {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly body: unknown;
}

/** Headers whose values are behaviour. The others say who serves, when, and over what. */
const HEADERS: readonly string[] = [
  'allow',
  'cache-control',
  'content-encoding',
  'content-type',
  'location',
  'retry-after',
  'vary',
  'warning',
  'www-authenticate',
  'x-content-type-options',
];

/** Headers of which only the presence counts. */
const HEADERS_PRESENT: readonly string[] = ['audit-id', 'date', 'etag'];

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const TIMESTAMP = /[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z/g;
const AGE = /^([0-9]+[dhms])+$/;
const REVISION = /^[1-9][0-9]*$/;
/** Revisions inside messages. */
const REVISION_IN_TEXT =
  /(current: |ResourceVersion in record \(|too old resource version: )[0-9]+/g;

export function normalise(scenario: Scenario, observations: readonly Observation[]): Normal[] {
  const ranks = new Map(
    [...new Set(observations.flatMap(({ body }) => objectRevisions(body)))]
      .sort((one, other) => Number(BigInt(one) - BigInt(other)))
      .map((revision, index) => [revision, `<revision ${index + 1}>`]),
  );
  const uids = new Map<string, string>();
  return observations.map(({ status, headers, body }, index) => {
    const { ignore = [], view = same } = scenario.steps[index] ?? {};
    const context = { ranks, uids, ignore: new Set(['managedFields', ...ignore]) };
    return { status, headers: normalHeaders(headers), body: normal(viewed(view, body), context) };
  });
}

const same = (body: unknown): unknown => body;

// An answer may be quite another than the view is made for.
function viewed(view: (body: unknown) => unknown, body: unknown): unknown {
  try {
    return view(body);
  } catch {
    return { otherwise: body };
  }
}

interface Context {
  readonly ranks: ReadonlyMap<string, string>;
  readonly uids: Map<string, string>;
  readonly ignore: ReadonlySet<string>;
}

function normal(value: unknown, context: Context): unknown {
  if (typeof value === 'string') return normalText(value, context);
  if (Array.isArray(value)) return value.map((entry) => normal(entry, context));
  if (isNumber(value)) return { number: numberLexeme(value) };
  if (!isMembers(value)) return value;
  const made: { [key: string]: unknown } = {};
  for (const [key, member] of Object.entries(value)) {
    if (context.ignore.has(key)) continue;
    made[key] = normalMember(key, member, context);
  }
  return made;
}

function normalMember(key: string, member: unknown, context: Context): unknown {
  if (typeof member !== 'string') return normal(member, context);
  if (key === 'resourceVersion' && REVISION.test(member)) {
    return context.ranks.get(member) ?? '<revision>';
  }
  if (key === 'continue') return normalToken(member);
  return normalText(member, context);
}

function normalText(text: string, { uids }: Context): string {
  return text
    .replace(TIMESTAMP, '<time>')
    .replace(AGE, '<age>')
    .replace(REVISION_IN_TEXT, '$1<revision>')
    .replace(UUID, (uid) => {
      if (!uids.has(uid)) uids.set(uid, `<uid ${uids.size + 1}>`);
      return uids.get(uid) as string;
    });
}

function normalToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  return text.replace(/"rv":([0-9]+)/, '"rv":<revision>');
}

function normalHeaders(headers: Observation['headers']): { readonly [name: string]: string } {
  const made: { [name: string]: string } = {};
  for (const name of HEADERS) {
    const value = headers[name];
    if (value !== undefined) made[name] = String(value);
  }
  for (const name of HEADERS_PRESENT) if (headers[name] !== undefined) made[name] = '<present>';
  return made;
}

// Lists and bookmarks have no uid.
function objectRevisions(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(objectRevisions);
  if (!isMembers(value)) return [];
  const { uid, resourceVersion } = isMembers(value['metadata']) ? value['metadata'] : {};
  const isRevision = typeof resourceVersion === 'string' && REVISION.test(resourceVersion);
  const own = typeof uid === 'string' && isRevision ? [resourceVersion] : [];
  return [...own, ...Object.values(value).flatMap(objectRevisions)];
}

function isMembers(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !isNumber(value);
}
