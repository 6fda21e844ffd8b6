/** Real clients against a test server, undisturbed and through faults: client-node and kubectl. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  CustomObjectsApi,
  KubeConfig,
  makeInformer,
  type Informer,
  type KubernetesListObject,
  type KubernetesObject,
} from '@kubernetes/client-node';
import type { TestServer } from '../../lib/testing/index.js';
import { run, start, type CommandResult } from '../witness/command.js';
import { kubectlPath } from '../witness/tools/index.js';
import { serverFor, widget, widgets, WIDGETS } from './fixture.js';

const LAMP = { namespace: 'shop', name: 'lamp' };

interface FollowedWidget extends KubernetesObject {
  readonly spec: { readonly color: string };
}

interface Follower {
  readonly informer: Informer<FollowedWidget>;
  /** `add lamp red`, in order. */
  readonly events: string[];
  /** Errors that the informer reported. */
  readonly errors: unknown[];
  /** Resolves when this was the last event. */
  until(event: string): Promise<void>;
}

function follow(t: ExecutionContext, server: TestServer): Follower {
  const config = new KubeConfig();
  config.loadFromOptions(server.clientOptions);
  const api = config.makeApiClient(CustomObjectsApi);
  const where = { group: 'example.com', version: 'v1', namespace: 'shop', plural: 'widgets' };
  const informer = makeInformer<FollowedWidget>(
    config,
    WIDGETS,
    async () =>
      (await api.listNamespacedCustomObject(where)) as KubernetesListObject<FollowedWidget>,
  );
  const events: string[] = [];
  const errors: unknown[] = [];
  const listeners = new Set<() => void>();
  for (const verb of ['add', 'update', 'delete'] as const) {
    informer.on(verb, ({ metadata, spec }) => {
      events.push(`${verb} ${metadata?.name} ${spec.color}`);
      for (const listener of listeners) listener();
    });
  }
  informer.on('error', (error) => {
    errors.push(error);
    for (const listener of listeners) listener();
  });
  t.teardown(() => informer.stop());
  const until = (event: string): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (events.at(-1) === event) resolve();
      };
      listeners.add(check);
      check();
    });
  return { informer, events, errors, until };
}

const paint = (server: TestServer, color: string): Promise<unknown> =>
  server.patch(widgets, LAMP, { spec: { color } });

test('an informer follows, and resumes after its connection was cut', async (t) => {
  const server = await serverFor(t, { objects: [widget('lamp')] });
  const { informer, events, until } = follow(t, server);
  await informer.start();
  await server.watches.atLeast(1);
  await paint(server, 'blue');
  await until('update lamp blue');
  t.is(server.watches.end(), 1);
  await paint(server, 'green');
  await until('update lamp green');
  t.deepEqual(events, ['add lamp red', 'update lamp blue', 'update lamp green']);
  t.is(server.requests.count({ verb: 'list' }), 1, 'it resumed and did not list anew');
});

test('an informer whose watch expires lists anew, and misses nothing', async (t) => {
  const server = await serverFor(t, { objects: [widget('lamp')] });
  const { informer, events, until } = follow(t, server);
  await informer.start();
  await server.watches.atLeast(1);
  server.faults.expire({ verb: 'watch' });
  server.watches.end();
  await server.requests.atLeast(2, { verb: 'list' });
  await server.watches.atLeast(1);
  await paint(server, 'blue');
  await until('update lamp blue');
  t.is(events[0], 'add lamp red');
});

test('an informer whose watch is cut off tells of it, and goes on when started anew', async (t) => {
  const server = await serverFor(t, { objects: [widget('lamp')] });
  const follower = follow(t, server);
  await follower.informer.start();
  await server.watches.atLeast(1);
  const failed = new Promise((resolve) => follower.informer.on('error', resolve));
  server.watches.disconnect();
  t.true((await failed) instanceof Error);
  await paint(server, 'blue');
  await follower.informer.start();
  await follower.until('update lamp blue');
});

test('an informer whose LIST fails tells of it, and goes on when started anew', async (t) => {
  const server = await serverFor(t);
  server.faults.answer({ verb: 'list' }, { code: 503, message: 'not now' });
  const { informer, errors } = follow(t, server);
  await informer.start();
  t.like(errors[0], { code: 503 });
  t.is(server.watches.count(), 0);
  await informer.start();
  await server.watches.atLeast(1);
});

interface Kubectl {
  (args: string): Promise<CommandResult>;
  readonly home: string;
  readonly program: string;
}

async function kubectlFor(t: ExecutionContext, server: TestServer): Promise<Kubectl> {
  const home = await mkdtemp(join(tmpdir(), 'shardwatch-testing-'));
  t.teardown(() => rm(home, { recursive: true, force: true }));
  const config = join(home, 'config');
  server.writeKubeconfig(config);
  const program = kubectlPath('1.35');
  const env = { HOME: home, KUBECONFIG: config };
  return Object.assign((args: string) => run(program, args.split(' '), { env }), { home, program });
}

test('kubectl reads and writes, and is recorded', async (t) => {
  const server = await serverFor(t, { objects: [widget('lamp')] });
  const kubectl = await kubectlFor(t, server);
  const listed = await kubectl('get wg -n shop -o name');
  t.is(listed.stdout, 'widget.example.com/lamp\n', listed.stderr);
  const labelled = await kubectl('label widget lamp -n shop level=gold');
  t.is(labelled.code, 0, labelled.stderr);
  t.is((await server.get(widgets, LAMP))?.metadata.labels?.['level'], 'gold');
  const [patch] = server.requests.all({ verb: 'patch', resource: widgets });
  t.like(patch, { name: 'lamp', status: 200, user: 'shardwatch-admin' });
  t.like(patch?.body, { metadata: { labels: { level: 'gold' } } });
  t.regex(patch?.userAgent ?? '', /^kubectl/);
});

test('kubectl meets the faults', async (t) => {
  const server = await serverFor(t, { objects: [widget('lamp')] });
  const kubectl = await kubectlFor(t, server);
  const [get, list] = [{ verb: 'get', name: 'lamp' } as const, { verb: 'list' } as const];
  server.faults.answer(get, { code: 500, message: 'on purpose' });
  const broken = await kubectl('get widget lamp -n shop');
  t.is(broken.code, 1);
  t.regex(broken.stderr, /Error from server \(InternalError\): on purpose/);
  server.faults.answer(get, { code: 429, retryAfterSeconds: 1 });
  const retried = await kubectl('get widget lamp -n shop -o name');
  t.is(retried.stdout, 'widget.example.com/lamp\n', 'it tries again after the second it was told');
  t.is(server.requests.all(get).at(-2)?.status, 429);
  server.faults.disconnect(list, { at: 'body', afterBytes: 50 });
  const cut = await kubectl('get widgets -n shop -o name');
  t.is(cut.code, 1);
  server.faults.conflict({ verb: 'patch' }, { times: Infinity });
  const conflict = await kubectl('label widget lamp -n shop level=gold');
  t.regex(conflict.stderr, /the object has been modified/);
});

test('kubectl wait outlives a watch that expires in the middle', async (t) => {
  const server = await serverFor(t, { objects: [widget('lamp')] });
  const kubectl = await kubectlFor(t, server);
  const env = { HOME: kubectl.home, KUBECONFIG: join(kubectl.home, 'config') };
  const args = 'wait widget/lamp -n shop --for=jsonpath={.spec.color}=blue --timeout=60s';
  const waiting = start(kubectl.program, args.split(' '), { env });
  await server.watches.atLeast(1);
  t.is(server.watches.expire(), 1);
  await server.watches.atLeast(1);
  await paint(server, 'blue');
  await waiting.ended;
  t.is(waiting.child.exitCode, 0, waiting.stderr());
});
