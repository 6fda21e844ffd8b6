/** The metrics API, read by the real `kubectl top`. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

import { run } from '../witness/command.js';
import { kubectlPath } from '../witness/tools/index.js';

const EXAMPLE = fileURLToPath(new URL('../../../examples/metrics-api/server.mjs', import.meta.url));
const USAGE = fileURLToPath(new URL('../../../examples/metrics-api/usage.mjs', import.meta.url));

const { serve } = (await import(EXAMPLE)) as {
  serve(folder: string): Promise<{
    server: { close(options: object): Promise<void> };
    kubeconfig: string;
  }>;
};
const { NODE, POD } = (await import(USAGE)) as {
  readonly NODE: string;
  readonly POD: { readonly name: string };
};

for (const version of ['1.32', '1.35'] as const) {
  test.serial(`kubectl ${version} top prints nodes and pods`, async (t) => {
    const home = await mkdtemp(join(tmpdir(), 'shardwatch-metrics-'));
    const { server, kubeconfig } = await serve(home);
    t.teardown(async () => {
      await server.close({ graceMs: 0 });
      await rm(home, { recursive: true, force: true });
    });
    const env = { HOME: home, KUBECONFIG: kubeconfig };
    const kubectl = (args: string) => run(kubectlPath(version), args.split(' '), { env });

    const nodes = await kubectl('top nodes');
    t.is(nodes.code, 0, nodes.stderr);
    const [heading = '', ...lines] = nodes.stdout.trim().split('\n');
    t.regex(heading, /^NAME +CPU\(cores\) +CPU\(?%\)? +MEMORY\(bytes\) +MEMORY\(?%\)? *$/);
    t.is(lines.length, 1);
    t.regex(lines[0] ?? '', new RegExp(`^${NODE} +\\d+m +\\d+% +\\d+Mi +\\d+%`));
    t.regex((await kubectl(`top node ${NODE} --no-headers`)).stdout, /\d+m/);

    const pods = await kubectl('top pods --all-namespaces');
    t.is(pods.code, 0, pods.stderr);
    t.regex(pods.stdout, new RegExp(`^default +${POD.name} +\\d+m +[1-9]\\d*Mi`, 'm'));
    const containers = await kubectl('top pods -l app=metrics-api --containers --no-headers');
    t.regex(containers.stdout, new RegExp(`^${POD.name} +server +\\d+m`));
    t.is((await kubectl('top pods -l app=other --no-headers')).stdout, '');
    t.regex((await kubectl(`top pod ${POD.name}`)).stdout, new RegExp(`^${POD.name} `, 'm'));
    t.regex((await kubectl('top pod nobody')).stderr, /pods\.metrics\.k8s\.io "nobody" not found/);

    const refused = await kubectl('delete pods.metrics.k8s.io nobody');
    t.regex(refused.stderr, /does not allow this method|not supported on resources of kind/);
  });
}
