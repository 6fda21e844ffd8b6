/**
 * Reading the options `handlers` and `readThrough` of a definition, and what follows from them: the
 * verbs of the type.
 */

import type { ResourceType, UnknownObject } from '../../object/index.js';
import type { DefinitionField } from '../definition/field.js';
import type { HandlerName, VirtualHandlers } from './contract.js';
import { ReadThrough, type AnySource } from './read-through.js';

const HANDLERS: readonly HandlerName[] = [
  'get',
  'list',
  'watch',
  'create',
  'update',
  'patch',
  'delete',
  'deleteCollection',
];

/** What a cache serves. */
const READS: readonly string[] = ['get', 'list', 'watch'];

/** Options that are about what is stored: nothing would ever look at them. */
const OF_STORED_OBJECTS = ['strategy', 'subresources', 'statusSubresource', 'scale'] as const;

/** What of a definition says that the objects are elsewhere. */
export interface VirtualDefinition<T> {
  readonly handlers?: VirtualHandlers<T>;
  readonly readThrough?: ReadThrough<T>;
  readonly verbs: readonly string[];
}

/** Reads the options `handlers` and `readThrough`. Undefined where there are none. */
export function readVirtual<T>(root: DefinitionField): VirtualDefinition<T> | undefined {
  const source = readReadThrough<T>(root.member('readThrough'));
  const reads = source !== undefined;
  const handlers = readHandlers<T>(root.member('handlers'), reads);
  if (handlers === undefined && !reads) return undefined;
  refuseBeside(root, reads ? 'readThrough' : 'handlers');
  return {
    ...(handlers === undefined ? {} : { handlers }),
    ...(reads ? { readThrough: source } : {}),
    verbs: verbsOf([...(reads ? READS : []), ...Object.keys(handlers ?? {})]),
  };
}

// An object, or an instance of a class whose methods are the handlers.
function readHandlers<T>(field: DefinitionField, reads: boolean): VirtualHandlers<T> | undefined {
  if (field.isAbsent) return undefined;
  const known = isPlain(field.value) ? [...HANDLERS, 'supportsDryRun'] : undefined;
  if (!field.isObject(known)) return undefined;
  const handlers: { [name: string]: unknown } = {};
  for (const name of HANDLERS) {
    const handler = field.member(name).callable(field.value as object);
    if (handler !== undefined) handlers[name] = handler;
    if (handler !== undefined && reads && READS.includes(name)) {
      field.member(name).refuse('must not stand beside readThrough, which serves it');
    }
  }
  if (HANDLERS.every((name) => field.member(name).isAbsent)) {
    field.refuse(`must have one of ${HANDLERS.join(', ')}`);
  }
  if ('watch' in handlers && !('list' in handlers)) {
    field.member('watch').refuse('needs list: clients list before they watch');
  }
  const supportsDryRun = field.member('supportsDryRun').flag();
  if (supportsDryRun !== undefined) handlers['supportsDryRun'] = supportsDryRun;
  return Object.freeze(handlers) as VirtualHandlers<T>;
}

function readReadThrough<T>(field: DefinitionField): ReadThrough<T> | undefined {
  if (field.isAbsent) return undefined;
  if (field.value instanceof ReadThrough) return field.value as ReadThrough<T>;
  field.refuse('must be what readThrough() gives');
  return undefined;
}

/** The source of a type that is read through, whoever its objects are. */
export function sourceOf(type: ResourceType): AnySource | undefined {
  return (type as { readonly readThrough?: ReadThrough }).readThrough?.source;
}

/** The handlers of a type, whoever its objects are. */
export function handlersOf(type: ResourceType): VirtualHandlers<UnknownObject> | undefined {
  return (type as { readonly handlers?: VirtualHandlers<UnknownObject> }).handlers;
}

// In the words of request info.
function verbsOf(names: readonly string[]): readonly string[] {
  const verbs = names.filter((name) => name !== 'supportsDryRun').map((name) => name.toLowerCase());
  const patches = verbs.includes('get') && verbs.includes('update') && !verbs.includes('patch');
  return patches ? [...verbs, 'patch'] : verbs;
}

function refuseBeside(root: DefinitionField, option: string): void {
  for (const name of OF_STORED_OBJECTS) {
    const field = root.member(name);
    if (field.isAbsent || field.value === false) continue;
    field.refuse(`must not stand beside ${option}: the objects are not stored here`);
  }
  for (const version of asElements(root.member('versions'))) {
    for (const name of OF_STORED_OBJECTS) {
      const field = version.member(name);
      if (field.isAbsent || field.value === false) continue;
      field.refuse(`must not stand beside ${option}: the objects are not stored here`);
    }
  }
}

// What is no list is refused elsewhere.
function asElements(field: DefinitionField): readonly DefinitionField[] {
  return Array.isArray(field.value) ? field.elements() : [];
}

function isPlain(value: unknown): boolean {
  const prototype: unknown = Object.getPrototypeOf(value ?? {});
  return prototype === Object.prototype || prototype === null;
}
