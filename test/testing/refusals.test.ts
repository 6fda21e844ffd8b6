/** What a test server is given and can't use: told at the start, with place and reason. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { DefinitionError } from '../../lib/rest/index.js';
import {
  startTestServer,
  TestingError,
  type TestingErrorCode,
  type TestServerOptions,
} from '../../lib/testing/index.js';
import { serverFor, teams, widget, widgets } from './fixture.js';

const CASES: {
  readonly [about: string]: readonly [options: object, TestingErrorCode, message: RegExp];
} = {
  'nothing to serve': [{}, 'invalid-options', /nothing to serve/],
  'no options': [undefined as never, 'invalid-options', /takes an object of options/],
  'an unknown option': [
    { resources: [widgets], crd: 'a.yaml' },
    'invalid-options',
    /no option "crd" \(crds, resources/,
  ],
  'an option of the wrong type': [
    { resources: widgets },
    'invalid-options',
    /resources must be a list/,
  ],
  'an object that is no object': [
    { resources: [widgets], objects: [7] },
    'invalid-options',
    /objects\[0\] must be an object, a text or a path/,
  ],
  'a user without a name': [
    { resources: [widgets], users: [{}] },
    'invalid-options',
    /users\[0\]\.name/,
  ],
  'a user twice': [
    { resources: [widgets], users: [{ name: 'ana' }, { name: 'ana' }] },
    'invalid-options',
    /users\[1\]: there is a user "ana" already/,
  ],
  'a user with a field that is none': [
    { resources: [widgets], users: [{ name: 'ana', group: 'makers' }] },
    'invalid-options',
    /users\[0\] has no field "group"/,
  ],
  'groups that are none': [
    { resources: [widgets], users: [{ name: 'ana', groups: 'makers' }] },
    'invalid-options',
    /users\[0\]\.groups/,
  ],
  'an object of a type that is not served': [
    { resources: [widgets], objects: [widget('a'), { apiVersion: 'v1', kind: 'Pod' }] },
    'unknown-type',
    /objects\[1\] has apiVersion "v1" and kind "Pod".*served are widgets\.example\.com/,
  ],
  'an object that the server refuses': [
    { resources: [widgets], objects: [widget('Not A Name')] },
    'invalid-object',
    /^objects\[0\]: Widget\.example\.com "Not A Name" is invalid: metadata\.name: Invalid value/,
  ],
  'an object twice': [
    { resources: [widgets], objects: [widget('a'), widget('a')] },
    'invalid-object',
    /^objects\[1\]: widgets\.example\.com "a" already exists$/,
  ],
  'an object that is no JSON': [
    { resources: [widgets], objects: [{ ...widget('a'), spec: { big: 1n } }] },
    'invalid-object',
    /^objects\[0\]: .*BigInt/,
  ],
  'a text that is no YAML': [
    { resources: [widgets], objects: ['a: [\n'] },
    'invalid-object',
    /^objects\[0\]: /,
  ],
  'a file that is not there': [
    { resources: [widgets], objects: ['nowhere.yaml'] },
    'invalid-options',
    /nowhere\.yaml can't be read/,
  ],
};

for (const [about, [options, code, message]] of Object.entries(CASES)) {
  test(`refused: ${about}`, async (t) => {
    const error = await t.throwsAsync(startTestServer(options as TestServerOptions), {
      instanceOf: TestingError,
      message,
    });
    t.is(error?.code, code);
  });
}

test('a definition that is refused tells every problem, with its place', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const file = join(folder, 'bad.yaml');
  await writeFile(file, 'apiVersion: apiextensions.k8s.io/v1\nkind: Other\n');
  const spec = { group: 'example.com', scope: 'Global', names: { kind: 'A' }, versions: [] };
  const crd = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', spec };
  const error = await t.throwsAsync(startTestServer({ crds: [crd, file, 'a:\n  b\n'] }), {
    instanceOf: DefinitionError,
  });
  const places = (error as DefinitionError).problems.map((problem) => problem.file);
  t.deepEqual([...new Set(places)], ['crds[0]', file, 'crds[2]']);
  t.regex(error?.message ?? '', /^crds\[0\]: spec\.scope: /m);
});

test('two types with one name are refused', async (t) => {
  await t.throwsAsync(startTestServer({ resources: [widgets, widgets] }), {
    instanceOf: DefinitionError,
  });
});

test('a resource that is not served is told, with the name that was meant', async (t) => {
  const server = await serverFor(t);
  for (const [name, message] of [
    ['widgets', /no resource is called "widgets" \(its name is "widgets\.example\.com"\)/],
    ['gadgets.example.com', /served are teams\.example\.com, widgets\.example\.com/],
  ] as const) {
    for (const use of [
      async () => server.list(name),
      async () => server.get(name, { name: 'a' }),
      async () => server.record(name),
      async () => server.snapshot({ resources: [name] }),
      async () => server.waitFor(name, () => true),
      async () => server.faults.conflict({ resource: name }),
      async () => server.requests.all({ resource: name }),
    ]) {
      const error = await t.throwsAsync(use, { instanceOf: TestingError, message });
      t.is(error?.code, 'unknown-type');
    }
  }
  const other = defineless(teams);
  await t.throwsAsync(async () => server.record(other as never), {
    instanceOf: TestingError,
    message: /a resource is a name or what defineResource gave/,
  });
  await t.throwsAsync(server.create({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }), {
    instanceOf: TestingError,
    message: /the object has apiVersion "v1"/,
  });
});

const defineless = ({ kind }: { kind: string }): object => ({ kind });
