/** Subresources as OpenAPI tells them. */

import test from 'ava';

import { openApiV3Document } from '../../lib/openapi/index.js';
import { engine } from '../discovery/types.js';

interface Operation {
  readonly operationId: string;
  readonly 'x-kubernetes-action': string;
  readonly 'x-kubernetes-group-version-kind': { group: string; version: string; kind: string };
  readonly parameters: readonly { readonly name: string }[];
  readonly requestBody?: { readonly required: boolean };
  readonly responses: { readonly [code: string]: { readonly content?: object } };
}

interface Document {
  readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } };
  readonly components: { readonly schemas: { readonly [name: string]: object } };
}

const { bytes } = openApiV3Document('example.com', 'v1', [engine]) ?? {};
const document = JSON.parse(Buffer.from(bytes ?? []).toString()) as Document;
const BASE = '/apis/example.com/v1/namespaces/{namespace}/engines/{name}';

test('each subresource has the operations that it serves, of its kind', (t) => {
  const lines = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => method !== 'parameters' && path.startsWith(`${BASE}/`))
      .map(([method, operation]) => {
        const { group, version, kind } = operation['x-kubernetes-group-version-kind'];
        const action = operation['x-kubernetes-action'];
        return `${method} ${path.slice(BASE.length)} ${action} ${group}/${version} ${kind}`;
      }),
  );
  t.deepEqual(lines, [
    'get /status get example.com/v1 Engine',
    'put /status put example.com/v1 Engine',
    'patch /status patch example.com/v1 Engine',
    'get /scale get autoscaling/v1 Scale',
    'put /scale put autoscaling/v1 Scale',
    'patch /scale patch autoscaling/v1 Scale',
    'post /eviction post policy/v1 Eviction',
    'get /report get example.com/v1 Engine',
    'put /report put example.com/v1 Engine',
    'post /restart post example.com/v1 Restart',
    'get /shell connect example.com/v1 Engine',
    'post /shell connect example.com/v1 Engine',
  ]);
});

test('operation ids stay unique, and parameters belong to the path', (t) => {
  const operations = Object.values(document.paths).flatMap((item) =>
    Object.entries(item).flatMap(([method, operation]) =>
      method === 'parameters' ? [] : [operation.operationId],
    ),
  );
  t.is(new Set(operations).size, operations.length);
  t.true(operations.includes('connectGetExampleComV1NamespacedEngineShell'));
  const shared = document.paths[`${BASE}/restart`]?.['parameters'] as unknown as { name: string }[];
  t.deepEqual(
    shared.map(({ name }) => name),
    ['name', 'namespace', 'pretty'],
  );
});

test('a Scale has its schemas, a function takes and answers anything, a connection nothing', (t) => {
  const scale = document.paths[`${BASE}/scale`];
  const { schemas } = document.components;
  t.regex(
    JSON.stringify(scale?.['get']?.responses),
    /schemas\/io\.k8s\.api\.autoscaling\.v1\.Scale"/,
  );
  for (const name of ['Scale', 'ScaleSpec', 'ScaleStatus']) {
    t.true(`io.k8s.api.autoscaling.v1.${name}` in schemas);
  }
  const restart = document.paths[`${BASE}/restart`]?.['post'];
  t.false(restart?.requestBody?.required);
  t.regex(JSON.stringify(restart?.responses['201']), /x-kubernetes-preserve-unknown-fields/);
  const report = document.paths[`${BASE}/report`]?.['get'];
  t.regex(JSON.stringify(report?.responses['200']), /schemas\/com\.example\.v1\.Engine"/);
  t.deepEqual(report?.parameters, []);
  const shell = document.paths[`${BASE}/shell`]?.['get'];
  t.deepEqual(Object.keys(shell?.responses ?? {}), ['101', '401']);
  t.is(shell?.responses['101']?.content, undefined);
});
