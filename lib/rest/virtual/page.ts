/**
 * A list as a handler gives it, made one that can be served.
 *
 *  1. What is given whole is sorted by namespace and name, as every list is. Of pages the handler
 *     decides what is on which, so they have to be in that order already, across pages too.
 *  2. A client's token is the handler's own text together with the last key of the page before. A
 *     text that is no such token never gets to the handler.
 *  3. Selectors are applied here, unless the handler says that it has: what is left of a page may
 *     be nothing, and clients go on by the token.
 */

import {
  compareNamespaces,
  compareUtf8,
  formatShardSelector,
  type ObjectKey,
} from '../../object/index.js';
import { badRequest } from '../../request/index.js';
import type { Awaitable, VirtualList } from './contract.js';
import { HandlerFault } from './fault.js';
import { outgoingObject, placeOf, type Expected, type OutgoingObject } from './outgoing.js';
import type { Selection } from './selection.js';

/** What the handler of a list may give. */
export type GivenList = Iterable<unknown> | VirtualList<unknown>;

export interface ServedPage {
  readonly objects: readonly OutgoingObject[];
  readonly resourceVersion: string;
  readonly continue: string | undefined;
  readonly remainingItemCount: number | undefined;
  readonly shardSelector: string | undefined;
}

/** Where a page begins: the handler's own text, and the key that the page before ended with. */
export interface PageStart {
  readonly continue: string;
  readonly after: ObjectKey;
}

/** Throws a HandlerFault for what can't be served. */
export function servedPage(
  given: Awaited<Awaitable<GivenList>>,
  expected: Expected,
  selection: Selection,
  start: PageStart | undefined,
): ServedPage {
  const page = asPage(given);
  const objects: OutgoingObject[] = [];
  for (const item of page.items) {
    objects.push(outgoingObject(item, expected, `object ${objects.length}`));
  }
  const next = text(page.continue, 'continue');
  if (next === '' && start === undefined) objects.sort(compareKeys);
  checkOrder(objects, start?.after);
  const last = objects.at(-1) ?? start?.after;
  // Handlers know nothing of shards.
  const isSelected = page.selected === true && selection.shardSelector === undefined;
  const shown = isSelected ? objects : objects.filter((one) => selection.meets(one));
  // A count of what is left is one of what there is, whatever of it meets selectors.
  const remaining = selection.isEmpty ? page.remainingItemCount : undefined;
  return {
    objects: shown,
    resourceVersion: text(page.resourceVersion, 'resourceVersion'),
    continue: next === '' ? undefined : encodeStart(next, last),
    remainingItemCount: next === '' ? undefined : count(remaining),
    shardSelector:
      selection.shardSelector === undefined
        ? undefined
        : formatShardSelector(selection.shardSelector),
  };
}

/** What a client's `continue` says. Throws a StatusError 400. */
export function readPageStart(token: string | undefined): PageStart | undefined {
  if (token === undefined) return undefined;
  const [version, own, namespace, name, ...rest] = decoded(token);
  if (version !== TOKEN_VERSION || !own || namespace === undefined || !name || rest.length > 0) {
    throw invalidToken();
  }
  return { continue: own, after: { namespace, name } };
}

const TOKEN_VERSION = 'virtual/v1';

// JSON of texts alone.
function decoded(token: string): readonly string[] {
  if (!/^[A-Za-z0-9_-]+$/.test(token)) throw invalidToken();
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (Array.isArray(value) && value.every((part) => typeof part === 'string')) return value;
  } catch (error) {
    throw invalidToken(error);
  }
  throw invalidToken();
}

function encodeStart(own: string, last: ObjectKey | undefined): string {
  if (last === undefined) throw new HandlerFault('a page with a next one has no object');
  const parts = [TOKEN_VERSION, own, last.namespace, last.name];
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

// Upstream's words, of a token that it can't read.
function invalidToken(cause?: unknown): Error {
  const message = 'continue key is not valid: it was not given with a page of this list';
  return badRequest(`invalid continue token: ${message}`, cause);
}

function asPage(given: unknown): VirtualList<unknown> {
  if (isIterable(given)) return { items: given };
  if (typeof given === 'object' && given !== null && isIterable((given as ItemHolder).items)) {
    return given as VirtualList<unknown>;
  }
  throw new HandlerFault('it is neither a list of objects nor an object with items');
}

interface ItemHolder {
  readonly items?: unknown;
}

function isIterable(value: unknown): value is Iterable<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return typeof (value as { [Symbol.iterator]?: unknown })[Symbol.iterator] === 'function';
}

function checkOrder(objects: readonly OutgoingObject[], after: ObjectKey | undefined): void {
  let previous = after;
  for (const object of objects) {
    const order = previous === undefined ? -1 : compareKeys(previous, object);
    if (order >= 0) {
      const place = placeOf(object.namespace, object.name);
      if (order === 0) throw new HandlerFault(`${place} is there twice`);
      const before = placeOf(previous?.namespace ?? '', previous?.name ?? '');
      throw new HandlerFault(`${place} comes after ${before}: pages must be in order`);
    }
    previous = object;
  }
}

function compareKeys(left: ObjectKey, right: ObjectKey): number {
  return compareNamespaces(left.namespace, right.namespace) || compareUtf8(left.name, right.name);
}

function text(value: unknown, field: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  throw new HandlerFault(`its ${field} is not a string`);
}

function count(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new HandlerFault('its remainingItemCount is not a whole number');
}
