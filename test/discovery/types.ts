/**
 * The two types that discovery and OpenAPI are tested with: a plain one and one with everything.
 */

import { defineResource } from '../../lib/rest/definition/index.js';

export const team = defineResource({
  group: 'example.com',
  version: 'v1',
  kind: 'Team',
  scope: 'Cluster',
});

export const widget = defineResource({
  group: 'demo.example.com',
  kind: 'Widget',
  shortNames: ['wd'],
  categories: ['all'],
  versions: [
    {
      name: 'v1beta1',
      schema: { type: 'object', properties: { spec: { type: 'object' } } },
    },
    {
      name: 'v1',
      storage: true,
      statusSubresource: true,
      printerColumns: [{ name: 'Color', type: 'string', jsonPath: '.spec.color' }],
      schema: {
        type: 'object',
        description: 'Widget is a thing.',
        required: ['spec'],
        properties: {
          spec: {
            type: 'object',
            properties: { color: { type: 'string', description: 'Its color.' } },
          },
        },
      },
    },
    { name: 'v1alpha1', served: false },
  ],
});

/** With every subresource that there can be. */
export const engine = defineResource({
  group: 'example.com',
  version: 'v1',
  kind: 'Engine',
  statusSubresource: true,
  scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
  subresources: {
    restart: { kind: 'Restart', create: () => undefined },
    eviction: {
      kind: { group: 'policy', version: 'v1', kind: 'Eviction' },
      create: () => undefined,
    },
    report: { get: () => ({}), update: () => ({}) },
    shell: { connect: () => ({ protocol: 'x', serve: () => undefined }) },
  },
});
