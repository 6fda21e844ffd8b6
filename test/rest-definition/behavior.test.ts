/**
 * What of a definition is code: the strategy and the functions of subresources. They are carried by
 * the type as they are, and what contradicts itself is refused with its path.
 */

import test from 'ava';
import {
  DefinitionError,
  defineResource,
  extendResource,
  strategyOf,
  subresourceHandlersOf,
} from '../../lib/rest/definition/index.js';
import type { ResourceOptions } from '../../lib/rest/definition/index.js';

const minimal: ResourceOptions = { group: 'example.com', version: 'v1', kind: 'Widget' };

class Strategy {
  readonly #limit = 3;
  readonly allowCreateOnUpdate = true;

  warningsOnCreate(): readonly string[] {
    return [`limit ${this.#limit}`];
  }
}

test('a strategy is carried with its methods bound and its flags', (t) => {
  const type = defineResource({ ...minimal, strategy: new Strategy() });
  const hook = strategyOf(type)?.warningsOnCreate as () => unknown;
  t.deepEqual(hook(), ['limit 3']);
  t.true(strategyOf(type)?.allowCreateOnUpdate);
  t.is(strategyOf(type)?.allowUnconditionalUpdate, undefined);
  t.true(Object.isFrozen(type));
  t.true(Object.isFrozen(type.strategy));
});

test('a type without code has none of it', (t) => {
  const type = defineResource(minimal);
  t.false('strategy' in type);
  t.false('subresources' in type);
  t.is(strategyOf(type), undefined);
  t.is(subresourceHandlersOf(type), undefined);
});

test('subresources are told in the order of their names, with verbs and kinds', (t) => {
  const binding = { group: '', version: 'v1', kind: 'Binding' };
  const type = defineResource({
    ...minimal,
    subresources: {
      restart: { create: () => undefined },
      binding: { kind: binding, update: () => undefined, get: () => ({}) },
      shell: { kind: 'Shell', connect: () => ({ protocol: 'x', serve: () => undefined }) },
    },
  });
  t.deepEqual(type.subresources, [
    {
      name: 'binding',
      verbs: ['get', 'update'],
      connects: false,
      kind: 'Binding',
      groupVersion: { group: '', version: 'v1' },
    },
    { name: 'restart', verbs: ['create'], connects: false, kind: 'Widget' },
    { name: 'shell', verbs: ['create', 'get'], connects: true, kind: 'Shell' },
  ]);
  t.deepEqual(Object.keys(subresourceHandlersOf(type) ?? {}), ['binding', 'restart', 'shell']);
  t.true(Object.isFrozen(type.subresources?.[0]?.verbs));
});

test('the scale subresource is read of a version', (t) => {
  const scale = {
    specReplicasPath: '.spec.replicas',
    statusReplicasPath: '.status.replicas',
    labelSelectorPath: '.status.selector',
  };
  t.deepEqual(defineResource({ ...minimal, scale }).versions[0]?.scale, scale);
  const { labelSelectorPath, ...counts } = scale;
  t.is(labelSelectorPath, '.status.selector');
  t.deepEqual(defineResource({ ...minimal, scale: counts }).versions[0]?.scale, counts);
});

const counts = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };
const nothing = (): undefined => undefined;
const label = /lower case alphanumeric characters or '-', start with an alphabetic character/;
type Row = readonly [name: string, options: object, field: string, reason: string | RegExp];

const refused: readonly Row[] = [
  ['a strategy of text', { strategy: 'x' }, 'strategy', 'must be an object'],
  [
    'a hook that is no function',
    { strategy: { validate: true } },
    'strategy.validate',
    'must be a function',
  ],
  [
    'a misspelt hook',
    { strategy: { prepareForCreation: nothing } },
    'strategy.prepareForCreation',
    'is not a known field',
  ],
  [
    'a flag that is no flag',
    { strategy: { allowCreateOnUpdate: 'yes' } },
    'strategy.allowCreateOnUpdate',
    'must be true or false',
  ],
  [
    'a flag of an instance that is no flag',
    { strategy: Object.assign(new Strategy(), { allowUnconditionalUpdate: 1 }) },
    'strategy.allowUnconditionalUpdate',
    'must be true or false',
  ],
  [
    'status among own subresources',
    { subresources: { status: { get: nothing } } },
    'subresources.status',
    'is served by itself: say statusSubresource',
  ],
  [
    'scale among own subresources',
    { subresources: { scale: { get: nothing } } },
    'subresources.scale',
    'is served by itself: say scale',
  ],
  [
    'a subresource with a bad name',
    { subresources: { 'Re/start': { create: nothing } } },
    'subresources.Re/start',
    label,
  ],
  [
    'a subresource without verbs',
    { subresources: { restart: { kind: 'Restart' } } },
    'subresources.restart',
    'must have create, get, update or connect',
  ],
  [
    'connect beside create',
    { subresources: { shell: { connect: nothing, create: nothing } } },
    'subresources.shell.create',
    'must not stand beside connect',
  ],
  [
    'a verb that there is not',
    { subresources: { restart: { create: nothing, remove: nothing } } },
    'subresources.restart.remove',
    'is not a known field',
  ],
  [
    'a verb that is no function',
    { subresources: { restart: { create: nothing, get: {} } } },
    'subresources.restart.get',
    'must be a function',
  ],
  [
    'a bad kind of a subresource',
    { subresources: { restart: { kind: 'a b', create: nothing } } },
    'subresources.restart.kind',
    label,
  ],
  [
    'a kind without a version',
    { subresources: { restart: { kind: { group: 'g', kind: 'K' }, create: nothing } } },
    'subresources.restart.kind.version',
    'is required',
  ],
  ['subresources as a list', { subresources: [] }, 'subresources', 'must be an object'],
  ['scale as a flag', { scale: true }, 'scale', 'must be an object'],
  [
    'scale without the wanted count',
    { scale: { statusReplicasPath: '.status.replicas' } },
    'scale.specReplicasPath',
    'is required',
  ],
  [
    'a wanted count in the status',
    { scale: { ...counts, specReplicasPath: '.status.replicas' } },
    'scale.specReplicasPath',
    'should be a json path under .spec',
  ],
  [
    'a present count in the spec',
    { scale: { ...counts, statusReplicasPath: '.spec.replicas' } },
    'scale.statusReplicasPath',
    'should be a json path under .status',
  ],
  [
    'a selector in the metadata',
    { scale: { ...counts, labelSelectorPath: '.metadata.labels' } },
    'scale.labelSelectorPath',
    'should be a json path under either .spec or .status',
  ],
  [
    'an index in a path',
    { scale: { ...counts, specReplicasPath: '.spec.parts[0]' } },
    'scale.specReplicasPath',
    'must be a plain path such as .spec.replicas',
  ],
  [
    'an unknown path of scale',
    { scale: { ...counts, selectorPath: '.status.selector' } },
    'scale.selectorPath',
    'is not a known field',
  ],
];

for (const [name, options, field, reason] of refused) {
  test(`refused: ${name}`, (t) => {
    const all = { ...minimal, ...options } as ResourceOptions;
    const error = t.throws(() => defineResource(all), { instanceOf: DefinitionError });
    t.is(error?.problems.length, 1, error?.message);
    t.is(error?.problems[0]?.field, field);
    const told = error?.problems[0]?.reason ?? '';
    if (typeof reason === 'string') t.is(told, reason);
    else t.regex(told, reason);
  });
}

test('scale of one of several versions is named with its version', (t) => {
  const scale = { ...counts, specReplicasPath: '.replicas' };
  const versions = [
    { name: 'v1', storage: true },
    { name: 'v2', scale },
  ];
  const error = t.throws(() => defineResource({ group: 'example.com', kind: 'Widget', versions }), {
    instanceOf: DefinitionError,
  });
  t.is(error?.problems[0]?.field, 'versions[1].scale.specReplicasPath');
});

test('a type that was read gets its code afterwards', (t) => {
  const plain = defineResource(minimal);
  const strategy = { validate: () => [] };
  const type = extendResource(plain, { strategy, subresources: { restart: { create: nothing } } });
  t.like(type, { resource: 'widgets', versions: plain.versions });
  t.not(strategyOf(type)?.validate, undefined);
  t.deepEqual(type.subresources, [
    { name: 'restart', verbs: ['create'], connects: false, kind: 'Widget' },
  ]);
  t.not(subresourceHandlersOf(type)?.['restart'], undefined);
  t.true(Object.isFrozen(type));
  t.is(strategyOf(plain), undefined);
  t.false('subresources' in plain);
  t.is(extendResource(type, {}).strategy, type.strategy);
});

test('a type gets nothing that it has, and what is not stored gets nothing', (t) => {
  const behavior = { strategy: {}, subresources: { restart: { create: nothing } } };
  const type = extendResource(defineResource(minimal), behavior);
  const problems = (run: () => unknown): unknown =>
    t.throws(run, { instanceOf: DefinitionError })?.problems;
  t.deepEqual(
    problems(() => extendResource(type, behavior)),
    [
      { field: 'strategy', reason: 'widgets.example.com has a strategy already' },
      { field: 'subresources', reason: 'widgets.example.com has subresources of its own already' },
    ],
  );
  const virtual = defineResource({ ...minimal, handlers: { get: () => undefined } });
  t.deepEqual(
    problems(() => extendResource(virtual, { strategy: {} })),
    [{ field: '', reason: 'objects of widgets.example.com are not stored' }],
  );
  t.deepEqual(
    problems(() => extendResource(defineResource(minimal), { hooks: {} } as object)),
    [{ field: 'hooks', reason: 'is not a known field' }],
  );
});
