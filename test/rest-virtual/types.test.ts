/** What handlers know of their objects, for the compiler: what must not compile says so. */

import test from 'ava';
import { expectTypeOf } from 'expect-type';
import { defineResource, readThrough } from '../../lib/rest/index.js';
import type { ReadThrough, VirtualHandlers } from '../../lib/rest/index.js';

interface Lamp {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: { readonly color: string };
}

const BASE = { group: 'example.com', version: 'v1', kind: 'Lamp' };
const red: Lamp = { metadata: { name: 'a', namespace: 'shop' }, spec: { color: 'red' } };

test('handlers know the type of their objects', (t) => {
  const type = defineResource<Lamp>({
    ...BASE,
    handlers: {
      get: ({ name, namespace }) => ({ metadata: { name, namespace }, spec: { color: 'red' } }),
      list: async ({ labelSelector }) => (labelSelector.text === '' ? [red] : { items: [red] }),
      async *watch({ signal }) {
        if (!signal.aborted) yield { type: 'ADDED', object: red };
      },
      create: ({ object }) => {
        expectTypeOf(object).toEqualTypeOf<Lamp>();
        return object;
      },
      update: ({ object, old }) => {
        expectTypeOf(old).toEqualTypeOf<Lamp | undefined>();
        return { ...object, spec: { color: old?.spec.color ?? 'red' } };
      },
      delete: () => true,
    },
  });
  expectTypeOf(type.handlers).toEqualTypeOf<VirtualHandlers<Lamp> | undefined>();
  t.deepEqual(type.verbs?.length, 7);
});

test('what is misspelt does not compile', (t) => {
  const color = 'red';
  const misspelt: VirtualHandlers<Lamp> = {
    // @ts-expect-error: colour is no field
    get: () => ({ ...red, spec: { colour: color } }),
    // @ts-expect-error: an object is no list
    list: () => red,
    // @ts-expect-error: a promise is no async iterable
    watch: async () => [],
    // @ts-expect-error: there is no field of this name
    create: ({ object }) => ({ ...object, spec: { color: object.spec.colour } }),
    // @ts-expect-error: neither a boolean nor an object
    delete: () => 'gone',
  };
  t.is(Object.keys(misspelt).length, 5);
  // @ts-expect-error: an event has a type of four
  const events: VirtualHandlers<Lamp>['watch'] = async function* () {
    yield { type: 'CHANGED', object: red };
  };
  t.truthy(events);
});

test('a source knows its rows, and what they are made', (t) => {
  const source = readThrough({
    poll: { everyMs: 1_000, list: async () => [{ shop: 'shop', id: 7, hue: 'red' }] },
    key: (row) => ({ namespace: row.shop, name: `lamp-${row.id}` }),
    version: (row) => row.id,
    object: (row): Lamp => ({
      metadata: { namespace: row.shop, name: `lamp-${row.id}` },
      spec: { color: row.hue },
    }),
  });
  expectTypeOf(source).toEqualTypeOf<ReadThrough<Lamp>>();
  t.deepEqual(defineResource<Lamp>({ ...BASE, readThrough: source }).verbs, [
    'get',
    'list',
    'watch',
  ]);
  interface Pole {
    readonly metadata: { readonly name: string };
    readonly metres: number;
  }
  const poles = readThrough<Pole>({ poll: { everyMs: 1_000, list: () => [] } });
  // @ts-expect-error: poles are no lamps
  t.truthy(defineResource<Lamp>({ ...BASE, readThrough: poles }));
});
