/** The option `handlers` of a definition: what follows from it, and what is refused. */

import test from 'ava';
import { defineResource, DefinitionError, handlersOf, readThrough } from '../../lib/rest/index.js';
import type { ResourceOptions } from '../../lib/rest/index.js';
import type { Lamp } from './fixture.js';
import { lamp, LAMPS_URL, lamps, VirtualServer } from './fixture.js';

const BASE = { group: 'example.com', version: 'v1', kind: 'Lamp' };
const nothing = (): null => null;

test('a type with handlers has the verbs that they serve', (t) => {
  t.is(defineResource(BASE).verbs, undefined, 'a stored type has all');
  const verbs = (handlers: object): readonly string[] | undefined =>
    defineResource({ ...BASE, handlers }).verbs;
  t.deepEqual(verbs({ create: nothing }), ['create']);
  t.deepEqual(verbs({ get: nothing, list: nothing, watch: nothing }), ['get', 'list', 'watch']);
  t.deepEqual(verbs({ update: nothing }), ['update'], 'a patch needs something to patch');
  t.deepEqual(verbs({ get: nothing, update: nothing }), ['get', 'update', 'patch']);
  t.deepEqual(verbs({ patch: nothing, deleteCollection: nothing }), ['patch', 'deletecollection']);
});

test('handlers may be the methods of an object, and are called on it', async (t) => {
  class Shelf {
    readonly #color = 'red';
    get({ namespace, name }: { namespace: string; name: string }): Lamp {
      return lamp(namespace, name, { color: this.#color });
    }
  }
  const server = new VirtualServer(t, [lamps(new Shelf())]);
  t.is((await server.get(`${LAMPS_URL}/a`)).json.spec.color, 'red');
});

test('a definition is frozen, handlers included', (t) => {
  const handlers = { get: nothing };
  const type = defineResource({ ...BASE, handlers });
  t.true(Object.isFrozen(type));
  t.true(Object.isFrozen(handlersOf(type)));
  t.false(Object.isFrozen(handlers), 'what was passed is the caller’s still');
});

const REFUSED: readonly (readonly [about: string, options: object, problems: readonly string[]])[] =
  [
    [
      'no handler',
      { handlers: {} },
      [
        'handlers: must have one of get, list, watch, create, update, patch, delete, deleteCollection',
      ],
    ],
    ['handlers that are none', { handlers: 7 }, ['handlers: must be an object']],
    [
      'a handler that is no function',
      { handlers: { get: 5 } },
      ['handlers.get: must be a function'],
    ],
    [
      'a verb that nobody knows',
      { handlers: { get: nothing, deletecollection: nothing } },
      ['handlers.deletecollection: is not a known field'],
    ],
    [
      'a watch without a list',
      { handlers: { watch: nothing } },
      ['handlers.watch: needs list: clients list before they watch'],
    ],
    [
      'a flag that is none',
      { handlers: { get: nothing, supportsDryRun: 'yes' } },
      ['handlers.supportsDryRun: must be true or false'],
    ],
    [
      'hooks beside handlers',
      { handlers: { get: nothing }, strategy: {} },
      ['strategy: must not stand beside handlers: the objects are not stored here'],
    ],
    [
      'a status beside handlers',
      { handlers: { get: nothing }, statusSubresource: true },
      ['statusSubresource: must not stand beside handlers: the objects are not stored here'],
    ],
    [
      'a status of a version beside handlers',
      {
        version: undefined,
        versions: [{ name: 'v1', statusSubresource: true }],
        handlers: { get: nothing },
      },
      [
        'versions[0].statusSubresource: must not stand beside handlers: the objects are not stored here',
      ],
    ],
  ];

for (const [about, options, problems] of REFUSED) {
  test(`${about} is refused where it is defined`, (t) => {
    const define = (): unknown => defineResource({ ...BASE, ...options } as ResourceOptions<Lamp>);
    const error = t.throws(define, { instanceOf: DefinitionError });
    t.deepEqual(error?.message.split('\n'), problems);
  });
}

const list = (): never[] => [];
const source = readThrough<Lamp>({ poll: { everyMs: 1_000, list } });

const REFUSED_SOURCES: readonly (readonly [
  about: string,
  options: unknown,
  problems: readonly string[],
])[] = [
  ['no source', {}, ['readThrough: must have poll or events']],
  ['nothing', undefined, ['readThrough: is required']],
  [
    'two sources',
    { poll: { everyMs: 1, list }, events: list },
    ['readThrough.events: must not stand beside poll'],
  ],
  [
    'a poll without anything',
    { poll: {} },
    ['readThrough.poll.everyMs: is required', 'readThrough.poll.list: is required'],
  ],
  [
    'a poll that is misspelt',
    { poll: { everyMs: 1, list, timeout: 5 } },
    ['readThrough.poll.timeout: is not a known field'],
  ],
  [
    'a time that is none',
    { poll: { everyMs: -1, list, timeoutMs: 'long' }, toleranceMs: NaN },
    [
      'readThrough.toleranceMs: must be a number of milliseconds, 0 or more',
      'readThrough.poll.everyMs: must be a number of milliseconds, 0 or more',
      'readThrough.poll.timeoutMs: must be a number of milliseconds, 0 or more',
    ],
  ],
  [
    'functions that are none',
    { events: 5, key: 'name', version: 1, object: {} },
    [
      'readThrough.events: must be a function',
      'readThrough.object: must be a function',
      'readThrough.key: must be a function',
      'readThrough.version: must be a function',
    ],
  ],
];

for (const [about, options, problems] of REFUSED_SOURCES) {
  test(`reading through to ${about} is refused`, (t) => {
    const error = t.throws(() => readThrough(options as never), { instanceOf: DefinitionError });
    t.deepEqual(error?.message.split('\n'), problems);
  });
}

test('a type that is read through has the verbs of reading, and those of its handlers', (t) => {
  const verbs = (handlers?: object): readonly string[] | undefined =>
    defineResource<Lamp>({ ...BASE, readThrough: source, ...(handlers ? { handlers } : {}) }).verbs;
  t.deepEqual(verbs(), ['get', 'list', 'watch']);
  t.deepEqual(verbs({ create: nothing }), ['get', 'list', 'watch', 'create']);
  t.deepEqual(verbs({ update: nothing }), ['get', 'list', 'watch', 'update', 'patch']);
});

const BESIDE: readonly (readonly [about: string, options: object, problem: string])[] = [
  [
    'handlers that read',
    { readThrough: source, handlers: { get: nothing } },
    'handlers.get: must not stand beside readThrough, which serves it',
  ],
  [
    'a status',
    { readThrough: source, statusSubresource: true },
    'statusSubresource: must not stand beside readThrough: the objects are not stored here',
  ],
  [
    'bare options in its place',
    { readThrough: { poll: { everyMs: 1, list } } },
    'readThrough: must be what readThrough() gives',
  ],
];

for (const [about, options, problem] of BESIDE) {
  test(`reading through with ${about} is refused`, (t) => {
    const define = (): unknown => defineResource({ ...BASE, ...options } as ResourceOptions<Lamp>);
    const error = t.throws(define, { instanceOf: DefinitionError });
    t.is(error?.message, problem);
  });
}
