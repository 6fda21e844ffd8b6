/**
 * The strategy of a resource type: what its authors decide about objects on their way into the
 * storage (apiserver `registry/rest`, RESTCreateStrategy and RESTUpdateStrategy).
 *
 * Order of a create: default, prepareForCreate, validate, warningsOnCreate, canonicalize. Of an
 * update: default, prepareForUpdate, validateUpdate, warningsOnUpdate, canonicalize.
 *
 *  1. Hooks see the object in the storage version, as JavaScript values: what `JSON.parse` would
 *     make of it. Numbers that a hook leaves alone are stored as the client wrote them.
 *  2. Hooks run once for every state that a write is tried on: they may run again when somebody
 *     else was faster, and must not do anything that can't be done twice.
 *  3. Object metadata has been filled in, and its system fields are not a hook's to change: name,
 *     namespace, uid, resourceVersion, generation, creation and deletion.
 *  4. What a hook throws is a StatusError, which the client is told, or the server's fault: 500.
 */

import type { ResourceType, UnknownObject } from '../../object/index.js';
import type { FieldError } from '../../request/index.js';
import type { HookContext, UpdateContext } from './context.js';
import type { DefinitionField } from './field.js';

/** What a hook that changes an object gives back: nothing, or another object instead. */
export type Changed<T> = T | void | Promise<T | void>;

/** All hooks are optional; what is not there does nothing. */
export interface ResourceStrategy<T> {
  /**
   * Fills in what is absent. Called for objects of requests, patched ones included, and for stored
   * ones before anybody sees them. Synchronous, and knows the object only: the same for the same.
   */
  default?(object: T): T | void;
  /** Sets what a client must not decide. A status may be set here: the client's is gone. */
  prepareForCreate?(object: T, context: HookContext): Changed<T>;
  /** The same for an update. With `context.subresource` `status` only the status is taken. */
  prepareForUpdate?(object: T, context: UpdateContext<T>): Changed<T>;
  /** What is wrong with a new object; told together with what is wrong with its metadata. */
  validate?(
    object: T,
    context: HookContext,
  ): readonly FieldError[] | Promise<readonly FieldError[]>;
  /** What is wrong with a changed object. Default: what `validate` says. */
  validateUpdate?(
    object: T,
    context: UpdateContext<T>,
  ): readonly FieldError[] | Promise<readonly FieldError[]>;
  /** Warnings for whoever creates: allowed, but unwise. */
  warningsOnCreate?(
    object: T,
    context: HookContext,
  ): readonly string[] | Promise<readonly string[]>;
  warningsOnUpdate?(
    object: T,
    context: UpdateContext<T>,
  ): readonly string[] | Promise<readonly string[]>;
  /** Puts a valid object into its one form (order, duplicates). The last to touch it. */
  canonicalize?(object: T, context: HookContext): Changed<T>;
  /** Whether a PUT to a name that is not there creates. Default false: 404. */
  readonly allowCreateOnUpdate?: boolean;
  /**
   * Whether an update without a resourceVersion is for whatever version there is. Default false:
   * 422, as for custom resources.
   */
  readonly allowUnconditionalUpdate?: boolean;
}

/** A hook, by name. */
export type StrategyHook = Exclude<
  keyof ResourceStrategy<UnknownObject>,
  'allowCreateOnUpdate' | 'allowUnconditionalUpdate'
>;

const STRATEGY_HOOKS: readonly StrategyHook[] = [
  'default',
  'prepareForCreate',
  'prepareForUpdate',
  'validate',
  'validateUpdate',
  'warningsOnCreate',
  'warningsOnUpdate',
  'canonicalize',
];

const STRATEGY_FLAGS = ['allowCreateOnUpdate', 'allowUnconditionalUpdate'] as const;

/** The strategy of a type, whoever its objects are; undefined where it has none. */
export function strategyOf(type: ResourceType): ResourceStrategy<UnknownObject> | undefined {
  return (type as { readonly strategy?: ResourceStrategy<UnknownObject> }).strategy;
}

/** Reads the option `strategy`: an object, or an instance of a class whose methods are hooks. */
export function readStrategy<T>(field: DefinitionField): ResourceStrategy<T> | undefined {
  if (field.isAbsent) return undefined;
  const known = [...STRATEGY_HOOKS, ...STRATEGY_FLAGS];
  // What else an instance has is its own affair.
  if (!field.isObject(isPlain(field.value) ? known : undefined)) return undefined;
  const strategy: { [name: string]: unknown } = {};
  for (const name of STRATEGY_HOOKS) {
    const hook = field.member(name).callable(field.value as object);
    if (hook !== undefined) strategy[name] = hook;
  }
  for (const name of STRATEGY_FLAGS) {
    const flag = field.member(name).flag();
    if (flag !== undefined) strategy[name] = flag;
  }
  return Object.freeze(strategy) as ResourceStrategy<T>;
}

function isPlain(value: unknown): boolean {
  const prototype: unknown = Object.getPrototypeOf(value ?? {});
  return prototype === Object.prototype || prototype === null;
}
