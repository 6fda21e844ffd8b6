/** The scale subresource: reads, writes, and what both refuse. */

import { get, JSON_PATCH, MERGE_PATCH, patch, post, put, remove, scenario } from '../scenario.js';
import type { Members, Scenario } from '../scenario.js';

const M = '/apis/{{group}}/v1/namespaces/{{namespace}}/machines';
const S = `${M}/a/scale`;

const machine = (members: Members): Members => ({
  apiVersion: '{{group}}/v1',
  kind: 'Machine',
  metadata: { name: 'a' },
  ...members,
});

const scale = (spec: Members, metadata: Members = {}): Members => ({
  apiVersion: 'autoscaling/v1',
  kind: 'Scale',
  metadata: { name: 'a', ...metadata },
  spec,
});

const create = post(M, machine({ spec: { count: { wanted: 3 }, x: 1 } }), { save: 'a' });
const own = '{{a.metadata.resourceVersion}}';
const TABLE = { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };

export const SCALE: readonly Scenario[] = [
  scenario(
    'scale: reads',
    create,
    get(S),
    get(S, { headers: TABLE }),
    patch(`${M}/a/status`, MERGE_PATCH, { status: { count: 2, selector: 'a=b' } }),
    get(S),
    get(`${M}/none/scale`),
    patch(`${M}/a`, MERGE_PATCH, { spec: { count: { wanted: 0 } } }),
    get(S),
    get(S, { headers: TABLE }),
    patch(`${M}/a`, MERGE_PATCH, { spec: { count: null } }),
    get(S),
    remove(S),
    post(S, scale({ replicas: 1 })),
  ),
  scenario(
    'scale: updates',
    create,
    put(S, scale({ replicas: 4 })),
    put(S, scale({ replicas: 5 }, { resourceVersion: own })),
    get(`${M}/a`, { save: 'now' }),
    put(S, scale({ replicas: 5 }, { resourceVersion: '{{now.metadata.resourceVersion}}' })),
    put(S, scale({ replicas: 5 }, { uid: '{{a.metadata.uid}}' })),
    put(S, scale({})),
    get(`${M}/a`),
    put(`${S}?dryRun=All`, scale({ replicas: 9 })),
    get(S),
    put(S, scale({ replicas: 1 }, { labels: { a: 'b' } })),
    get(`${M}/a`),
  ),
  scenario(
    'scale: what an update is refused for',
    create,
    put(S, scale({ replicas: -1 })),
    put(S, scale({ replicas: 1 }, { name: 'b' })),
    put(S, scale({ replicas: 1 }, { namespace: 'elsewhere' })),
    put(S, scale({ replicas: 1 }, { uid: 'another' })),
    put(S, machine({ spec: {} })),
    put(`${M}/none/scale`, scale({ replicas: 1 }, { name: 'none' })),
    get(`${M}/a`),
  ),
  scenario(
    'scale: patches',
    create,
    patch(S, MERGE_PATCH, { spec: { replicas: 6 } }),
    patch(S, JSON_PATCH, [{ op: 'replace', path: '/spec/replicas', value: 7 }]),
    patch(S, JSON_PATCH, [{ op: 'test', path: '/spec/replicas', value: 1 }]),
    patch(S, MERGE_PATCH, { metadata: { labels: { a: 'b' } } }),
    patch(S, MERGE_PATCH, { spec: { replicas: -2 } }),
    patch(S, MERGE_PATCH, { metadata: { resourceVersion: own }, spec: { replicas: 8 } }),
    patch(S, MERGE_PATCH, { spec: { replicas: null } }),
    get(`${M}/a`),
    patch(`${M}/a`, MERGE_PATCH, { spec: { count: null } }),
    patch(S, MERGE_PATCH, { metadata: {} }),
    patch(S, MERGE_PATCH, { spec: { replicas: 2 } }),
    get(`${M}/a`),
    patch(`${M}/none/scale`, MERGE_PATCH, { spec: { replicas: 2 } }),
  ),
  scenario(
    'scale: what an object of the type is refused for',
    create,
    patch(`${M}/a`, MERGE_PATCH, { spec: { count: { wanted: -1 } } }),
    patch(`${M}/a`, MERGE_PATCH, { spec: { count: { wanted: 2_147_483_648 } } }),
    patch(`${M}/a/status`, MERGE_PATCH, { status: { count: -1 } }),
    patch(`${M}/a/status`, MERGE_PATCH, { status: { count: 2_147_483_648 } }),
    get('/apis/{{group}}/v1', { view: machines }),
  ),
];

// The parts of the list of resources that are about this type.
function machines(body: unknown): unknown {
  const { resources } = body as { readonly resources: readonly { readonly name: string }[] };
  return resources
    .filter(({ name }) => name.startsWith('machines/'))
    .toSorted((left, right) => (left.name < right.name ? -1 : 1));
}
