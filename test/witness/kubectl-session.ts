/**
 * What a person does with kubectl against a server, from the first look to the last delete, as a
 * series of ava tests: one file per version of kubectl registers it.
 */

import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { run, start, type CommandResult, type RunningCommand } from './command.js';
import { exampleFile, startServer, type ServerProcess } from './server-process.js';
import { kubectlPath, type KubectlVersion } from './tools/index.js';

const APP = (replicas: number, extra = ''): string => `apiVersion: platform.example.com/v1
kind: App
metadata:
  name: shop
  namespace: atlas
  labels: {team: atlas}
spec:
  image: registry.example.com/atlas/shop:1.0.0
  replicas: ${replicas}
  tier: frontend
  memoryBytes: 9007199254740993
  loadFactor: 1.0
${extra}`;

/** A server that a session runs against. */
export interface SessionServer {
  /** The path of a file. */
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

interface Session {
  server: SessionServer;
  kubectl: (
    args: string,
    input?: string,
    env?: { [name: string]: string },
  ) => Promise<CommandResult>;
  watch: (args: string) => RunningCommand;
  home: string;
}

/** `open` gives a server of the example types and objects; by default a process of the command. */
export function registerKubectlSession(
  version: KubectlVersion,
  open: () => Promise<SessionServer> = () => serverProcess(),
): void {
  const test = anyTest as TestFn<Session>;
  let session: Session;
  test.before(async () => {
    session = await openSession(version, await open());
  });
  test.after.always(async () => {
    await session.server.stop();
    await rm(session.home, { recursive: true, force: true });
  });
  test.beforeEach((t) => {
    t.context = session;
  });
  registerReading(test, version);
  registerCreating(test, version);
  registerChanging(test, version);
  registerWaiting(test, version);
  registerDeleting(test, version);
}

/** A process of the command that serves the examples. */
export const serverProcess = (...args: readonly string[]): Promise<ServerProcess> =>
  startServer([
    '--store',
    'memory',
    '--crd',
    exampleFile('crds'),
    '--load',
    exampleFile('objects'),
    ...args,
  ]);

async function openSession(version: KubectlVersion, server: SessionServer): Promise<Session> {
  const program = kubectlPath(version);
  const home = await mkdtemp(join(tmpdir(), 'shardwatch-kubectl-'));
  const environment = { HOME: home, KUBECONFIG: server.kubeconfig };
  return {
    server,
    home,
    kubectl: (args, input = '', env = {}) =>
      run(program, words(args), { input, env: { ...environment, ...env } }),
    watch: (args) => start(program, words(args), { env: environment }),
  };
}

// Splits at spaces outside single quotes, as a shell would.
function words(line: string): string[] {
  return (line.match(/(?:[^\s']+|'[^']*')+/g) ?? []).map((word) => word.replaceAll("'", ''));
}

function registerReading(test: TestFn<Session>, version: KubectlVersion): void {
  test.serial(`${version}: version and api-resources show the server and its types`, async (t) => {
    const shown = await t.context.kubectl('version -o json');
    t.is(shown.code, 0, shown.stderr);
    t.truthy(JSON.parse(shown.stdout).serverVersion.gitVersion);
    const resources = await t.context.kubectl('api-resources -o wide');
    t.is(resources.code, 0, resources.stderr);
    t.regex(resources.stdout, /^apps\s+ap\s+platform\.example\.com\/v1\s+true\s+App/m);
    t.regex(resources.stdout, /^teams\s+platform\.example\.com\/v1\s+false\s+Team/m);
  });

  test.serial(
    `${version}: get prints the columns of the type, by name and by short name`,
    async (t) => {
      const listed = await t.context.kubectl('get apps -n atlas');
      t.is(listed.code, 0, listed.stderr);
      t.regex(listed.stdout, /^NAME\s+TIER\s+REPLICAS\s+REGION\s+READY\s+AGE$/m);
      t.is(listed.stdout.trim().split('\n').length, 41);
      const short = await t.context.kubectl('get ap,db,team -A --no-headers');
      t.is(short.code, 0, short.stderr);
      t.is(
        short.stdout
          .trim()
          .split('\n')
          .filter((line) => line !== '').length,
        306,
      );
      const wide = await t.context.kubectl('get app api -n atlas -o wide');
      t.regex(wide.stdout, /IMAGE/);
    },
  );

  test.serial(`${version}: chunked lists are whole, selectors select`, async (t) => {
    const chunked = await t.context.kubectl('get apps -A --chunk-size=7 -o name');
    t.is(new Set(chunked.stdout.trim().split('\n')).size, 40);
    t.is(chunked.stdout.trim().split('\n').length, 240);
    const labelled = await t.context.kubectl('get apps -A -l team=bravo,tier!=data -o name');
    t.is(labelled.stdout.trim().split('\n').length, 27);
    const field = await t.context.kubectl(
      'get apps -A --field-selector spec.tier=data,metadata.namespace=bravo -o name',
    );
    t.is(field.stdout.trim().split('\n').length, 13);
    const unknown = await t.context.kubectl('get apps -A --field-selector spec.image=x');
    t.regex(unknown.stderr, /field label not supported: spec.image/);
  });

  test.serial(`${version}: get -o yaml shows the object with its metadata`, async (t) => {
    const shown = await t.context.kubectl('get app api -n atlas -o yaml');
    t.is(shown.code, 0, shown.stderr);
    for (const line of [/^kind: App$/m, /^ {2}uid: /m, /^ {2}resourceVersion: "\d+"$/m]) {
      t.regex(shown.stdout, line);
    }
    const missing = await t.context.kubectl('get app nope -n atlas');
    t.is(missing.code, 1);
    t.regex(
      missing.stderr,
      /Error from server \(NotFound\): apps.platform.example.com "nope" not found/,
    );
  });

  test.serial(`${version}: explain walks the schema`, async (t) => {
    const top = await t.context.kubectl('explain app');
    t.is(top.code, 0, top.stderr);
    t.regex(top.stdout, /App is a service that a team runs/);
    const deep = await t.context.kubectl('explain app.spec.replicas');
    t.regex(deep.stdout, /How many copies run at once/);
    const metadata = await t.context.kubectl('explain app.metadata.labels');
    t.is(metadata.code, 0, metadata.stderr);
  });
}

function registerCreating(test: TestFn<Session>, version: KubectlVersion): void {
  test.serial(`${version}: create, and create again`, async (t) => {
    const created = await t.context.kubectl('create -f -', APP(1));
    t.is(created.code, 0, created.stderr);
    t.is(created.stdout.trim(), 'app.platform.example.com/shop created');
    const again = await t.context.kubectl('create -f -', APP(1));
    t.is(again.code, 1);
    t.regex(
      again.stderr,
      /Error from server \(AlreadyExists\):.* apps.platform.example.com "shop" already exists/,
    );
    const raw = await t.context.kubectl(
      'get --raw /apis/platform.example.com/v1/namespaces/atlas/apps/shop',
    );
    t.regex(raw.stdout, /"memoryBytes":9007199254740993/);
    t.is((await t.context.kubectl('delete app shop -n atlas')).code, 0);
  });

  test.serial(`${version}: apply creates, applies again unchanged, and configures`, async (t) => {
    const created = await t.context.kubectl('apply -f -', APP(1));
    t.is(created.stdout.trim(), 'app.platform.example.com/shop created', created.stderr);
    const revision = 'get app shop -n atlas -o jsonpath={.metadata.resourceVersion}';
    const before = await t.context.kubectl(revision);
    const again = await t.context.kubectl('apply -f -', APP(1));
    t.is(again.stdout.trim(), 'app.platform.example.com/shop unchanged', again.stderr);
    t.is((await t.context.kubectl(revision)).stdout, before.stdout);
    const changed = await t.context.kubectl('apply -f -', APP(3));
    t.is(changed.stdout.trim(), 'app.platform.example.com/shop configured', changed.stderr);
    const replicas = await t.context.kubectl('get app shop -n atlas -o jsonpath={.spec.replicas}');
    t.is(replicas.stdout, '3');
  });
}

function registerChanging(test: TestFn<Session>, version: KubectlVersion): void {
  const show = 'get app shop -n atlas -o jsonpath=';

  test.serial(`${version}: edit through an editor`, async (t) => {
    const editor = join(t.context.home, 'editor.sh');
    await writeFile(editor, '#!/bin/sh\nsed -i "s/replicas: 3/replicas: 4/" "$1"\n');
    await chmod(editor, 0o755);
    const edited = await t.context.kubectl('edit app shop -n atlas', '', { KUBE_EDITOR: editor });
    t.is(edited.code, 0, edited.stderr);
    t.regex(edited.stdout, /edited/);
    t.is((await t.context.kubectl(`${show}{.spec.replicas}`)).stdout, '4');
  });

  test.serial(`${version}: label, annotate, patch in both kinds`, async (t) => {
    const { kubectl } = t.context;
    t.is((await kubectl('label app shop -n atlas level=gold')).code, 0);
    t.is((await kubectl('annotate app shop -n atlas note=hello')).code, 0);
    const merge = await kubectl(
      `patch app shop -n atlas --type merge -p '{"spec":{"replicas":5,"tier":null}}'`,
    );
    t.is(merge.code, 0, merge.stderr);
    const json = await kubectl(
      `patch app shop -n atlas --type json -p '[{"op":"test","path":"/spec/replicas","value":5},{"op":"replace","path":"/spec/replicas","value":6}]'`,
    );
    t.is(json.code, 0, json.stderr);
    const shown = await kubectl(
      `${show}{.metadata.labels.level}/{.metadata.annotations.note}/{.spec.replicas}/{.spec.tier}`,
    );
    t.is(shown.stdout, 'gold/hello/6/');
    const failed = await kubectl(
      `patch app shop -n atlas --type json -p '[{"op":"test","path":"/spec/replicas","value":5}]'`,
    );
    t.is(failed.code, 1);
    const strategic = await kubectl(`patch app shop -n atlas -p '{"spec":{"replicas":7}}'`);
    t.is(strategic.code, 1);
    t.regex(strategic.stderr, /strategic-merge-patch\+json is not supported/);
    t.is((await kubectl(`${show}{.spec.replicas}`)).stdout, '6');
  });

  test.serial(`${version}: patch of the status leaves the spec alone`, async (t) => {
    const { kubectl } = t.context;
    const generation = (await kubectl(`${show}{.metadata.generation}`)).stdout;
    const patched = await kubectl(
      `patch app shop -n atlas --subresource=status --type merge -p '{"spec":{"replicas":9},"status":{"readyReplicas":2}}'`,
    );
    t.is(patched.code, 0, patched.stderr);
    const shown = await kubectl(
      `${show}{.spec.replicas}/{.status.readyReplicas}/{.metadata.generation}`,
    );
    t.is(shown.stdout, `6/2/${generation}`);
  });

  test.serial(`${version}: scale, with and without preconditions`, async (t) => {
    const { kubectl } = t.context;
    const resources = await kubectl('get --raw /apis/platform.example.com/v1');
    t.regex(resources.stdout, /"name":"apps\/scale","singularName":"","namespaced":true/);
    const scaled = await kubectl('scale app shop -n atlas --replicas=9');
    t.is(scaled.code, 0, scaled.stderr);
    t.is(scaled.stdout.trim(), 'app.platform.example.com/shop scaled');
    t.is((await kubectl(`${show}{.spec.replicas}`)).stdout, '9');
    const wrong = await kubectl('scale app shop -n atlas --current-replicas=3 --replicas=4');
    t.is(wrong.code, 1);
    t.regex(wrong.stderr, /Expected replicas to be 3, was 9/);
    const none = await kubectl('scale ap/shop -n atlas --current-replicas=9 --replicas=0');
    t.is(none.code, 0, none.stderr);
    t.is((await kubectl(`${show}{.spec.replicas}`)).stdout, '0');
    const stale = await kubectl('scale app shop -n atlas --resource-version=1 --replicas=4');
    t.is(stale.code, 1);
    const shown = await kubectl('get app shop -n atlas --subresource=scale');
    t.is(shown.code, 0, shown.stderr);
    t.regex(shown.stdout, /^NAME\s+DESIRED\s+AVAILABLE\s+AGE\nshop\s+0\s+2\s/);
    const back = await kubectl('scale app shop -n atlas --replicas=6');
    t.is(back.code, 0, back.stderr);
    const negative = await kubectl(
      `patch app shop -n atlas --subresource=scale --type merge -p '{"spec":{"replicas":-1}}'`,
    );
    t.regex(
      negative.stderr,
      /\.spec\.replicas: Invalid value: -1: should be a non-negative integer/,
    );
  });

  test.serial(`${version}: replace, and replace of a stale copy`, async (t) => {
    const { kubectl } = t.context;
    const stale = (await kubectl('get app shop -n atlas -o yaml')).stdout;
    const replaced = await kubectl('replace -f -', stale.replace('replicas: 6', 'replicas: 8'));
    t.is(replaced.code, 0, replaced.stderr);
    const conflict = await kubectl('replace -f -', stale.replace('replicas: 6', 'replicas: 9'));
    t.is(conflict.code, 1);
    t.regex(conflict.stderr, /Conflict.*the object has been modified/s);
    t.is((await kubectl(`${show}{.spec.replicas}`)).stdout, '8');
  });
}

function registerWaiting(test: TestFn<Session>, version: KubectlVersion): void {
  test.serial(`${version}: wait for a condition that comes later`, async (t) => {
    const waiting = t.context.watch('wait app/shop -n atlas --for=condition=Ready --timeout=60s');
    const patched = await t.context.kubectl(
      `patch app shop -n atlas --subresource=status --type merge -p '{"status":{"conditions":[{"type":"Ready","status":"True"}]}}'`,
    );
    t.is(patched.code, 0, patched.stderr);
    await waiting.ended;
    t.is(waiting.child.exitCode, 0, waiting.stderr());
    t.regex(waiting.stdout(), /app.platform.example.com\/shop condition met/);
  });

  test.serial(`${version}: wait for a value that comes later, and for an end`, async (t) => {
    const { kubectl, watch } = t.context;
    const made = await kubectl(
      'apply -f -',
      APP(1).replace('namespace: atlas', 'namespace: waited').replace('name: shop', 'name: late'),
    );
    t.is(made.code, 0, made.stderr);
    const value = watch(
      "wait app/late -n waited --for=jsonpath='{.status.readyReplicas}'=3 --timeout=60s",
    );
    const end = watch('wait apps -n waited -l team=atlas --for=delete --timeout=60s');
    for (const count of [1, 2, 3]) {
      const patched = await kubectl(
        `patch app late -n waited --subresource=status --type merge -p '{"status":{"readyReplicas":${count}}}'`,
      );
      t.is(patched.code, 0, patched.stderr);
    }
    await value.ended;
    t.is(value.child.exitCode, 0, value.stderr());
    t.is(end.child.exitCode, null, 'it is still there');
    t.is((await kubectl('delete app late -n waited')).code, 0);
    await end.ended;
    t.is(end.child.exitCode, 0, end.stderr());
    const never = await kubectl('wait apps --all -n atlas --for=condition=Never --timeout=1s');
    t.is(never.code, 1);
    t.regex(never.stderr, /timed out waiting for the condition/);
  });

  test.serial(`${version}: get -w names every event, by selector, too`, async (t) => {
    const { kubectl, watch } = t.context;
    const manifest = APP(1).replace('namespace: atlas', 'namespace: told');
    // What it prints first shows that it watches.
    const first = manifest
      .replace('name: shop', 'name: first')
      .replace('{team', '{level: gold, team');
    t.is((await kubectl('create -f -', first)).code, 0);
    const events = 'get apps -n told -w --output-watch-events --no-headers';
    const [all, gold] = [watch(events), watch(`${events} -l level=gold`)];
    const told = ({ stdout }: RunningCommand): string[] =>
      [...stdout().matchAll(/^([A-Z]+)\s+shop\s/gm)].map(([, type]) => type!);
    for (const command of [all, gold])
      await command.until((text) => /^ADDED\s+first\s/m.test(text));
    t.is((await kubectl('create -f -', manifest)).code, 0);
    for (const change of ['label app shop -n told level=gold', 'label app shop -n told level-']) {
      t.is((await kubectl(change)).code, 0);
    }
    t.is((await kubectl('delete apps --all -n told')).code, 0);
    for (const command of [all, gold]) {
      await command.until(() => told(command).at(-1) === 'DELETED');
      command.child.kill('SIGTERM');
      await command.ended;
    }
    t.deepEqual(told(all), ['ADDED', 'MODIFIED', 'MODIFIED', 'DELETED']);
    t.deepEqual(told(gold), ['ADDED', 'DELETED']);
  });

  test.serial(`${version}: get -w prints what happens`, async (t) => {
    const watching = t.context.watch('get apps -n watched -w -o name');
    const created = await t.context.kubectl(
      'apply -f -',
      APP(1).replace('namespace: atlas', 'namespace: watched'),
    );
    t.is(created.code, 0, created.stderr);
    await watching.until((text) => text.includes('app.platform.example.com/shop'));
    const table = t.context.watch('get app shop -n watched -w');
    await table.until((text) => /^shop\s+frontend\s+1\s/m.test(text));
    const patched = await t.context.kubectl(
      `patch app shop -n watched --type merge -p '{"spec":{"replicas":2}}'`,
    );
    t.is(patched.code, 0, patched.stderr);
    await table.until((text) => /^shop\s+frontend\s+2\s/m.test(text));
    t.is((table.stdout().match(/^NAME/gm) ?? []).length, 1);
    for (const command of [watching, table]) {
      command.child.kill('SIGTERM');
      await command.ended;
    }
  });
}

function registerDeleting(test: TestFn<Session>, version: KubectlVersion): void {
  test.serial(`${version}: delete waits for a finalizer`, async (t) => {
    const { kubectl } = t.context;
    const held = await kubectl(
      `patch app shop -n atlas --type merge -p '{"metadata":{"finalizers":["example.com/hold"]}}'`,
    );
    t.is(held.code, 0, held.stderr);
    const deleting = t.context.watch('delete app shop -n atlas');
    const gone = t.context.watch('wait app/shop -n atlas --for=delete --timeout=60s');
    await deleting.until((text) => text.includes('deleted'));
    const marked = await kubectl('get app shop -n atlas -o jsonpath={.metadata.deletionTimestamp}');
    t.regex(marked.stdout, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const released = await kubectl(
      `patch app shop -n atlas --type json -p '[{"op":"remove","path":"/metadata/finalizers"}]'`,
    );
    t.is(released.code, 0, released.stderr);
    await Promise.all([deleting.ended, gone.ended]);
    t.is(deleting.child.exitCode, 0, deleting.stderr());
    t.is(gone.child.exitCode, 0, gone.stderr());
    t.is((await kubectl('get app shop -n atlas')).code, 1);
  });

  test.serial(`${version}: delete --all empties the namespace and nothing else`, async (t) => {
    const { kubectl } = t.context;
    const deleted = await kubectl('delete apps --all -n bravo');
    t.is(deleted.code, 0, deleted.stderr);
    t.is(deleted.stdout.trim().split('\n').length, 40);
    const left = await kubectl('get apps -A -o name');
    t.is(left.stdout.trim().split('\n').length, 201);
  });
}
