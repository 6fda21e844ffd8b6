/** What the compiler knows of a definition: hooks and functions know the type of their objects. */

import test from 'ava';
import { expectTypeOf } from 'expect-type';

import type { ObjectMeta, ResourceType, UnknownObject } from '../../lib/object/index.js';
import { fieldInvalid } from '../../lib/request/index.js';
import type { FieldError, Logger, UserInfo } from '../../lib/request/index.js';
import { defineResource } from '../../lib/rest/index.js';
import type { DefinedResource, HookContext, UpdateContext } from '../../lib/rest/index.js';

interface Widget {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec: { size: number; color?: 'red' | 'blue' };
}

const names = { group: 'example.com', version: 'v1', kind: 'Widget' } as const;

test('hooks know their objects, and a misspelt field does not compile', (t) => {
  const type = defineResource<Widget>({
    ...names,
    strategy: {
      default(object) {
        expectTypeOf(object).toEqualTypeOf<Widget>();
        object.spec.color ??= 'red';
        // @ts-expect-error a misspelt field of the spec
        object.spec.colour = 'red';
      },
      prepareForCreate(object, context) {
        expectTypeOf(object).toEqualTypeOf<Widget>();
        expectTypeOf(context).toEqualTypeOf<HookContext>();
        expectTypeOf(context.user).toEqualTypeOf<UserInfo>();
        expectTypeOf(context.logger).toEqualTypeOf<Logger>();
        expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
        // @ts-expect-error a create has no older object
        void context.old;
        return { ...object, spec: { size: 1 } };
      },
      async prepareForUpdate(object, context) {
        expectTypeOf(context).toEqualTypeOf<UpdateContext<Widget>>();
        object.spec.size = context.old.spec.size;
        // @ts-expect-error a value that there is not
        object.spec.color = 'green';
      },
      validate: ({ spec }): FieldError[] => [fieldInvalid('spec.size', spec.size, 'wrong')],
      validateUpdate: async (object, { old }) => {
        expectTypeOf(old).toEqualTypeOf<Widget>();
        return object.spec.size < old.spec.size
          ? [fieldInvalid('spec.size', object.spec.size, 'may only grow')]
          : [];
      },
      warningsOnCreate: ({ metadata }) => [`made ${metadata.name}`],
      canonicalize: (object) => object,
    },
  });
  expectTypeOf(type).toEqualTypeOf<DefinedResource<Widget>>();
  expectTypeOf(type).toExtend<ResourceType>();
  t.is(type.kind, 'Widget');
});

test('what hooks must return is known', (t) => {
  // @ts-expect-error validate returns a list
  const noList = (): unknown => defineResource<Widget>({ ...names, strategy: { validate() {} } });
  const texts = (): unknown =>
    // @ts-expect-error of field errors, not of texts
    defineResource<Widget>({ ...names, strategy: { validate: () => ['wrong'] } });
  const late = (): unknown =>
    // @ts-expect-error the default is synchronous
    defineResource<Widget>({ ...names, strategy: { default: async () => undefined } });
  const other = (): unknown =>
    // @ts-expect-error another object
    defineResource<Widget>({ ...names, strategy: { canonicalize: () => ({ spec: {} }) } });
  const misspelt = (): unknown =>
    // @ts-expect-error no such hook
    defineResource<Widget>({ ...names, strategy: { prepareForCreation: () => undefined } });
  t.is([noList, texts, late, other, misspelt].length, 5);
});

test('functions of subresources know the parent object and what they are sent', (t) => {
  defineResource<Widget>({
    ...names,
    subresources: {
      restart: {
        async create({ object, update, body, query }) {
          expectTypeOf(await object()).toEqualTypeOf<Widget>();
          expectTypeOf(query).toEqualTypeOf<URLSearchParams>();
          const { reason } = (await body<{ reason: string }>()) ?? { reason: '' };
          expectTypeOf(reason).toEqualTypeOf<string>();
          const changed = await update((widget) => {
            widget.spec.size = 2;
            // @ts-expect-error a misspelt field
            widget.spec.sise = 2;
          });
          expectTypeOf(changed).toEqualTypeOf<Widget>();
          return changed;
        },
      },
    },
  });
  const text = (): unknown =>
    // @ts-expect-error a result is an object
    defineResource<Widget>({ ...names, subresources: { restart: { create: () => 'done' } } });
  const verb = (): unknown =>
    // @ts-expect-error no such verb
    defineResource<Widget>({ ...names, subresources: { restart: { remove: () => ({}) } } });
  t.is([text, verb].length, 2);
});

test('without a type the objects are unknown ones; mixed types stand in one list', (t) => {
  const plain = defineResource({
    ...names,
    strategy: {
      prepareForCreate(object) {
        expectTypeOf(object).toEqualTypeOf<UnknownObject>();
      },
    },
  });
  const types: readonly ResourceType[] = [plain, defineResource<Widget>({ ...names, kind: 'Box' })];
  expectTypeOf(plain).toEqualTypeOf<DefinedResource>();
  t.is(types.length, 2);
});
