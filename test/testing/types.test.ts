/** What the compiler knows of a test server's objects. */

import test from 'ava';
import { expectTypeOf } from 'expect-type';
import type { UnknownObject } from '../../lib/object/index.js';
import type { EventRecorder, TestServer } from '../../lib/testing/index.js';
import { serverFor, widget, widgets, type Widget } from './fixture.js';

test('objects have the type of the definition that names them', async (t) => {
  const server = await serverFor(t, { objects: [widget('lamp')] });
  const reference = { namespace: 'shop', name: 'lamp' };
  expectTypeOf(await server.get(widgets, reference)).toEqualTypeOf<Widget | undefined>();
  expectTypeOf(await server.list(widgets)).toEqualTypeOf<readonly Widget[]>();
  expectTypeOf(await server.patch(widgets, reference, {})).toEqualTypeOf<Widget>();
  expectTypeOf(server.record(widgets)).toEqualTypeOf<EventRecorder<Widget>>();
  const found = await server.waitFor(widgets, (all) => all.find(({ spec }) => spec.color));
  expectTypeOf(found).toEqualTypeOf<Widget>();
  t.is(found.spec.color, 'red');
});

test('a name alone says nothing of the type, a type argument does', async (t) => {
  const server = await serverFor(t, { objects: [widget('lamp')] });
  const name = 'widgets.example.com';
  expectTypeOf(await server.list(name)).toEqualTypeOf<readonly UnknownObject[]>();
  expectTypeOf(await server.list<Widget>(name)).toEqualTypeOf<readonly Widget[]>();
  const color = await server.waitFor(name, (all: readonly Widget[]) => all[0]?.spec.color);
  expectTypeOf(color).toEqualTypeOf<string>();
  t.is(color, 'red');
});

test('misspelt options and fields do not compile', (t) => {
  const misspelt = (server: TestServer): unknown => [
    // @ts-expect-error there is no such verb
    server.faults.conflict({ verb: 'put' }),
    // @ts-expect-error a delay has to say how long
    server.faults.delay({}, {}),
    // @ts-expect-error there is no such field
    server.snapshot({ without: ['time'] }),
    // @ts-expect-error a widget has no weight
    server.waitFor(widgets, ([lamp]) => lamp?.spec.weight),
    // @ts-expect-error a create needs an object
    server.create('lamp'),
  ];
  t.is(typeof misspelt, 'function');
});
