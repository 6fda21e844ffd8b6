/**
 * An aggregated server behind the real kube-apiserver, over a real etcd: `npm run
 * witness:aggregator`. Ends with 0 only where everything was seen; where it can't be run at all, it
 * says so and ends with 2.
 */

import { fetchTools } from '../test/witness/tools/fetch.mjs';
import { build } from './build.mjs';
import { kubeApiserverPath } from './kube-apiserver.mjs';
import { inRoot, say } from './project.mjs';
import { runNode } from './run.mjs';
import { buildTests } from './typescript.mjs';

const NOT_RUN = 2;
const KUBECTL = '1.35';
const SESSION_TIMEOUT_MS = 15 * 60_000;

process.exitCode = await witness();

async function witness() {
  let programs;
  try {
    programs = await findPrograms();
  } catch (error) {
    say(`not run: ${error.message}`);
    return NOT_RUN;
  }
  // The program under test is the example, which imports the package by its name.
  await build();
  await buildTests();
  const session = inRoot('out/test/witness/aggregator/session.js');
  const { code } = await runNode(['--test', '--test-reporter=spec', session], {
    env: programs,
    show: true,
    timeoutMs: SESSION_TIMEOUT_MS,
  });
  return code;
}

async function findPrograms() {
  const { kubectl, etcd, missing } = await fetchTools();
  const newest = etcd.at(-1);
  if (newest === undefined) throw new Error(`no etcd: ${JSON.stringify(missing)}`);
  if (kubectl[KUBECTL] === undefined) throw new Error(missing[`kubectl ${KUBECTL}`]);
  return {
    WITNESS_KUBECTL: kubectl[KUBECTL],
    WITNESS_ETCD: newest.path,
    WITNESS_KUBE_APISERVER: await kubeApiserverPath(),
  };
}
