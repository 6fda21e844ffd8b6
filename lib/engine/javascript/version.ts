/**
 * One version of one object: where its bytes lie, and what was read out of them when it came in.
 *
 * The bytes are canonical JSON with the version's own resourceVersion in it. They are immutable,
 * but their place may change (arena.ts, invariant 2): whoever reads them copies them out at once.
 *
 * Life: a version is part of the current state until another one or a deletion takes its place;
 * then the record of that event keeps it; then the roots that were held before that event
 * (retired.ts).
 */

import { type ObjectContent, stampedLength, stampInto } from '../../object/index.js';
import type { EngineObject } from '../contract.js';
import type { Arena } from './arena.js';
import type { Slab } from './slab.js';
import type { StringPool } from './strings.js';

const NO_STRINGS: readonly string[] = [];
const NO_FIELDS: readonly (string | undefined)[] = [];

export class Version {
  // The place of the bytes, kept by the arena.
  slab: Slab | undefined = undefined;
  slot = 0;
  offset = 0;
  readonly length: number;

  readonly namespace: string;
  name: string;
  readonly revision: bigint;
  /** Keys and values in turn, in the order of the keys. */
  labels: readonly string[];
  /** Values of the declared index fields, in the order of their declaration. */
  fields: readonly (string | undefined)[];
  readonly apiVersion: string;
  /** Where the apiVersion stands in the bytes, quotes included; length 0: where it would stand. */
  readonly apiVersionOffset: number;
  readonly apiVersionLength: number;
  /** Where the digits of the resourceVersion stand in the bytes. */
  readonly digitsOffset: number;
  readonly digitsLength: number;

  /** Lays the scanned object into the arena, stamped with the revision. */
  constructor(scanned: ObjectContent, revision: bigint, arena: Arena, strings: StringPool) {
    const digits = revision.toString();
    this.length = stampedLength(scanned, digits);
    this.name = scanned.name;
    this.revision = revision;
    this.apiVersionOffset = scanned.apiVersionOffset;
    this.apiVersionLength = scanned.apiVersionLength;
    this.digitsLength = digits.length;
    arena.add(this);
    this.digitsOffset = stampInto(scanned, digits, this.slab!.bytes, this.offset);
    this.namespace = strings.acquire(scanned.namespace);
    this.apiVersion = strings.acquire(scanned.apiVersion);
    this.labels = acquireLabels(scanned.labels, strings);
    this.fields = acquireFields(scanned.fields, strings);
  }

  /**
   * Makes the name a string of its own. The one that the object came with may be the caller's, and
   * a part of a larger text, which it would keep alive.
   */
  ownName(): void {
    this.name = Buffer.from(this.name).toString();
  }

  /**
   * Takes over what is equal in another version of the same object: most writes change neither
   * labels nor fields, and their arrays are most of what a version takes on the heap.
   */
  shareWith(other: Version): void {
    this.name = other.name;
    if (areSame(this.labels, other.labels)) this.labels = other.labels;
    if (areSame(this.fields, other.fields)) this.fields = other.fields;
  }

  /** Gives memory and strings back. Nobody may read the version any more. */
  free(arena: Arena, strings: StringPool): void {
    arena.remove(this);
    strings.release(this.namespace);
    strings.release(this.apiVersion);
    for (const text of this.labels) strings.release(text);
    for (const text of this.fields) if (text !== undefined) strings.release(text);
  }

  /** The value of a label, or `undefined`. */
  label(key: string): string | undefined {
    const labels = this.labels;
    for (let index = 0; index < labels.length; index += 2) {
      if (labels[index] === key) return labels[index + 1];
    }
    return undefined;
  }
}

/** What is written instead of a part of a version's bytes while they are copied out. */
export interface Rendering {
  /** The apiVersion to serve instead of the stored one. */
  readonly apiVersion: ApiVersionText | undefined;
  /** The digits to put in the place of the version's own resourceVersion. */
  readonly digits: string | undefined;
}

/** An apiVersion as it stands in JSON. Made once by whoever serves many objects with it. */
export interface ApiVersionText {
  readonly apiVersion: string;
  /** `"example.com/v1"` */
  readonly value: Uint8Array;
  /** `"apiVersion":"example.com/v1",` for objects that have none. */
  readonly member: Uint8Array;
}

/** Bytes as stored. */
export const AS_STORED: Rendering = { apiVersion: undefined, digits: undefined };

const PLAIN_NAME = /^[\w./-]*$/;

export function apiVersionText(apiVersion: string): ApiVersionText {
  // Reads print no JSON; only a name that no server would serve needs its escapes.
  const quoted = PLAIN_NAME.test(apiVersion) ? `"${apiVersion}"` : JSON.stringify(apiVersion);
  return {
    apiVersion,
    value: new Uint8Array(Buffer.from(quoted)),
    member: new Uint8Array(Buffer.from(`"apiVersion":${quoted},`)),
  };
}

/** The rendering for a scope's `apiVersion`. */
export function renderingOf(apiVersion: string | undefined): Rendering {
  if (apiVersion === undefined) return AS_STORED;
  return { apiVersion: apiVersionText(apiVersion), digits: undefined };
}

/** How many bytes `copyVersion` writes. */
export function renderedLength(version: Version, rendering: Rendering): number {
  let length = version.length;
  const text = replacementFor(version, rendering);
  if (text !== undefined) length += text.length - version.apiVersionLength;
  if (rendering.digits !== undefined) length += rendering.digits.length - version.digitsLength;
  return length;
}

/** Writes the version's bytes at `at`, with the rendering's replacements; tells the end. */
export function copyVersion(
  version: Version,
  rendering: Rendering,
  target: Uint8Array,
  at: number,
): number {
  const source = version.slab!.bytes;
  const start = version.offset;
  const stop = start + version.length;
  let end = at;
  let from = start;
  const text = replacementFor(version, rendering);
  if (text !== undefined) {
    const cut = start + version.apiVersionOffset;
    end = copyRange(source, from, cut, target, end);
    target.set(text, end);
    end += text.length;
    from = cut + version.apiVersionLength;
  }
  const digits = rendering.digits;
  if (digits !== undefined) {
    const cut = start + version.digitsOffset;
    end = copyRange(source, from, cut, target, end);
    for (let index = 0; index < digits.length; index++) target[end++] = digits.charCodeAt(index);
    from = cut + version.digitsLength;
  }
  return copyRange(source, from, stop, target, end);
}

/** The version as bytes of the caller's own. */
export function readVersion(version: Version, rendering: Rendering): EngineObject {
  const { namespace, name, revision } = version;
  if (replacementFor(version, rendering) === undefined && rendering.digits === undefined) {
    const start = version.offset;
    const object = version.slab!.bytes.slice(start, start + version.length);
    return { namespace, name, revision, object };
  }
  const object = new Uint8Array(renderedLength(version, rendering));
  copyVersion(version, rendering, object, 0);
  return { namespace, name, revision, object };
}

function replacementFor(version: Version, rendering: Rendering): Uint8Array | undefined {
  const wanted = rendering.apiVersion;
  if (wanted === undefined || wanted.apiVersion === version.apiVersion) return undefined;
  return version.apiVersionLength > 0 ? wanted.value : wanted.member;
}

function copyRange(
  source: Uint8Array,
  start: number,
  stop: number,
  target: Uint8Array,
  at: number,
): number {
  target.set(source.subarray(start, stop), at);
  return at + stop - start;
}

function areSame<Text>(left: readonly Text[], right: readonly Text[]): boolean {
  return left.length === right.length && left.every((text, index) => text === right[index]);
}

function acquireLabels(labels: readonly string[], strings: StringPool): readonly string[] {
  if (labels.length === 0) return NO_STRINGS;
  // Mapped, which makes an array of exactly that size: one that grows keeps room for more.
  return labels.map((text) => strings.acquire(text));
}

function acquireFields(
  fields: readonly (string | undefined)[],
  strings: StringPool,
): readonly (string | undefined)[] {
  if (fields.length === 0) return NO_FIELDS;
  return fields.map((text) => (text === undefined ? undefined : strings.acquire(text)));
}
