/** What every thread of an aggregated server serves: widgets, and which thread it is. */

import { threadId } from 'node:worker_threads';

import { defineResource, type DefinedResource } from '../../../lib/rest/index.js';
import type { AggregatedServerOptions, ThreadContext } from '../../../lib/server/index.js';
import { widgets } from './bench.js';

const probes = defineResource({
  group: 'example.com',
  version: 'v1',
  kind: 'Probe',
  scope: 'Cluster',
  handlers: { get: ({ name }) => ({ metadata: { name }, spec: { thread: threadId } }) },
});

export const resources: readonly DefinedResource[] = [widgets, probes];

/** `data` is the file of the kubeconfig. */
export default function threadOptions({ data }: ThreadContext): AggregatedServerOptions {
  return { resources, kubeconfig: data as string };
}
