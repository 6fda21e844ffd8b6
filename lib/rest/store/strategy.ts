/**
 * A type's strategy, called for one request: objects go to hooks as plain JavaScript, and what
 * comes back is taken apart again and held to what hooks may do.
 *
 *  1. What a hook only looks at is frozen; what it may change is a copy of its own.
 *  2. A hook that makes no object, or changes what is not its own to change, has failed.
 *  3. Numbers that a hook left alone keep the text that they were written as.
 */

import type { ObjectMeta, ResourceType, UnknownObject } from '../../object/index.js';
import { decodeJson, encodeJson, isJsonObject, plainJson } from '../../object/lossless/index.js';
import type { JsonObject, PlainJson } from '../../object/lossless/index.js';
import type { FieldError } from '../../request/index.js';
import { callFunction, DefinitionFault, functionFailure } from '../definition/call.js';
import { deepFreeze } from '../definition/freeze.js';
import type { Changed, HookContext, ResourceStrategy, StrategyHook } from '../definition/index.js';
import { decodeMetadata } from './metadata.js';
import { composeObject } from './preparation.js';
import type { PreparedObject } from './preparation.js';

/** Fields of the metadata that the server alone decides. */
const SYSTEM_FIELDS = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const satisfies readonly (keyof ObjectMeta)[];

export class StrategyCalls {
  readonly #type: ResourceType;
  readonly #strategy: ResourceStrategy<UnknownObject>;
  readonly #context: HookContext;
  readonly #previous: PreparedObject | undefined;
  #old: UnknownObject | undefined;
  #seen: { readonly of: PreparedObject; readonly value: UnknownObject } | undefined;

  /** `previous` is the stored object that is to be changed, its resourceVersion in it. */
  constructor(
    type: ResourceType,
    strategy: ResourceStrategy<UnknownObject>,
    context: HookContext,
    previous?: PreparedObject,
  ) {
    this.#type = type;
    this.#strategy = strategy;
    this.#context = context;
    this.#previous = previous;
  }

  /** Rejects with a StatusError; so do the others. */
  async prepare(object: PreparedObject): Promise<PreparedObject> {
    const { prepareForCreate, prepareForUpdate } = this.#strategy;
    return this.#previous === undefined
      ? this.#changed('prepareForCreate', object, prepareForCreate, this.#context)
      : this.#changed('prepareForUpdate', object, prepareForUpdate, this.#updateContext());
  }

  async canonicalize(object: PreparedObject): Promise<PreparedObject> {
    return this.#changed('canonicalize', object, this.#strategy.canonicalize, this.#context);
  }

  async validate(object: PreparedObject): Promise<readonly FieldError[]> {
    const { validate, validateUpdate } = this.#strategy;
    const isCreate = this.#previous === undefined;
    if (!isCreate && validateUpdate !== undefined) {
      return this.#listed('validateUpdate', isFieldError, () =>
        validateUpdate(this.#shown(object), this.#updateContext()),
      );
    }
    if (validate === undefined) return [];
    const context = isCreate ? this.#context : this.#updateContext();
    return this.#listed('validate', isFieldError, () => validate(this.#shown(object), context));
  }

  async warnings(object: PreparedObject): Promise<readonly string[]> {
    const { warningsOnCreate, warningsOnUpdate } = this.#strategy;
    if (this.#previous === undefined) {
      if (warningsOnCreate === undefined) return [];
      return this.#listed('warningsOnCreate', isText, () =>
        warningsOnCreate(this.#shown(object), this.#context),
      );
    }
    if (warningsOnUpdate === undefined) return [];
    return this.#listed('warningsOnUpdate', isText, () =>
      warningsOnUpdate(this.#shown(object), this.#updateContext()),
    );
  }

  async #changed<Context extends HookContext>(
    hook: StrategyHook,
    object: PreparedObject,
    change: ((object: UnknownObject, context: Context) => Changed<UnknownObject>) | undefined,
    context: Context,
  ): Promise<PreparedObject> {
    if (change === undefined) return object;
    const plain = plainJson(composeObject(object));
    const value = plain.value as UnknownObject;
    const name = `strategy.${hook}`;
    const result = await callFunction(this.#type, name, this.#context, () =>
      change(value, context),
    );
    try {
      return takenBack(plain, result ?? value, object);
    } catch (error) {
      throw functionFailure(this.#type, name, this.#context, error);
    }
  }

  async #listed<Element>(
    hook: StrategyHook,
    isElement: (element: unknown) => boolean,
    call: () => readonly Element[] | Promise<readonly Element[]>,
  ): Promise<readonly Element[]> {
    return callFunction(this.#type, `strategy.${hook}`, this.#context, async () => {
      const list: unknown = await call();
      if (Array.isArray(list) && list.every(isElement)) return list as readonly Element[];
      const what = isElement === isText ? 'texts' : 'field errors';
      throw new DefinitionFault(`the result is no list of ${what}`);
    });
  }

  #shown(object: PreparedObject): UnknownObject {
    if (this.#seen?.of !== object) {
      this.#seen = { of: object, value: frozenCopy(object) };
    }
    return this.#seen.value;
  }

  #updateContext(): HookContext & { readonly old: UnknownObject } {
    this.#old ??= frozenCopy(this.#previous as PreparedObject);
    return { ...this.#context, old: this.#old };
  }
}

/** The object with what its strategy's `default` fills in. Throws a StatusError. */
export function applyDefault(
  type: ResourceType,
  strategy: ResourceStrategy<UnknownObject> | undefined,
  context: HookContext,
  object: PreparedObject,
): PreparedObject {
  if (strategy?.default === undefined) return object;
  try {
    const plain = plainJson(composeObject(object));
    const value = plain.value as UnknownObject;
    const result: unknown = strategy.default(value);
    if (result instanceof Promise) {
      result.catch(() => undefined);
      throw new DefinitionFault('it must not be asynchronous');
    }
    return takenBack(plain, result ?? value, object);
  } catch (error) {
    throw functionFailure(type, 'strategy.default', context, error);
  }
}

function frozenCopy(object: PreparedObject): UnknownObject {
  return deepFreeze(plainJson(composeObject(object)).value as UnknownObject);
}

// Encoded and decoded: what JSON can't say is found here, where it is known whose doing it is.
function takenBack(plain: PlainJson, result: unknown, before: PreparedObject): PreparedObject {
  const decoded = decodeJson(encodeJson(plain.restore(result)));
  if (!isJsonObject(decoded)) throw new DefinitionFault('the result is no object');
  const { metadata: rawMetadata, ...content } = decoded;
  const { metadata } = decodeMetadata(rawMetadata);
  checkUntouched(content, metadata, before);
  return { content, metadata };
}

function checkUntouched(content: JsonObject, metadata: ObjectMeta, before: PreparedObject): void {
  for (const field of ['apiVersion', 'kind'] as const) {
    if (content[field] !== before.content[field]) throw untouchable(field);
  }
  for (const field of SYSTEM_FIELDS) {
    if (metadata[field] !== before.metadata[field]) throw untouchable(`metadata.${field}`);
  }
}

function untouchable(field: string): DefinitionFault {
  return new DefinitionFault(`${field} is the server's to decide, and was changed`);
}

function isText(element: unknown): boolean {
  return typeof element === 'string';
}

function isFieldError(element: unknown): boolean {
  const { reason, field, body } = (element ?? {}) as Partial<FieldError>;
  return [reason, field, body].every(isText);
}
