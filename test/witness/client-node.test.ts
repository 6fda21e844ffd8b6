/** The informer of @kubernetes/client-node follows a server through thousands of changes. */

import {
  CustomObjectsApi,
  KubeConfig,
  makeInformer,
  type KubernetesListObject,
  type KubernetesObject,
} from '@kubernetes/client-node';
import test from 'ava';
import { apiClient, type ApiClient } from './api-client.js';
import { exampleFile, startServer } from './server-process.js';

const CHANGES = 10_000;
const IN_FLIGHT = 32;
const PATH = '/apis/platform.example.com/v1/namespaces/followed/apps';

interface App extends KubernetesObject {
  spec: { image: string; replicas: number };
}

test('an informer follows 10 000 changes without missing or doubling one', async (t) => {
  t.timeout(240_000);
  const server = await startServer(['--store', 'memory', '--crd', exampleFile('crds')]);
  const client = await apiClient(server.kubeconfig);
  const follower = await followApps(server.kubeconfig);
  try {
    const before = await listRevision(client);
    const state = await makeChanges(client);
    const after = await listRevision(client);
    t.is(after - before, CHANGES, 'every change took exactly one revision');
    await follower.until(CHANGES);
    const expected = Array.from({ length: CHANGES }, (_, index) => String(before + 1 + index));
    t.deepEqual([...follower.seen].sort(byNumber), expected);
    t.is(follower.doubled, 0);
    t.deepEqual(sorted(follower.state), sorted(state));
  } finally {
    await follower.stop();
    client.close();
    await server.stop();
  }
});

async function listRevision(client: ApiClient): Promise<number> {
  const answer = await client.request('GET', `${PATH}?limit=1`);
  return Number(answer.json<KubernetesListObject<App>>().metadata?.resourceVersion);
}

const byNumber = (left: string, right: string): number => Number(left) - Number(right);
const sorted = (state: Map<string, string>): [string, string][] =>
  [...state].sort(([left], [right]) => (left < right ? -1 : 1));

interface Follower {
  /** Every resourceVersion that an event carried. */
  readonly seen: Set<string>;
  readonly state: Map<string, string>;
  readonly doubled: number;
  until(count: number): Promise<void>;
  stop(): Promise<void>;
}

async function followApps(kubeconfig: string): Promise<Follower> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const api = config.makeApiClient(CustomObjectsApi);
  const informer = makeInformer<App>(config, PATH, async () => {
    return (await api.listNamespacedCustomObject({
      group: 'platform.example.com',
      version: 'v1',
      namespace: 'followed',
      plural: 'apps',
    })) as KubernetesListObject<App>;
  });
  const seen = new Set<string>();
  const state = new Map<string, string>();
  let doubled = 0;
  let waiting: { count: number; resolve: () => void } | undefined;
  const note = (app: App): void => {
    const revision = app.metadata?.resourceVersion ?? '';
    if (seen.has(revision)) doubled++;
    seen.add(revision);
    if (waiting !== undefined && seen.size >= waiting.count) waiting.resolve();
  };
  const keep = (app: App): void => {
    state.set(app.metadata?.name ?? '', app.metadata?.resourceVersion ?? '');
    note(app);
  };
  informer.on('add', keep);
  informer.on('update', keep);
  informer.on('delete', (app) => {
    state.delete(app.metadata?.name ?? '');
    note(app);
  });
  await informer.start();
  return {
    seen,
    state,
    get doubled() {
      return doubled;
    },
    until: (count) =>
      new Promise((resolve) => {
        waiting = { count, resolve };
        if (seen.size >= count) resolve();
      }),
    stop: () => informer.stop(),
  };
}

// Each of the lanes owns one object at a time and creates, patches and deletes it in turn.
async function makeChanges(client: ApiClient): Promise<Map<string, string>> {
  const state = new Map<string, string>();
  let made = 0;
  const lane = async (number: number): Promise<void> => {
    for (let round = 0; made < CHANGES; round++) {
      made++;
      await change(client, state, `app-${number}`, round % 5);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, (_, number) => lane(number)));
  return state;
}

async function change(
  client: ApiClient,
  state: Map<string, string>,
  name: string,
  step: number,
): Promise<void> {
  const path = `${PATH}/${name}`;
  const answer = await (step === 0
    ? client.request('POST', PATH, app(name))
    : step === 4
      ? client.request('DELETE', path)
      : client.request(
          'PATCH',
          path,
          { spec: { replicas: step } },
          'application/merge-patch+json',
        ));
  if (answer.status >= 300) throw new Error(answer.text);
  if (step === 4) state.delete(name);
  else state.set(name, answer.json<App>().metadata?.resourceVersion ?? '');
}

const app = (name: string): App => ({
  apiVersion: 'platform.example.com/v1',
  kind: 'App',
  metadata: { name, namespace: 'followed' },
  spec: { image: 'registry.example.com/app:1', replicas: 0 },
});
