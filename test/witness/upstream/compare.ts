/**
 * The differential witness: the same requests to `shardwatch serve` and to a real kube-apiserver,
 * and what they answer differently.
 *
 *     node out/test/witness/upstream/compare.js --url https://127.0.0.1:6443 --token TOKEN \
 *       --certificate-authority ca.crt [--only PATTERN] [--all]
 *
 * The token's user must be allowed everything (`system:masters`). The real server is left as it
 * was, but for namespaces named `witness-…`. Ends with 1 when there is a difference that is not in
 * expected.ts. Not part of the test suite: whoever runs it brings the real server.
 */

import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { parse } from 'yaml';
import { startServer, type ServerProcess } from '../server-process.js';
import { differences } from './difference.js';
import { EXPECTED, expectedDifference, type Expected } from './expected.js';
import { createNamespace, install, served, uninstall } from './install.js';
import { normalise } from './normalise.js';
import { observe } from './observe.js';
import type { Scenario } from './scenario.js';
import { SCENARIOS } from './scenarios/index.js';
import { openTarget, type Target } from './target.js';
import { createWorld, type World } from './world.js';

/** Scenarios at the same time: some wait for seconds. */
const CONCURRENCY = 4;

interface Finding {
  readonly text: string;
  readonly expected: Expected | undefined;
}

const { values: flags } = parseArgs({
  options: {
    url: { type: 'string' },
    token: { type: 'string' },
    'certificate-authority': { type: 'string' },
    only: { type: 'string', default: '' },
    all: { type: 'boolean', default: false },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  const { url, token, 'certificate-authority': authority } = flags;
  if (url === undefined || token === undefined || authority === undefined) {
    console.error('--url, --token and --certificate-authority of a real API server are needed');
    return 2;
  }
  const world = await createWorld(`w${Date.now().toString(36)}.example.com`);
  const theirs = openTarget({ url, token, authorities: await readFile(authority) });
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-upstream-'));
  let server: ServerProcess | undefined;
  try {
    const ownToken = randomBytes(16).toString('hex');
    server = await serveWorld(world, folder, ownToken);
    const ours = openTarget({
      url: server.url,
      token: ownToken,
      authorities: await authorityOf(server.kubeconfig),
    });
    await Promise.all([install(world, theirs), served(world, ours)]);
    const found = await compareAll(world, ours, theirs);
    ours.close();
    return report(found);
  } finally {
    await server?.stop();
    await uninstall(world, theirs);
    theirs.close();
    await rm(folder, { recursive: true });
  }
}

async function serveWorld(world: World, folder: string, token: string): Promise<ServerProcess> {
  const definitions = join(folder, 'crds.yaml');
  const documents = world.definitions.map((definition) => stringify(definition));
  await writeFile(definitions, documents.join('---\n'));
  const tokens = join(folder, 'tokens.csv');
  await writeFile(tokens, `${token},witness,witness,system:masters\n`, { mode: 0o600 });
  return startServer(['--crd', definitions, '--store', 'memory', '--token-auth-file', tokens]);
}

async function authorityOf(kubeconfig: string): Promise<Buffer> {
  const config = parse(await readFile(kubeconfig, 'utf8')) as {
    clusters: [{ cluster: { 'certificate-authority-data': string } }];
  };
  return Buffer.from(config.clusters[0].cluster['certificate-authority-data'], 'base64');
}

async function compareAll(world: World, ours: Target, theirs: Target): Promise<Finding[]> {
  const only = new RegExp(flags.only);
  const chosen = [...SCENARIOS.entries()].filter(([, { name }]) => only.test(name));
  const found: Finding[][] = [];
  const queue = chosen.values();
  const work = async (): Promise<void> => {
    for (const [index, scenario] of queue) {
      found[index] = await compareOne(world, scenario, index, ours, theirs);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  console.log(`${chosen.length} scenarios compared`);
  return found.flat();
}

async function compareOne(
  world: World,
  scenario: Scenario,
  index: number,
  ours: Target,
  theirs: Target,
): Promise<Finding[]> {
  const namespace = `witness-${index}`;
  await createNamespace(namespace, theirs);
  const given = new Map([
    ['group', world.group],
    ['namespace', namespace],
    ['widgets', `/apis/${world.group}/v1/namespaces/${namespace}/widgets`],
    ['gadgets', `/apis/${world.group}/v1/gadgets`],
  ]);
  const [here, there] = await Promise.all([
    observe(scenario, ours, given),
    observe(scenario, theirs, given),
  ]);
  const expectedAnswers = normalise(scenario, there, world.group);
  return normalise(scenario, here, world.group).flatMap((answer, position) => {
    const { method, path } = scenario.steps[position] as Scenario['steps'][number];
    const step = `${position + 1} ${method} ${path}`;
    return differences(answer, expectedAnswers[position]).map((difference) => ({
      expected: expectedDifference(scenario, step, difference),
      text:
        `${scenario.name} · ${step}\n    ${difference.path}\n` +
        `      ours   ${difference.ours}\n      theirs ${difference.theirs}`,
    }));
  });
}

function report(found: readonly Finding[]): number {
  const unexpected = found.filter(({ expected }) => expected === undefined);
  for (const { text } of unexpected) console.log(text);
  const counts = new Map<Expected, number>(EXPECTED.map((expected) => [expected, 0]));
  for (const { expected, text } of found) {
    if (expected === undefined) continue;
    counts.set(expected, (counts.get(expected) ?? 0) + 1);
    if (flags.all) console.log(`(meant: ${expected.reason})\n${text}`);
  }
  for (const [{ reason }, count] of counts) {
    console.log(count === 0 ? `not seen any more: ${reason}` : `meant, ${count} times: ${reason}`);
  }
  console.log(`${unexpected.length} differences that are not meant`);
  return unexpected.length === 0 ? 0 : 1;
}
