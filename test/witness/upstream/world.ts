/**
 * The resource types of the comparison. Their group is new in every run, so that a server that has
 * seen earlier runs has nothing left of them under these names; the project's examples are among
 * them. Their schemas keep unknown fields: only one of the two servers prunes.
 */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { exampleFile } from '../server-process.js';

export interface World {
  readonly group: string;
  readonly definitions: readonly CustomResourceDefinition[];
}

export interface CustomResourceDefinition {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly group: string; readonly versions: readonly Version[] };
}

export interface Version {
  readonly name: string;
  readonly served: boolean;
  readonly [member: string]: unknown;
}

const ANY = { 'x-kubernetes-preserve-unknown-fields': true };

const WIDGET_SCHEMA = {
  type: 'object',
  description: 'Widget is there to be compared.',
  ...ANY,
  properties: {
    spec: {
      type: 'object',
      ...ANY,
      properties: {
        color: { type: 'string', description: 'What it looks like.' },
        size: { type: 'integer', format: 'int64' },
        on: { type: 'boolean' },
      },
    },
    status: { type: 'object', ...ANY },
  },
};

const WIDGET_COLUMNS = [
  { name: 'Color', type: 'string', jsonPath: '.spec.color', description: 'What it looks like.' },
  { name: 'Size', type: 'integer', jsonPath: '.spec.size', format: 'int64' },
  { name: 'Load', type: 'number', jsonPath: '.spec.load' },
  { name: 'On', type: 'boolean', jsonPath: '.spec.on' },
  { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  { name: 'Parts', type: 'string', jsonPath: '.spec.parts[*].name' },
  { name: 'Object', type: 'string', jsonPath: '.spec.parts' },
  { name: 'Since', type: 'date', jsonPath: '.spec.since' },
  { name: 'Wide', type: 'string', jsonPath: '.spec.wide', priority: 1 },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
];

export async function createWorld(group: string): Promise<World> {
  const definitions = [widgets(group), gadgets(group), machines(group)];
  const folder = exampleFile('crds');
  for (const file of (await readdir(folder)).sort()) {
    const text = await readFile(join(folder, file), 'utf8');
    definitions.push(parse(text.replaceAll('platform.example.com', `platform.${group}`)));
  }
  return { group, definitions };
}

function widgets(group: string): CustomResourceDefinition {
  const subresources = { status: {} };
  return definition(group, 'Namespaced', 'widget', {
    shortNames: ['wg'],
    categories: ['all', 'things'],
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources,
        selectableFields: [
          { jsonPath: '.spec.color' },
          { jsonPath: '.spec.size' },
          { jsonPath: '.spec.on' },
        ],
        additionalPrinterColumns: WIDGET_COLUMNS,
        schema: { openAPIV3Schema: WIDGET_SCHEMA },
      },
      {
        name: 'v1beta1',
        served: true,
        storage: false,
        deprecated: true,
        schema: { openAPIV3Schema: { type: 'object', ...ANY } },
      },
      {
        name: 'v1alpha1',
        served: false,
        storage: false,
        schema: { openAPIV3Schema: { type: 'object', ...ANY } },
      },
    ],
  });
}

function gadgets(group: string): CustomResourceDefinition {
  const schema = { openAPIV3Schema: { type: 'object', ...ANY } };
  return definition(group, 'Cluster', 'gadget', {
    versions: [{ name: 'v1', served: true, storage: true, schema }],
  });
}

function machines(group: string): CustomResourceDefinition {
  const schema = { openAPIV3Schema: { type: 'object', ...ANY } };
  const scale = {
    specReplicasPath: '.spec.count.wanted',
    statusReplicasPath: '.status.count',
    labelSelectorPath: '.status.selector',
  };
  const subresources = { status: {}, scale };
  return definition(group, 'Namespaced', 'machine', {
    versions: [{ name: 'v1', served: true, storage: true, subresources, schema }],
  });
}

interface DefinitionParts {
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly versions: readonly Version[];
}

function definition(
  group: string,
  scope: 'Namespaced' | 'Cluster',
  singular: string,
  { versions, ...names }: DefinitionParts,
): CustomResourceDefinition {
  const kind = `${singular.charAt(0).toUpperCase()}${singular.slice(1)}`;
  const plural = `${singular}s`;
  const manifest = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: { group, scope, names: { plural, singular, kind, ...names }, versions },
  };
  return manifest;
}
