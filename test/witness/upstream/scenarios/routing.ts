/** Paths and methods: what is not there, what is not allowed, and what is beside resources. */

import { get, MERGE_PATCH, patch, post, put, remove, scenario, widget } from '../scenario.js';
import type { Scenario } from '../scenario.js';

const W = '{{widgets}}';
const G = '/apis/{{group}}';

const NOWHERE: readonly string[] = [
  '/nowhere',
  '/apis/none.example',
  '/apis/none.example/v1',
  '/apis/none.example/v1/things',
  '/apis/none.example/v1/namespaces/x/things/y',
  `${G}/v9`,
  `${G}/v9/widgets`,
  `${G}/v1alpha1`,
  `${G}/v1/none`,
  `${G}/v1/namespaces/x/none`,
  `${G}/v1/namespaces/x/none/y`,
  `${G}/v1/Widgets`,
  `${G}/v1/widget`,
  `${G}/v1/widgets/a`,
  `${G}/v1/widgets/a/status`,
  `${G}/v1/namespaces`,
  `${G}/v1/namespaces/x`,
  `${G}/v1/namespaces/x/`,
  `${G}/`,
  '/apis//{{group}}/v1/widgets',
  `${G}/v1/namespaces/x/gadgets`,
  `${G}/v1/namespaces/x/gadgets/y`,
  `${G}/v1/gadgets/x/scale`,
  `${G}/v1/watch`,
  `${G}/v1/watch/none`,
  `${G}/v1/proxy/widgets`,
  '/healthz/none',
  '/livez/ping',
  '/readyz/ping',
  '/healthz/ping',
  '/openapi/v3/none',
  '/openapi/v3/apis/none/v1',
  '/version/x',
  '/metrics/x',
];

export const ROUTING: readonly Scenario[] = [
  scenario('routing: nowhere', ...NOWHERE.map((path) => get(path))),
  scenario(
    'routing: writes to nowhere',
    post(`${G}/v1/none`, {}),
    post(`${G}/v9/widgets`, {}),
    post('/nowhere', {}),
    put(`${G}/v1/namespaces/x/none/y`, {}),
    remove(`${G}/v1/namespaces/x/none/y`),
    patch(`${G}/v1/namespaces/x/none/y`, MERGE_PATCH, {}),
  ),
  scenario(
    'routing: methods that are not allowed',
    post(W, widget('a')),
    put(W, widget('a')),
    patch(W, MERGE_PATCH, {}),
    post(`${W}/a`, widget('a')),
    put(`${G}/v1/widgets`, widget('a')),
    patch(`${G}/v1/widgets`, MERGE_PATCH, {}),
    remove(`${G}/v1/widgets`),
    post(`${W}/a/status`, {}),
    remove(`${W}/a/status`),
    { method: 'BOGUS', path: W },
    { method: 'PROPFIND', path: `${W}/a` },
    post(`${G}/v1`, {}),
    remove(G),
    put('/apis', {}),
    post('/version', {}),
    post('/healthz', {}),
    remove('/openapi/v3'),
    patch('/apis', MERGE_PATCH, {}),
  ),
  scenario(
    'routing: authentication',
    get(W, { headers: { Authorization: 'Bearer wrong' } }),
    get(W, { headers: { Authorization: 'Basic eDp5' } }),
    get(W, { headers: { Authorization: '' } }),
    get('/nowhere', { headers: { Authorization: 'Bearer wrong' } }),
    get('/version', { headers: { Authorization: 'Bearer wrong' } }),
    get(W, { headers: { Authorization: 'Bearer wrong', Accept: 'application/yaml' } }),
  ),
  scenario(
    'endpoints: health',
    get('/healthz'),
    get('/livez'),
    get('/readyz'),
    get('/livez?verbose', { view: firstAndLastLine }),
    get('/readyz?verbose', { view: firstAndLastLine }),
    get('/healthz?verbose=0', { view: firstAndLastLine }),
    get('/livez?exclude=ping', { view: firstAndLastLine }),
    get('/livez?exclude=none', { view: firstAndLastLine }),
    get('/livez?verbose&exclude=none', { view: firstAndLastLine }),
  ),
  scenario(
    'endpoints: version and root',
    get('/version', { view: namesOf }),
    get('/', { view: namesOf }),
    get('/index.html', { view: () => '' }),
    get('/metrics', { view: () => '' }),
  ),
];

// What is checked is a server's own; how it is told is not.
function firstAndLastLine(body: unknown): unknown {
  if (typeof body !== 'string') return body;
  const lines = body.trimEnd().split('\n');
  return [lines.find((line) => line.includes('ping')), lines.at(-1), body.endsWith('\n')];
}

function namesOf(body: unknown): unknown {
  return Object.keys(body as object).sort();
}
