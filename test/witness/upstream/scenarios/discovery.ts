/** Discovery in both forms, and OpenAPI: of the types in the comparison's groups. */

import { accept, get, scenario } from '../scenario.js';
import type { Scenario } from '../scenario.js';

const G = '/apis/{{group}}';
const P = '/apis/platform.{{group}}';

const AGGREGATED =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';

interface Named {
  readonly name?: string;
  readonly metadata?: { readonly name: string };
}

export const DISCOVERY: readonly Scenario[] = [
  scenario(
    'discovery: groups',
    get('/apis', { view: ownGroups }),
    get(G),
    get(P),
    get('/api', { ignore: ['serverAddressByClientCIDRs', 'versions'] }),
  ),
  scenario(
    'discovery: resources',
    get(`${G}/v1`, { view: inOrder }),
    get(`${G}/v1beta1`, { view: inOrder }),
    get(`${P}/v1`, { view: inOrder }),
    get(`${P}/v1beta1`, { view: inOrder }),
    get(`${G}/v1`, { ...accept('application/yaml'), view: () => 'told' }),
    get(`${G}/v1`, accept('text/plain')),
    get(`${G}/v1`, { ...accept(AGGREGATED), view: inOrder }),
    get(G, accept('text/plain')),
    get('/apis', { ...accept('text/plain'), view: ownGroups }),
  ),
  scenario(
    'discovery: aggregated',
    get('/apis', { ...accept(AGGREGATED), view: ownGroups, save: 'groups' }),
    get('/apis', {
      ...accept('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'),
      view: ownGroups,
    }),
    get('/apis', {
      ...accept('application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList'),
      view: ownGroups,
    }),
    get('/apis', {
      ...accept('application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList'),
      view: ownGroups,
    }),
    get('/api', { ...accept(AGGREGATED), view: ownGroups }),
    get('/apis', {
      headers: { Accept: AGGREGATED, 'If-None-Match': '"wrong"' },
      view: ownGroups,
    }),
    get('/apis', { headers: { Accept: AGGREGATED, 'If-None-Match': '*' }, view: ownGroups }),
  ),
  scenario(
    'openapi: root and groups',
    get('/openapi/v3', { view: ownPaths }),
    get('/openapi/v3/apis/{{group}}/v1', { view: structure }),
    get('/openapi/v3/apis/{{group}}/v1beta1', { view: structure }),
    get('/openapi/v3/apis/platform.{{group}}/v1', { view: structure }),
    get('/openapi/v3/apis/platform.{{group}}/v1beta1', { view: structure }),
  ),
  scenario(
    'openapi: schemas',
    get('/openapi/v3/apis/{{group}}/v1', { view: schemas }),
    get('/openapi/v3/apis/{{group}}/v1beta1', { view: schemas }),
    get('/openapi/v3/apis/platform.{{group}}/v1', { view: schemas }),
  ),
];

// The order of a version's resources is nobody's promise.
function inOrder(body: unknown): unknown {
  const { resources, ...rest } = body as { resources: { name: string }[] };
  const byName = (one: { name: string }, other: { name: string }): number =>
    one.name < other.name ? -1 : 1;
  return { ...rest, resources: [...resources].sort(byName) };
}

function ownGroups(body: unknown, group: string): unknown {
  if (typeof body !== 'object' || body === null) return body;
  const { groups, items, ...rest } = body as { groups?: Named[]; items?: Named[] };
  const own = (groups ?? items)?.filter((entry) => nameOf(entry).endsWith(group));
  return { ...rest, own: own?.sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1)) };
}

const nameOf = ({ name, metadata }: Named): string => name ?? metadata?.name ?? '';

function ownPaths(body: unknown, group: string): unknown {
  const document = typeof body === 'string' ? (JSON.parse(body) as unknown) : body;
  const { paths } = document as { paths: { [path: string]: { serverRelativeURL: string } } };
  return Object.fromEntries(
    Object.entries(paths)
      .filter(([path]) => path.includes(group))
      .map(([path, { serverRelativeURL }]) => [
        path,
        serverRelativeURL.replace(/hash=[0-9A-F]+$/, 'hash=<hash>'),
      ]),
  );
}

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: object };
  readonly responses?: { readonly [code: string]: { readonly content?: object } };
  readonly [extension: string]: unknown;
}

// Paths, operations, and the names of what they take.
function structure(body: unknown): unknown {
  const { paths, openapi } = body as {
    paths: { [path: string]: { [method: string]: Operation } };
    openapi: string;
  };
  const shown = Object.entries(paths).map(([path, operations]) => [
    path,
    Object.fromEntries(
      Object.entries(operations).map(([method, operation]) => [method, operationOf(operation)]),
    ),
  ]);
  return { openapi, paths: Object.fromEntries(shown) as unknown };
}

function operationOf(operation: Operation | readonly { name: string; in: string }[]): unknown {
  if (Array.isArray(operation)) return names(operation);
  const { parameters = [], requestBody, responses = {}, ...rest } = operation as Operation;
  return {
    ...rest,
    parameters: names(parameters),
    request: Object.keys(requestBody?.content ?? {}).sort(),
    responses: Object.fromEntries(
      Object.entries(responses).map(([code, { content }]) => [
        code,
        Object.keys(content ?? {}).sort(),
      ]),
    ),
  };
}

const names = (parameters: readonly { readonly name: string; readonly in: string }[]): string[] =>
  parameters.map((parameter) => `${parameter.in} ${parameter.name}`).sort();

// The types' own schemas, without descriptions of what is common to all.
function schemas(body: unknown): unknown {
  const { components } = body as { components: { schemas: { [name: string]: unknown } } };
  return { names: Object.keys(components.schemas).sort(), own: own(components.schemas) };
}

function own(all: { readonly [name: string]: unknown }): unknown {
  return Object.fromEntries(Object.entries(all).filter(([name]) => name.startsWith('com.example')));
}
