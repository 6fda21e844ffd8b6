/**
 * Takes out of a scenario's observations what must differ between two servers, and keeps what it
 * means:
 *
 *  1. Revisions of objects become their rank among those of the same name: two that are equal stay
 *     equal, and what is written later stays later. A list's or bookmark's revision depends on what
 *     else happens in the server: only its form counts.
 *  2. UIDs become the name of the object and a number, in the order in which they appear.
 *  3. Timestamps and ages become their form. `managedFields` is dropped, and so is a continue
 *     token's revision, its checksum, and its slash where the position begins: it is opaque to
 *     clients.
 */

import { isNumber, numberLexeme } from '../../../lib/object/lossless/index.js';
import type { Observation } from './observe.js';
import type { Scenario, Step } from './scenario.js';

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

export function normalise(
  scenario: Scenario,
  observations: readonly Observation[],
  group: string,
): Normal[] {
  const objects = observations.flatMap(({ body }) => objectsIn(body));
  const revisions = labels(objects.map(({ name, revision }) => [name, revision]));
  const uids = labels(objects.map(({ name, uid }) => [name, uid]));
  return observations.map(({ status, headers, body }, index) => {
    const { ignore = [], view = same } = scenario.steps[index] ?? {};
    const context = { revisions, uids, ignore: new Set(['managedFields', ...ignore]) };
    return {
      status,
      headers: normalHeaders(headers),
      body: normal(viewed(view, body, group), context),
    };
  });
}

/** Every value of a name, in the order in which they come or, for numbers, rise. */
function labels(pairs: readonly (readonly [string, string])[]): Map<string, string> {
  const byName = new Map<string, Set<string>>();
  for (const [name, value] of pairs) {
    byName.set(name, (byName.get(name) ?? new Set()).add(value));
  }
  const made = new Map<string, string>();
  for (const [name, values] of byName) {
    const inOrder = [...values];
    if (inOrder.every((value) => REVISION.test(value))) {
      inOrder.sort((one, other) => Number(BigInt(one) - BigInt(other)));
    }
    for (const [index, value] of inOrder.entries()) made.set(value, `<${name} ${index + 1}>`);
  }
  return made;
}

const same = (body: unknown): unknown => body;

// An answer may be quite another than the view is made for.
function viewed(view: NonNullable<Step['view']>, body: unknown, group: string): unknown {
  try {
    return view(body, group);
  } catch {
    return { otherwise: body };
  }
}

interface Context {
  readonly revisions: ReadonlyMap<string, string>;
  readonly uids: ReadonlyMap<string, string>;
  readonly ignore: ReadonlySet<string>;
}

function normal(value: unknown, context: Context): unknown {
  if (typeof value === 'string') return normalText(value, context);
  if (Array.isArray(value)) return value.map((entry) => normal(entry, context));
  if (isNumber(value)) return { number: numberLexeme(value) };
  if (!isMembers(value)) return value;
  const isObject = typeof value['uid'] === 'string';
  const made: { [key: string]: unknown } = {};
  for (const [key, member] of Object.entries(value)) {
    if (context.ignore.has(key)) continue;
    made[key] =
      key === 'resourceVersion' && isObject
        ? rankOf(member, context)
        : normalMember(key, member, context);
  }
  return made;
}

function rankOf(revision: unknown, { revisions }: Context): unknown {
  return revisions.get(String(revision)) ?? revision;
}

function normalMember(key: string, member: unknown, context: Context): unknown {
  if (typeof member !== 'string') return normal(member, context);
  if (key === 'resourceVersion' && REVISION.test(member)) return '<revision>';
  if (key === 'continue') return normalToken(member);
  return normalText(member, context);
}

function normalText(text: string, { uids }: Context): string {
  return text
    .replace(TIMESTAMP, '<time>')
    .replace(AGE, '<age>')
    .replace(REVISION_IN_TEXT, '$1<revision>')
    .replace(UUID, (uid) => uids.get(uid) ?? '<uid>');
}

function normalToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  return text
    .replace(/"rv":([0-9]+)/, '"rv":<revision>')
    .replace(/,"of":"[^"]*"/, '')
    .replace('"start":"/', '"start":"');
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

interface ObjectSeen {
  readonly name: string;
  readonly uid: string;
  readonly revision: string;
}

// Lists and bookmarks have no uid.
function objectsIn(value: unknown): ObjectSeen[] {
  if (Array.isArray(value)) return value.flatMap(objectsIn);
  if (!isMembers(value)) return [];
  const metadata = isMembers(value['metadata']) ? value['metadata'] : {};
  const { name, uid, resourceVersion: revision } = metadata;
  const isObject =
    typeof uid === 'string' && typeof revision === 'string' && REVISION.test(revision);
  const own = isObject ? [{ name: String(name), uid, revision }] : [];
  return [...own, ...Object.values(value).flatMap(objectsIn)];
}

function isMembers(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !isNumber(value);
}
