/**
 * The schemas of one resource type: its own as it was defined, with what every object has
 * (apiVersion, kind, metadata) put in, and that of its list. Clients find them by
 * `x-kubernetes-group-version-kind`.
 */

import type { JsonSchema, JsonValue, ResourceType, ResourceVersion } from '../object/index.js';
import { API_VERSION, KIND, describedReference, metaReference, reference } from './meta-schemas.js';

/** `com.example.v1.Widget` for kind Widget of example.com/v1. */
export function schemaName(group: string, version: string, kind: string): string {
  const domain = group === '' ? ['core'] : group.split('.').reverse();
  return [...domain, version, kind].join('.');
}

/** The schema of one object. */
export function objectSchema(type: ResourceType, version: ResourceVersion): JsonSchema {
  const anything: JsonSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const schema = withEmbeddedMetadata(version.schema ?? anything);
  return {
    ...withObjectFields(schema),
    ...groupVersionKind(type, version, type.kind),
    ...selectableFields(version),
  };
}

/** The schema of a list of them. */
export function listSchema(type: ResourceType, version: ResourceVersion): JsonSchema {
  const item = reference(schemaName(type.group, version.name, type.kind));
  return {
    type: 'object',
    description: `${type.listKind} is a list of ${type.kind}.`,
    required: ['items'],
    properties: {
      apiVersion: API_VERSION,
      items: { type: 'array', items: item, description: `The objects of kind ${type.kind}.` },
      kind: KIND,
      metadata: describedReference('Metadata of the list.', metaReference('ListMeta')),
    },
    ...groupVersionKind(type, version, type.listKind),
    ...selectableFields(version),
  };
}

// Which fields a fieldSelector may name, besides those of every type (KEP-4358).
function selectableFields({ selectableFields: paths }: ResourceVersion): JsonSchema {
  if (paths.length === 0) return {};
  return { 'x-kubernetes-selectable-fields': paths.map((fieldPath) => ({ fieldPath })) };
}

function groupVersionKind(type: ResourceType, version: ResourceVersion, kind: string): JsonSchema {
  return {
    'x-kubernetes-group-version-kind': [{ group: type.group, kind, version: version.name }],
  };
}

function withObjectFields(schema: JsonSchema): JsonSchema {
  const own = schema['properties'];
  const properties = isSchema(own) ? own : {};
  return {
    ...schema,
    properties: {
      ...properties,
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: describedReference(
        'Metadata that every object has: name, labels and so on.',
        metaReference('ObjectMeta'),
      ),
    },
  };
}

// Whole objects within an object (x-kubernetes-embedded-resource) have the same three fields.
function withEmbeddedMetadata(schema: JsonSchema): JsonSchema {
  const result: { [key: string]: JsonValue } = { ...schema };
  for (const keyword of ['items', 'additionalProperties']) {
    const child = schema[keyword];
    if (isSchema(child)) result[keyword] = embedded(child);
  }
  const properties = schema['properties'];
  if (isSchema(properties)) {
    result['properties'] = Object.fromEntries(
      Object.entries(properties).map(([name, child]) => {
        return [name, isSchema(child) ? embedded(child) : child];
      }),
    );
  }
  return result;
}

function embedded(schema: JsonSchema): JsonSchema {
  const inner = withEmbeddedMetadata(schema);
  return inner['x-kubernetes-embedded-resource'] === true ? withObjectFields(inner) : inner;
}

function isSchema(value: JsonValue | undefined): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
