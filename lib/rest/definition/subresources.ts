/**
 * Subresources of a type's own, as functions: `subresources: { restart: { create(context) {…} } }`
 * serves POST at `…/widgets/NAME/restart`. Each verb is optional, and discovery tells what there
 * is. A function answers with an object, with a Status, or with nothing: a Status of success.
 */

import type { JsonValue, ResourceType, Subresource, UnknownObject } from '../../object/index.js';
import type { Answer, Duplex } from '../../request/index.js';
import type { HookContext } from './context.js';
import type { DefinitionField } from './field.js';
import { isRecord } from './field.js';
import { checkKind, checkLabel } from './names.js';

/** What a function of a subresource knows and can do. `T` is the type of the parent objects. */
export interface SubresourceContext<T> extends HookContext {
  /** Parameters of the URL. */
  readonly query: URLSearchParams;
  /** The parent object, as it is stored now. Rejects with a StatusError 404. */
  object(): Promise<T>;
  /**
   * The body, JSON or YAML, as `JSON.parse` has it; undefined where there is none. Rejects with a
   * StatusError 400, 413 or 415. What is in it is the client's: nothing has been checked.
   */
  body<Body = JsonValue>(): Promise<Body | undefined>;
  /**
   * Changes the parent object, as an update of it would be, strategy included. `change` is called
   * again when somebody else was faster. A dry run stores nothing. Resolves to the object as it is
   * then; rejects with a StatusError 404, 409 or 422.
   */
  update(change: (object: T) => T | void): Promise<T>;
}

/** What `connect` is to hand the connection over to. */
export interface Connection {
  /** Which of the protocols that the client offers in `Upgrade` is spoken. */
  readonly protocol: string;
  /** Further headers of the answer 101. Default none. */
  readonly headers?: Answer['headers'];
  /** Owns the connection until it resolves: then the connection is ended. */
  serve(connection: Duplex): void | Promise<void>;
}

export interface ConnectContext<T> extends SubresourceContext<T> {
  /** The protocols that the client offers, in its order. Never empty. */
  readonly protocols: readonly string[];
  /** All values of a request header, by lower-case name. */
  headers(name: string): readonly string[];
}

/** An object, a Status, or nothing. */
export type SubresourceResult = object | void;

/** The verbs of one subresource; at least one. */
export interface SubresourceHandlers<T> {
  /**
   * The kind that it takes and answers, of the type's group and the request's version, or of those
   * that are named. Default: the type's own kind.
   */
  readonly kind?:
    string | { readonly group: string; readonly version: string; readonly kind: string };
  /** GET. */
  get?(context: SubresourceContext<T>): SubresourceResult | Promise<SubresourceResult>;
  /** POST; answered with 201. */
  create?(context: SubresourceContext<T>): SubresourceResult | Promise<SubresourceResult>;
  /** PUT. */
  update?(context: SubresourceContext<T>): SubresourceResult | Promise<SubresourceResult>;
  /**
   * GET and POST that ask for another protocol (HTTP/1.1 `Upgrade`): the connection itself. Stands
   * alone. What it throws is the answer, as for the others.
   */
  connect?(context: ConnectContext<T>): Connection | Promise<Connection>;
}

/** Subresources by name, those of `status` and `scale` excepted. */
export interface OwnSubresources<T> {
  readonly [name: string]: SubresourceHandlers<T>;
}

/** The functions of a type's own subresources; undefined where it has none. */
export function subresourceHandlersOf(
  type: ResourceType,
): OwnSubresources<UnknownObject> | undefined {
  return (type as { readonly subresourceHandlers?: OwnSubresources<UnknownObject> })
    .subresourceHandlers;
}

export interface ReadSubresources<T> {
  readonly subresources: readonly Subresource[];
  readonly subresourceHandlers: OwnSubresources<T>;
}

const RESERVED: ReadonlySet<string> = new Set(['status', 'scale']);
const VERBS = ['create', 'get', 'update'] as const;

/** Reads the option `subresources`; `kind` is the type's own. */
export function readSubresources<T>(
  field: DefinitionField,
  kind: string,
): ReadSubresources<T> | undefined {
  if (field.isAbsent || !field.isObject()) return undefined;
  const subresources: Subresource[] = [];
  const handlers: { [name: string]: SubresourceHandlers<T> } = {};
  for (const name of Object.keys(field.value as object).sort()) {
    const member = field.member(name);
    if (RESERVED.has(name)) {
      member.refuse(`is served by itself: say ${name === 'status' ? 'statusSubresource' : name}`);
      continue;
    }
    checkLabel(member, name);
    const read = readOne<T>(member, name, kind);
    if (read === undefined) continue;
    subresources.push(read.subresource);
    handlers[name] = read.handlers;
  }
  return { subresources, subresourceHandlers: Object.freeze(handlers) };
}

function readOne<T>(
  field: DefinitionField,
  name: string,
  kind: string,
): { subresource: Subresource; handlers: SubresourceHandlers<T> } | undefined {
  if (!field.isObject(['kind', 'connect', ...VERBS])) return undefined;
  const owner = field.value as object;
  const handlers: { [verb: string]: unknown } = {};
  for (const verb of [...VERBS, 'connect']) {
    const handler = field.member(verb).callable(owner);
    if (handler !== undefined) handlers[verb] = handler;
  }
  const connects = handlers['connect'] !== undefined;
  const verbs = connects ? ['create', 'get'] : VERBS.filter((verb) => verb in handlers);
  if (verbs.length === 0) field.refuse('must have create, get, update or connect');
  for (const verb of VERBS) {
    if (connects && verb in handlers) field.member(verb).refuse('must not stand beside connect');
  }
  const subresource = { name, verbs, connects, ...readKind(field.member('kind'), kind) };
  return { subresource, handlers: Object.freeze(handlers) as SubresourceHandlers<T> };
}

function readKind(field: DefinitionField, own: string): Pick<Subresource, 'kind' | 'groupVersion'> {
  if (field.isAbsent) return { kind: own };
  if (!isRecord(field.value)) {
    const kind = field.requiredText();
    checkKind(field, kind);
    return { kind };
  }
  field.isObject(['group', 'version', 'kind']);
  const kind = field.member('kind').requiredText();
  checkKind(field.member('kind'), kind);
  const group = field.member('group').text() ?? '';
  const version = field.member('version').requiredText();
  checkLabel(field.member('version'), version);
  return { kind, groupVersion: { group, version } };
}
