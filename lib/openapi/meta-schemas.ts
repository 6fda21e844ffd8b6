/**
 * Schemas of what every resource shares: object and list metadata, options of a delete, Status.
 *
 * They carry the names that clients know them by (`io.k8s.apimachinery.pkg.apis.meta.v1.…`), and
 * describe the fields that this server keeps; `kubectl explain` prints the descriptions.
 */

import type { JsonSchema } from '../object/index.js';

const PREFIX = 'io.k8s.apimachinery.pkg.apis.meta.v1.';

export type MetaSchemaName =
  | 'DeleteOptions'
  | 'ListMeta'
  | 'ObjectMeta'
  | 'OwnerReference'
  | 'Patch'
  | 'Preconditions'
  | 'Status'
  | 'StatusCause'
  | 'StatusDetails'
  | 'Time';

/** `{"$ref": …}` of a schema in `components`. */
export function reference(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

export function metaReference(name: MetaSchemaName): JsonSchema {
  return reference(PREFIX + name);
}

/** A reference with a description of its own. */
export function describedReference(description: string, schema: JsonSchema): JsonSchema {
  return { description, allOf: [schema] };
}

export const API_VERSION: JsonSchema = {
  type: 'string',
  description: 'The group and version of the schema that this object is written in.',
};

export const KIND: JsonSchema = {
  type: 'string',
  description: 'The kind of this object, in capitalised words; it follows from the URL.',
};

function text(description: string): JsonSchema {
  return { type: 'string', description };
}

function int64(description: string): JsonSchema {
  return { type: 'integer', format: 'int64', description };
}

function flag(description: string): JsonSchema {
  return { type: 'boolean', description };
}

function stringMap(description: string): JsonSchema {
  return { type: 'object', additionalProperties: { type: 'string' }, description };
}

const OBJECT_META: JsonSchema = {
  type: 'object',
  description: 'ObjectMeta is what every stored object carries: its identity, labels and history.',
  properties: {
    annotations: stringMap(
      'Notes for tools and people, by key. They are not indexed and can not be selected by.',
    ),
    creationTimestamp: describedReference(
      'When the object was created, by the clock of the server. Read-only.',
      metaReference('Time'),
    ),
    deletionGracePeriodSeconds: int64(
      'Seconds that the object has to end gracefully once its deletion was asked for. Read-only.',
    ),
    deletionTimestamp: describedReference(
      'When the deletion of the object was asked for; it goes once its finalizers are gone. ' +
        'Read-only.',
      metaReference('Time'),
    ),
    finalizers: {
      type: 'array',
      items: { type: 'string' },
      'x-kubernetes-list-type': 'set',
      'x-kubernetes-patch-strategy': 'merge',
      description:
        'Who has work to do before the object may go. Each removes its own entry; the object is ' +
        'removed with the last one.',
    },
    generateName: text(
      'A prefix for a name that the server makes unique. Used when no name is given, in a create.',
    ),
    generation: int64(
      'Counts changes of the desired state: everything but metadata and status. Read-only.',
    ),
    labels: stringMap('Short values by key, which objects are grouped and selected by.'),
    name: text(
      'The name of the object, unique within its namespace and resource type. It never changes.',
    ),
    namespace: text(
      'The namespace that the object and its name belong to. Empty for cluster-wide types.',
    ),
    ownerReferences: {
      type: 'array',
      items: metaReference('OwnerReference'),
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['uid'],
      'x-kubernetes-patch-merge-key': 'uid',
      'x-kubernetes-patch-strategy': 'merge',
      description: 'The objects that this one depends on and goes with.',
    },
    resourceVersion: text(
      'The version of the object in the storage, an opaque text. An update that carries it is ' +
        'refused when the object has changed since.',
    ),
    uid: text('The identity of the object, unique in time and space. Read-only.'),
  },
};

const LIST_META: JsonSchema = {
  type: 'object',
  description: 'ListMeta tells the state that a list shows, and how it goes on.',
  properties: {
    continue: text('A token for the next page. Absent with the last one.'),
    remainingItemCount: int64('How many objects follow after this page, where that is known.'),
    resourceVersion: text('The version of the collection that the list shows; watches go on here.'),
    shardInfo: {
      type: 'object',
      description: 'Which part of the objects the list has. Absent where it has all of them.',
      required: ['selector'],
      properties: { selector: text('The shard selector of the request.') },
    },
  },
};

const OWNER_REFERENCE: JsonSchema = {
  type: 'object',
  description: 'OwnerReference names an object that owns this one.',
  required: ['apiVersion', 'kind', 'name', 'uid'],
  properties: {
    apiVersion: text('The group and version of the owner.'),
    blockOwnerDeletion: flag(
      'Whether the owner, when deleted in the foreground, stays until this object is gone.',
    ),
    controller: flag('Whether the owner is the one controller of this object.'),
    kind: text('The kind of the owner.'),
    name: text('The name of the owner.'),
    uid: text('The uid of the owner.'),
  },
  'x-kubernetes-map-type': 'atomic',
};

const DELETE_OPTIONS: JsonSchema = {
  type: 'object',
  description: 'DeleteOptions tells how an object is to be deleted.',
  properties: {
    apiVersion: API_VERSION,
    dryRun: {
      type: 'array',
      items: { type: 'string' },
      description: 'With All, everything happens except that nothing is stored.',
    },
    gracePeriodSeconds: int64('Seconds until the object is to be gone; 0 is at once.'),
    kind: KIND,
    orphanDependents: flag('Older form of propagationPolicy: whether dependents are kept.'),
    preconditions: describedReference(
      'What must hold for the object to be deleted.',
      metaReference('Preconditions'),
    ),
    propagationPolicy: text(
      'What happens to dependents: Orphan keeps them, Background deletes them afterwards, ' +
        'Foreground before.',
    ),
  },
};

const PRECONDITIONS: JsonSchema = {
  type: 'object',
  description: 'Preconditions must hold before an object is changed or deleted.',
  properties: {
    resourceVersion: text('The resourceVersion that the object must have.'),
    uid: text('The uid that the object must have.'),
  },
};

const STATUS: JsonSchema = {
  type: 'object',
  description: 'Status is the answer where there is no object: an error, or a deletion done.',
  properties: {
    apiVersion: API_VERSION,
    code: { type: 'integer', format: 'int32', description: 'The HTTP status.' },
    details: describedReference('What the Status is about.', metaReference('StatusDetails')),
    kind: KIND,
    message: text('What happened, for people.'),
    metadata: describedReference(
      'Metadata of a list that it stands for.',
      metaReference('ListMeta'),
    ),
    reason: text('Why, in one word for programs.'),
    status: text('Success or Failure.'),
  },
  'x-kubernetes-group-version-kind': [{ group: '', kind: 'Status', version: 'v1' }],
};

const STATUS_DETAILS: JsonSchema = {
  type: 'object',
  description: 'StatusDetails names the object that a Status is about, and causes.',
  properties: {
    causes: {
      type: 'array',
      items: metaReference('StatusCause'),
      description: 'All single reasons, such as each invalid field.',
    },
    group: text('The API group of the object.'),
    kind: text('The resource, or the kind, of the object.'),
    name: text('The name of the object.'),
    retryAfterSeconds: {
      type: 'integer',
      format: 'int32',
      description: 'When to try again, if that makes sense.',
    },
    uid: text('The uid of the object.'),
  },
};

const STATUS_CAUSE: JsonSchema = {
  type: 'object',
  description: 'StatusCause is one reason for a failure.',
  properties: {
    field: text('The path of the field at fault.'),
    message: text('What is wrong, for people.'),
    reason: text('What is wrong, in one word for programs.'),
  },
};

/** All of them, by full name. */
export const META_SCHEMAS: { readonly [name: string]: JsonSchema } = {
  [`${PREFIX}DeleteOptions`]: DELETE_OPTIONS,
  [`${PREFIX}ListMeta`]: LIST_META,
  [`${PREFIX}ObjectMeta`]: OBJECT_META,
  [`${PREFIX}OwnerReference`]: OWNER_REFERENCE,
  [`${PREFIX}Patch`]: {
    type: 'object',
    description: 'Patch changes an object; its form follows from the content type.',
  },
  [`${PREFIX}Preconditions`]: PRECONDITIONS,
  [`${PREFIX}Status`]: STATUS,
  [`${PREFIX}StatusCause`]: STATUS_CAUSE,
  [`${PREFIX}StatusDetails`]: STATUS_DETAILS,
  [`${PREFIX}Time`]: {
    type: 'string',
    format: 'date-time',
    description: 'Time is a point in time of RFC 3339, to the second.',
  },
};
