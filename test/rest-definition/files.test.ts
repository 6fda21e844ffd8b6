import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { stringify } from 'yaml';
import {
  DefinitionError,
  checkNameConflicts,
  defineResource,
  parseResourceTypes,
  readResourceTypes,
} from '../../lib/rest/definition/index.js';

type Json = { [key: string]: unknown };

function definition(plural: string, kind: string, spec: Json = {}, names: Json = {}): Json {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.example.com` },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural, kind, ...names },
      versions: [version('v1')],
      ...spec,
    },
  };
}

function version(name: string, more: Json = {}): Json {
  const schema = { openAPIV3Schema: { type: 'object' } };
  return { name, served: true, storage: true, schema, ...more };
}

async function withFiles(
  files: { readonly [name: string]: string | Uint8Array },
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'definitions-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      if (name.includes('/')) await mkdir(join(folder, name, '..'), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('a definition becomes a resource type', (t) => {
  const text = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.example.com
  creationTimestamp: null
spec:
  group: example.com
  scope: Cluster
  preserveUnknownFields: false
  conversion: { strategy: None }
  names: { plural: widgets, singular: widget, kind: Widget, listKind: WidgetList, shortNames: [wd] }
  versions:
    - name: v1
      served: true
      storage: true
      subresources:
        status: {}
        scale:
          specReplicasPath: .spec.replicas
          statusReplicasPath: .status.replicas
          labelSelectorPath: .status.selector
      selectableFields: [{ jsonPath: .spec.color }]
      additionalPrinterColumns:
        - { name: Color, type: string, jsonPath: .spec.color, description: Its color. }
      schema: &schema
        openAPIV3Schema:
          type: object
          properties: { spec: { type: object, properties: { color: { type: string } } } }
    - name: v1beta1
      served: false
      storage: false
      deprecated: true
      schema: *schema
status: { conditions: [] }
`;
  const schema = {
    type: 'object',
    properties: { spec: { type: 'object', properties: { color: { type: 'string' } } } },
  };
  t.deepEqual(parseResourceTypes(text, 'widgets.yaml'), [
    {
      group: 'example.com',
      resource: 'widgets',
      singular: 'widget',
      kind: 'Widget',
      listKind: 'WidgetList',
      namespaced: false,
      shortNames: ['wd'],
      categories: [],
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          deprecated: false,
          schema,
          statusSubresource: true,
          scale: {
            specReplicasPath: '.spec.replicas',
            statusReplicasPath: '.status.replicas',
            labelSelectorPath: '.status.selector',
          },
          printerColumns: [
            {
              name: 'Color',
              type: 'string',
              description: 'Its color.',
              priority: 0,
              jsonPath: '.spec.color',
            },
          ],
          selectableFields: ['spec.color'],
        },
        {
          name: 'v1beta1',
          served: false,
          storage: false,
          deprecated: true,
          schema,
          statusSubresource: false,
          printerColumns: [],
          selectableFields: [],
        },
      ],
    },
  ]);
});

test('a file has several documents, empty ones too, and lists', (t) => {
  const list = {
    apiVersion: 'v1',
    kind: 'List',
    items: [definition('as', 'A'), definition('bs', 'B')],
  };
  const text = `# first\n---\n${stringify(definition('cs', 'C'))}---\n---\n${stringify(list)}`;
  t.deepEqual(
    parseResourceTypes(text, 'x.yaml').map(({ kind }) => kind),
    ['C', 'A', 'B'],
  );
  const ofDefinitions = { ...list, kind: 'CustomResourceDefinitionList' };
  t.is(parseResourceTypes(JSON.stringify(ofDefinitions), 'x.json').length, 2);
});

test('files and folders are read, a folder in the order of its names', async (t) => {
  const files = {
    'b.yml': stringify(definition('bs', 'B')),
    'a.json': `\t${JSON.stringify(definition('as', 'A'))}`,
    'c.yaml': stringify(definition('cs', 'C')),
    'README.md': 'not a definition',
    'below/d.yaml': stringify(definition('ds', 'D')),
  };
  await withFiles(files, async (folder) => {
    const kinds = async (...paths: string[]): Promise<readonly string[]> => {
      const types = await readResourceTypes(paths.map((path) => join(folder, path)));
      return types.map(({ kind }) => kind);
    };
    t.deepEqual(await kinds('.'), ['A', 'B', 'C']);
    t.deepEqual(await kinds('c.yaml', 'below', 'a.json'), ['C', 'D', 'A']);
    t.deepEqual(await kinds(), []);
  });
});

test('types read from files are frozen', (t) => {
  const [type] = parseResourceTypes(stringify(definition('as', 'A')), 'a.yaml');
  t.true(Object.isFrozen(type?.versions[0]?.schema));
});

const valid = definition('widgets', 'Widget');
type Row = readonly [name: string, document: unknown, field: string, reason: string | RegExp];

function withSpec(spec: Json, names: Json = {}): Json {
  return definition('widgets', 'Widget', spec, names);
}

function withVersion(more: Json): Json {
  return withSpec({ versions: [version('v1', more)] });
}

const refused: readonly Row[] = [
  [
    'another kind',
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } },
    'apiVersion',
    'must be apiextensions.k8s.io/v1, is "v1"',
  ],
  [
    'an older API',
    { ...valid, apiVersion: 'apiextensions.k8s.io/v1beta1' },
    'apiVersion',
    'must be apiextensions.k8s.io/v1, is "apiextensions.k8s.io/v1beta1"',
  ],
  [
    'another kind of the API',
    { ...valid, kind: 'ConversionReview' },
    'kind',
    'must be CustomResourceDefinition, is "ConversionReview"',
  ],
  ['a document of text', 'hello', '', 'must be an object'],
  ['no metadata', { ...valid, metadata: undefined }, 'metadata.name', 'is required'],
  [
    'another name',
    { ...valid, metadata: { name: 'widgets' } },
    'metadata.name',
    'must be spec.names.plural and spec.group, joined by a dot: widgets.example.com',
  ],
  ['no spec', { ...valid, spec: undefined }, 'spec', 'is required'],
  ['no group', withSpec({ group: undefined }), 'spec.group', 'is required'],
  [
    'a group without a dot',
    withSpec({ group: 'example' }),
    'spec.group',
    'should be a domain with at least one dot',
  ],
  ['no scope', withSpec({ scope: undefined }), 'spec.scope', 'is required'],
  ['no names', withSpec({ names: undefined }), 'spec.names', 'is required'],
  [
    'no kind',
    withSpec({}, { kind: null, singular: 'w', listKind: 'L' }),
    'spec.names.kind',
    'is required',
  ],
  [
    'a misspelt name',
    withSpec({}, { shortname: ['x'] }),
    'spec.names.shortname',
    'is not a known field',
  ],
  ['a misspelt field', withSpec({ versionz: [] }), 'spec.versionz', 'is not a known field'],
  ['no versions', withSpec({ versions: undefined }), 'spec.versions', 'is required'],
  ['an empty list of versions', withSpec({ versions: [] }), 'spec.versions', 'must not be empty'],
  ['no schema', withVersion({ schema: undefined }), 'spec.versions[0].schema', 'is required'],
  [
    'an empty schema',
    withVersion({ schema: {} }),
    'spec.versions[0].schema.openAPIV3Schema',
    'is required',
  ],
  ['no served', withVersion({ served: undefined }), 'spec.versions[0].served', 'is required'],
  [
    'served as text',
    withVersion({ served: 'yes' }),
    'spec.versions[0].served',
    'must be true or false',
  ],
  [
    'conversion by webhook',
    withSpec({ conversion: { strategy: 'Webhook', webhook: {} } }),
    'spec.conversion.strategy',
    'conversion by webhook is not supported, only None is',
  ],
  [
    'another conversion',
    withSpec({ conversion: { strategy: 'Magic' } }),
    'spec.conversion.strategy',
    'must be None',
  ],
  [
    'a webhook without its strategy',
    withSpec({ conversion: { strategy: 'None', webhook: {} } }),
    'spec.conversion.webhook',
    'must not be there when the strategy is None',
  ],
  [
    'preserveUnknownFields',
    withSpec({ preserveUnknownFields: true }),
    'spec.preserveUnknownFields',
    /^must be false/,
  ],
  [
    'a status that is a flag',
    withVersion({ subresources: { status: true } }),
    'spec.versions[0].subresources.status',
    'must be an object',
  ],
  [
    'a warning that is too long',
    withVersion({ deprecated: true, deprecationWarning: 'x'.repeat(257) }),
    'spec.versions[0].deprecationWarning',
    'must have at most 256 characters',
  ],
  [
    'a warning of two lines',
    withVersion({ deprecated: true, deprecationWarning: 'x\ny' }),
    'spec.versions[0].deprecationWarning',
    'must not contain control characters',
  ],
  [
    'a broken list',
    { apiVersion: 'v1', kind: 'List', items: [valid, { kind: 'X' }] },
    'items[1].apiVersion',
    'must be apiextensions.k8s.io/v1, is missing',
  ],
  [
    'a definition twice',
    { apiVersion: 'v1', kind: 'List', items: [valid, valid] },
    'items[1].spec.names.plural',
    '"widgets" already belongs to widgets.example.com',
  ],
];

for (const [name, document, field, reason] of refused) {
  test(`refused: ${name}`, (t) => {
    const text = `---\n${JSON.stringify(document)}`;
    const error = t.throws(() => parseResourceTypes(text, 'some.yaml'), {
      instanceOf: DefinitionError,
    });
    const problem = error?.problems.find((candidate) => candidate.field === field);
    t.is(problem?.file, 'some.yaml', error?.message);
    t.is(problem?.document, 1);
    if (typeof reason === 'string') t.is(problem?.reason, reason);
    else t.regex(problem?.reason ?? '', reason);
  });
}

const unreadable: readonly (readonly [string, string, string | Uint8Array, RegExp])[] = [
  ['YAML that is none', 'x.yaml', 'a: [1\n', /x\.yaml, document 1: is not YAML: .* at line 2/],
  [
    'a key twice',
    'x.yaml',
    'a: 1\na: 2\n',
    /x\.yaml, document 1: is not YAML: Map keys must be unique/,
  ],
  ['an alias without its anchor', 'x.yaml', 'a: *b\n', /x\.yaml, document 1: is not YAML: /],
  [
    'the second document',
    'x.yaml',
    `${stringify(valid)}---\n- : : -\n  - "`,
    /x\.yaml, document 2: is not YAML: /,
  ],
  ['JSON that is none', 'x.json', '{"a":}', /x\.json: is not JSON: /],
  ['other text than UTF-8', 'x.yaml', new Uint8Array([0xff, 0xfe]), /x\.yaml: is not UTF-8 text/],
  ['an empty file', 'x.yaml', '# nothing\n', /x\.yaml: has no CustomResourceDefinition/],
  ['an empty JSON file', 'x.json', '', /x\.json: is not JSON: /],
];

for (const [name, file, text, message] of unreadable) {
  test(`refused: ${name}`, async (t) => {
    await withFiles({ [file]: text }, async (folder) => {
      await t.throwsAsync(readResourceTypes([join(folder, file)]), {
        instanceOf: DefinitionError,
        message,
      });
    });
  });
}

test('an alias bomb is refused', (t) => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let depth = 1; depth < 9; depth++) {
    const aliases = Array.from({ length: 9 }, () => `*a${depth - 1}`).join(', ');
    lines.push(`a${depth}: &a${depth} [${aliases}]`);
  }
  t.throws(() => parseResourceTypes(lines.join('\n'), 'bomb.yaml'), {
    instanceOf: DefinitionError,
    message: /bomb\.yaml, document 1: is not YAML: Excessive alias count/,
  });
});

test('paths that are not there, and folders with nothing to read, are refused', async (t) => {
  await withFiles({ 'README.md': '' }, async (folder) => {
    await t.throwsAsync(readResourceTypes([join(folder, 'no.yaml')]), {
      message: /no\.yaml: can't be read: ENOENT/,
    });
    await t.throwsAsync(readResourceTypes([folder]), {
      message: `${folder}: has no *.yaml, *.yml or *.json file`,
    });
  });
});

test('the problems of all files are told at once', async (t) => {
  const files = {
    'a.yaml': stringify(definition('as', 'A')),
    'b.yaml': stringify(definition('as', 'A')),
    'c.yaml': 'x: 1',
  };
  await withFiles(files, async (folder) => {
    const error = await t.throwsAsync(readResourceTypes([folder]), {
      instanceOf: DefinitionError,
    });
    t.is(
      error?.message,
      [
        `${folder}/c.yaml, document 1: apiVersion: must be apiextensions.k8s.io/v1, is missing`,
        `${folder}/c.yaml, document 1: kind: must be CustomResourceDefinition, is missing`,
        `${folder}/b.yaml, document 1: spec.names.plural: "as" already belongs to as.example.com`,
      ].join('\n'),
    );
  });
});

const conflicts: readonly (readonly [string, Json, Json, string])[] = [
  ['kind', { kind: 'A' }, {}, 'spec.names.kind'],
  ['list kind', { listKind: 'AList' }, {}, 'spec.names.listKind'],
  ['a kind as list kind', { listKind: 'A' }, {}, 'spec.names.listKind'],
  ['singular', { singular: 'a' }, {}, 'spec.names.singular'],
  ['a plural as singular', { singular: 'as' }, {}, 'spec.names.singular'],
  ['short name', { shortNames: ['x', 'y'] }, { shortNames: ['y'] }, 'spec.names.shortNames[1]'],
];

for (const [name, second, first, field] of conflicts) {
  test(`two types of a group can not share a name: ${name}`, (t) => {
    const text = `${stringify(definition('as', 'A', {}, first))}---\n${stringify(
      definition('bs', 'B', {}, { listKind: 'Bs', singular: 'b', ...second }),
    )}`;
    const error = t.throws(() => parseResourceTypes(text, 'x.yaml'), {
      instanceOf: DefinitionError,
    });
    t.true(error?.problems.some((problem) => problem.field === field && problem.document === 2));
  });
}

test('types of different groups share names, and one type may use a name twice', (t) => {
  const options = { version: 'v1', kind: 'Sheep', plural: 'sheep' };
  const types = ['a.com', 'b.com'].map((group) => defineResource({ ...options, group }));
  t.notThrows(() => checkNameConflicts(types));
  t.throws(() => checkNameConflicts([...types, ...types]), {
    instanceOf: DefinitionError,
    message: /^sheep\.a\.com: spec\.names\.plural: "sheep" already belongs to sheep\.a\.com$/m,
  });
});

test('the example definitions can be read', async (t) => {
  const examples = new URL('../../../examples/crds', import.meta.url).pathname;
  const types = await readResourceTypes([examples]);
  t.true(types.length > 0);
});
