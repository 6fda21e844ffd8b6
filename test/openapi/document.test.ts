import { createHash } from 'node:crypto';
import test from 'ava';
import {
  openApiV3Document,
  openApiV3DocumentAt,
  openApiV3Paths,
  openApiV3Root,
} from '../../lib/openapi/index.js';
import type { OpenApiDocument } from '../../lib/openapi/index.js';
import { defineResource } from '../../lib/rest/definition/index.js';
import { team, widget } from '../discovery/types.js';

const types = [widget, team];
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.';

/** As much of a document as the tests look at. */
interface Schema {
  readonly [key: string]: unknown;
  readonly properties?: { readonly [name: string]: Schema };
}
interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: object };
  readonly responses: { readonly [code: string]: { readonly content?: object } };
  readonly 'x-kubernetes-action': string;
  readonly 'x-kubernetes-group-version-kind': object;
}
interface Document {
  readonly openapi: string;
  readonly info: object;
  readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } };
  readonly components: { readonly schemas: { readonly [name: string]: Schema } };
}

function read(document: OpenApiDocument | undefined): Document {
  return JSON.parse(new TextDecoder().decode(document?.bytes)) as Document;
}

const METHODS = ['get', 'put', 'post', 'patch', 'delete'];

function operations(document: Document): readonly (readonly [string, Operation])[] {
  return Object.entries(document.paths).flatMap(([path, item]) => {
    return METHODS.flatMap((method) => {
      const operation = item[method];
      return operation === undefined ? [] : [[`${method} ${path}`, operation] as const];
    });
  });
}

test('every served group and version has a document', (t) => {
  const core = defineResource({ group: '', version: 'v1', kind: 'Thing' });
  t.deepEqual(openApiV3Paths([...types, core]), [
    'api/v1',
    'apis/demo.example.com/v1',
    'apis/demo.example.com/v1beta1',
    'apis/example.com/v1',
  ]);
  for (const path of openApiV3Paths(types)) t.not(openApiV3DocumentAt(path, types), undefined);
  for (const path of [
    'apis/demo.example.com/v1alpha1',
    'apis/x/v1',
    'api/v1',
    'x',
    '',
    'apis/a/b/c',
  ]) {
    t.is(openApiV3DocumentAt(path, types), undefined, path);
  }
  t.deepEqual(Object.keys(read(openApiV3Document('', 'v1', [core])).paths), [
    '/api/v1/things',
    '/api/v1/namespaces/{namespace}/things',
    '/api/v1/namespaces/{namespace}/things/{name}',
  ]);
});

test('the root names each document with its hash', (t) => {
  const root = openApiV3Root(types);
  const hash = (path: string): string => openApiV3DocumentAt(path, types)?.hash ?? '';
  t.deepEqual(JSON.parse(new TextDecoder().decode(root.bytes)), {
    paths: Object.fromEntries(
      openApiV3Paths(types).map((path) => {
        return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash(path)}` }];
      }),
    ),
  });
});

test('a hash is the SHA-512 of the document, and changes with it alone', (t) => {
  const document = openApiV3Document('demo.example.com', 'v1', types);
  const digest = createHash('sha512')
    .update(document?.bytes ?? '')
    .digest('hex');
  t.is(document?.hash, digest.toUpperCase());
  t.is(openApiV3Document('demo.example.com', 'v1', [...types].reverse())?.hash, document?.hash);
  t.is(openApiV3Document('demo.example.com', 'v1', [widget])?.hash, document?.hash);
  t.not(openApiV3Document('demo.example.com', 'v1beta1', types)?.hash, document?.hash);
});

test('the operations of a type, each with its action and kind', (t) => {
  const document = read(openApiV3Document('demo.example.com', 'v1', types));
  const root = '/apis/demo.example.com/v1';
  const named = `${root}/namespaces/{namespace}/widgets/{name}`;
  t.deepEqual(
    operations(document).map(([where, operation]) => {
      return `${where} ${operation['x-kubernetes-action']} ${operation.operationId}`;
    }),
    [
      `get ${root}/widgets list listDemoExampleComV1WidgetForAllNamespaces`,
      `get ${root}/namespaces/{namespace}/widgets list listDemoExampleComV1NamespacedWidget`,
      `post ${root}/namespaces/{namespace}/widgets post createDemoExampleComV1NamespacedWidget`,
      `delete ${root}/namespaces/{namespace}/widgets deletecollection ` +
        'deleteDemoExampleComV1CollectionNamespacedWidget',
      `get ${named} get readDemoExampleComV1NamespacedWidget`,
      `put ${named} put replaceDemoExampleComV1NamespacedWidget`,
      `patch ${named} patch patchDemoExampleComV1NamespacedWidget`,
      `delete ${named} delete deleteDemoExampleComV1NamespacedWidget`,
      `get ${named}/status get readDemoExampleComV1NamespacedWidgetStatus`,
      `put ${named}/status put replaceDemoExampleComV1NamespacedWidgetStatus`,
      `patch ${named}/status patch patchDemoExampleComV1NamespacedWidgetStatus`,
    ],
  );
  for (const [, operation] of operations(document)) {
    t.deepEqual(operation['x-kubernetes-group-version-kind'], {
      group: 'demo.example.com',
      kind: 'Widget',
      version: 'v1',
    });
  }
});

test('a cluster-wide type has no namespace in its paths', (t) => {
  const document = read(openApiV3Document('example.com', 'v1', types));
  t.deepEqual(Object.keys(document.paths), [
    '/apis/example.com/v1/teams',
    '/apis/example.com/v1/teams/{name}',
  ]);
  t.true(
    operations(document).every(([, operation]) => !operation.operationId.includes('Namespaced')),
  );
});

test('operation ids are unique within a document', (t) => {
  const kinds = ['Widget', 'Gadget'];
  const several = kinds.map((kind) => {
    return defineResource({ group: 'e.com', version: 'v1', kind, statusSubresource: true });
  });
  const ids = operations(read(openApiV3Document('e.com', 'v1', several))).map(([, operation]) => {
    return operation.operationId;
  });
  t.is(ids.length, 22);
  t.is(new Set(ids).size, ids.length);
});

test('a patch is validated by the server and takes only what the server takes', (t) => {
  const document = read(openApiV3Document('demo.example.com', 'v1', types));
  for (const [where, operation] of operations(document)) {
    if (!where.startsWith('patch')) continue;
    t.deepEqual(
      operation.parameters.map((parameter) => [parameter.name, parameter.in]),
      [
        ['dryRun', 'query'],
        ['fieldManager', 'query'],
        ['fieldValidation', 'query'],
        ['force', 'query'],
      ],
    );
    t.deepEqual(Object.keys(operation.requestBody?.content ?? {}), [
      'application/json-patch+json',
      'application/merge-patch+json',
    ]);
  }
});

test('every reference leads to a schema of the document', (t) => {
  for (const path of openApiV3Paths(types)) {
    const document = read(openApiV3DocumentAt(path, types));
    const references = JSON.stringify(document).matchAll(
      /"\$ref":"#\/components\/schemas\/([^"]+)"/g,
    );
    const names = new Set([...references].map(([, name]) => name ?? ''));
    t.true(names.size > 5);
    for (const name of names) t.true(name in document.components.schemas, name);
  }
});

test('an object has the schema of its definition, with what every object has', (t) => {
  const { schemas } = read(openApiV3Document('demo.example.com', 'v1', types)).components;
  const schema = schemas['com.example.demo.v1.Widget'];
  t.deepEqual(schema?.['x-kubernetes-group-version-kind'], [
    { group: 'demo.example.com', kind: 'Widget', version: 'v1' },
  ]);
  t.is(schema?.['type'], 'object');
  t.is(schema?.['description'], 'Widget is a thing.');
  t.deepEqual(schema?.['required'], ['spec']);
  const properties = schema?.properties ?? {};
  t.deepEqual(Object.keys(properties).sort(), ['apiVersion', 'kind', 'metadata', 'spec']);
  t.deepEqual(properties['spec'], {
    type: 'object',
    properties: { color: { type: 'string', description: 'Its color.' } },
  });
  t.is(properties['apiVersion']?.['type'], 'string');
  t.deepEqual(properties['metadata']?.['allOf'], [
    { $ref: `#/components/schemas/${META}ObjectMeta` },
  ]);
});

test('a list has a schema of its own', (t) => {
  const { schemas } = read(openApiV3Document('demo.example.com', 'v1', types)).components;
  const schema = schemas['com.example.demo.v1.WidgetList'];
  t.deepEqual(schema?.['x-kubernetes-group-version-kind'], [
    { group: 'demo.example.com', kind: 'WidgetList', version: 'v1' },
  ]);
  t.deepEqual(schema?.properties?.['items']?.['items'], {
    $ref: '#/components/schemas/com.example.demo.v1.Widget',
  });
});

test('the fields that a selector may name are told, of objects and lists', (t) => {
  const apple = defineResource({
    group: 'example.com',
    version: 'v1',
    kind: 'Apple',
    selectableFields: ['spec.color'],
  });
  const { schemas } = read(openApiV3Document('example.com', 'v1', [apple])).components;
  const KEY = 'x-kubernetes-selectable-fields';
  t.deepEqual(schemas['com.example.v1.Apple']?.[KEY], [{ fieldPath: 'spec.color' }]);
  t.deepEqual(schemas['com.example.v1.AppleList']?.[KEY], [{ fieldPath: 'spec.color' }]);
  const { schemas: others } = read(openApiV3Document('example.com', 'v1', [team])).components;
  t.false(KEY in (others['com.example.v1.Team'] ?? {}));
});

test('bodies may be JSON and YAML, both ways', (t) => {
  const { paths } = read(openApiV3Document('example.com', 'v1', [team]));
  const types = ['application/json', 'application/yaml'];
  const { put } = paths['/apis/example.com/v1/teams/{name}'] ?? {};
  t.deepEqual(Object.keys(put?.requestBody?.content ?? {}), types);
  t.deepEqual(Object.keys(put?.responses['200']?.content ?? {}), types);
});

test('a type without a schema has objects of any shape', (t) => {
  const { schemas } = read(openApiV3Document('example.com', 'v1', types)).components;
  const schema = schemas['com.example.v1.Team'];
  t.true(schema?.['x-kubernetes-preserve-unknown-fields']);
  t.deepEqual(Object.keys(schema?.properties ?? {}), ['apiVersion', 'kind', 'metadata']);
});

test('objects within objects have metadata as well, wherever they are', (t) => {
  const inner = { type: 'object', 'x-kubernetes-embedded-resource': true };
  const type = defineResource({
    group: 'e.com',
    version: 'v1',
    kind: 'Bundle',
    schema: {
      type: 'object',
      properties: {
        one: inner,
        many: { type: 'array', items: inner },
        byName: { type: 'object', additionalProperties: inner },
        plain: { type: 'object' },
      },
    },
  });
  const schema = read(openApiV3Document('e.com', 'v1', [type])).components.schemas[
    'com.e.v1.Bundle'
  ];
  const { one, many, byName, plain } = schema?.properties ?? {};
  for (const embedded of [one, many?.['items'], byName?.['additionalProperties']] as Schema[]) {
    t.deepEqual(Object.keys(embedded.properties ?? {}), ['apiVersion', 'kind', 'metadata']);
  }
  t.deepEqual(plain, { type: 'object' });
});

test('the metadata of objects is described field by field', (t) => {
  const { schemas } = read(openApiV3Document('demo.example.com', 'v1', types)).components;
  const fields = schemas[`${META}ObjectMeta`]?.properties ?? {};
  const described = Object.entries(fields).filter(([, field]) => field['description']);
  t.is(described.length, Object.keys(fields).length);
  for (const name of ['name', 'namespace', 'labels', 'annotations', 'finalizers', 'uid']) {
    t.true(name in fields, name);
  }
});

test('of a type that is not served with all verbs, only what is served is listed', (t) => {
  const operationsWith = (...verbs: string[]): string[] => {
    const document = read(openApiV3Document('demo.example.com', 'v1', [{ ...widget, verbs }]));
    return operations(document)
      .map(([operation]) => operation.replace('/apis/demo.example.com/v1/', ''))
      .filter((operation) => !operation.endsWith('/status'));
  };
  const named = 'namespaces/{namespace}/widgets/{name}';
  t.deepEqual(operationsWith('create'), ['post namespaces/{namespace}/widgets']);
  t.deepEqual(operationsWith('get', 'list'), [
    'get widgets',
    'get namespaces/{namespace}/widgets',
    `get ${named}`,
  ]);
  t.deepEqual(operationsWith('update', 'patch', 'delete', 'deletecollection'), [
    'delete namespaces/{namespace}/widgets',
    `put ${named}`,
    `patch ${named}`,
    `delete ${named}`,
  ]);
});

test('what can not be watched is listed without the parameters of watches', (t) => {
  const listed = (verbs: string[]): Operation | undefined => {
    const document = read(openApiV3Document('demo.example.com', 'v1', [{ ...widget, verbs }]));
    return document.paths['/apis/demo.example.com/v1/widgets']?.['get'];
  };
  const names = (operation: Operation | undefined): string[] =>
    operation?.parameters.map(({ name }) => name) ?? [];
  const types = (operation: Operation | undefined): string[] =>
    Object.keys(operation?.responses['200']?.content ?? {});
  t.true(names(listed(['list', 'watch'])).includes('watch'));
  t.true(types(listed(['list', 'watch'])).includes('application/json;stream=watch'));
  const watching = names(listed(['list'])).filter((name) => /watch|timeout/i.test(name));
  t.deepEqual(watching, []);
  t.deepEqual(types(listed(['list'])), ['application/json', 'application/yaml']);
});
