/**
 * A metrics API that `kubectl top nodes` and `kubectl top pods` read: measured when somebody asks,
 * stored nowhere. The node is this machine, the one pod on it this process.
 *
 *   node examples/metrics-api/server.mjs
 *
 * prints what kubectl is to be called with.
 */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineResource } from 'shardwatch';
import { listenForKubectl } from '../kubeconfig/listen.mjs';
import { NODE, nodeCapacity, nodeUsage, POD, podUsage } from './usage.mjs';

// What was measured, in the form of metrics.k8s.io: nanocores and KiB.
const sample = ({ at, windowSeconds }) => ({
  timestamp: new Date(at).toISOString(),
  window: `${windowSeconds}s`,
});
const quantities = ({ cpu, memory }) => ({
  cpu: `${Math.round(cpu * 1e9)}n`,
  memory: `${Math.round(memory / 1024)}Ki`,
});

const nodeMetrics = () => {
  const usage = nodeUsage();
  return { metadata: { name: NODE }, ...sample(usage), usage: quantities(usage) };
};
const podMetrics = () => {
  const usage = podUsage();
  return {
    metadata: { namespace: POD.namespace, name: POD.name, labels: POD.labels },
    ...sample(usage),
    containers: [{ name: 'server', usage: quantities(usage) }],
  };
};
const isPod = ({ namespace, name }) => namespace === POD.namespace && name === POD.name;

// kubectl compares what a node uses with what it has, and asks the core group for that.
const node = () => {
  const { cpu, memory } = nodeCapacity();
  const amounts = { cpu: String(cpu), memory: `${Math.round(memory / 1024)}Ki` };
  return { metadata: { name: NODE }, status: { capacity: amounts, allocatable: amounts } };
};

export const resources = [
  defineResource({
    group: 'metrics.k8s.io',
    version: 'v1beta1',
    kind: 'NodeMetrics',
    plural: 'nodes',
    scope: 'Cluster',
    handlers: {
      get: ({ name }) => (name === NODE ? nodeMetrics() : undefined),
      list: () => [nodeMetrics()],
    },
  }),
  defineResource({
    group: 'metrics.k8s.io',
    version: 'v1beta1',
    kind: 'PodMetrics',
    plural: 'pods',
    handlers: {
      get: (context) => (isPod(context) ? podMetrics() : undefined),
      list: ({ namespace }) => (['', POD.namespace].includes(namespace) ? [podMetrics()] : []),
    },
  }),
  defineResource({
    group: '',
    version: 'v1',
    kind: 'Node',
    scope: 'Cluster',
    handlers: { get: ({ name }) => (name === NODE ? node() : undefined), list: () => [node()] },
  }),
];

/** Gives the server and the file of a kubeconfig. */
export function serve(folder) {
  return listenForKubectl(resources, { folder });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { kubeconfig } = await serve(await mkdtemp(join(tmpdir(), 'metrics-api-')));
  console.log(`kubectl --kubeconfig ${kubeconfig} top nodes`);
}
