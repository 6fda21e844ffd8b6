/**
 * What the server does to an object before it is validated and stored: system fields of metadata,
 * the status subresource, the generation (apiserver `registry/rest`, apiextensions' strategies).
 *
 *  1. Clients never decide uid, creationTimestamp, generation or the deletion fields.
 *  2. Where status is a subresource, the main endpoint leaves the stored status as it is, and the
 *     status endpoint leaves everything else.
 *  3. The generation rises by one when anything outside metadata changed (and outside status, where
 *     that is a subresource), and never otherwise.
 *
 * All of it is pure: new objects come out, the given ones stay as they are.
 */

import type { JsonValue, ObjectMeta } from '../../object/index.js';
import { equalJson } from '../../object/lossless/index.js';
import { encodeMetadata } from './metadata.js';
import type { JsonObject } from '../../object/lossless/index.js';

/** An object with its metadata decoded; `content` is everything else. */
export interface PreparedObject {
  readonly content: JsonObject;
  readonly metadata: ObjectMeta;
}

export interface SystemFields {
  readonly name: string;
  readonly uid: string;
  /** RFC 3339, seconds. */
  readonly creationTimestamp: string;
}

/** An object as it is created. */
export function prepareCreate(
  object: PreparedObject,
  fields: SystemFields,
  statusSubresource: boolean,
): PreparedObject {
  const { deletionTimestamp, deletionGracePeriodSeconds, resourceVersion, ...kept } =
    object.metadata;
  void [deletionTimestamp, deletionGracePeriodSeconds, resourceVersion];
  const { name, uid, creationTimestamp } = fields;
  return {
    content: statusSubresource ? without(object.content, 'status') : object.content,
    metadata: {
      ...kept,
      ...(name === '' ? {} : { name }),
      uid,
      creationTimestamp,
      generation: 1,
    },
  };
}

/** The successor of `previous` that a client wants; its generation is still the same. */
export function prepareUpdate(
  next: PreparedObject,
  previous: PreparedObject,
  statusSubresource: boolean,
): PreparedObject {
  const content = statusSubresource
    ? withProperty(next.content, 'status', previous.content['status'])
    : next.content;
  return { content, metadata: successor(next.metadata, previous.metadata) };
}

/** The successor with the generation that it has, once nothing of it changes any more. */
export function withGeneration(
  next: PreparedObject,
  previous: PreparedObject,
  statusSubresource: boolean,
): PreparedObject {
  const counted = ({ content }: PreparedObject): JsonObject =>
    statusSubresource ? without(content, 'status') : content;
  if (equalJson(counted(next), counted(previous))) return next;
  const generation = (previous.metadata.generation ?? 0) + 1;
  return { ...next, metadata: { ...next.metadata, generation } };
}

/** The successor of `previous` that takes only its status from `next`. */
export function prepareStatusUpdate(
  next: PreparedObject,
  previous: PreparedObject,
): PreparedObject {
  return {
    content: withProperty(previous.content, 'status', next.content['status']),
    metadata: previous.metadata,
  };
}

// Fields that are left out mean: as they were. Older clients do not send them back.
function successor(next: ObjectMeta, previous: ObjectMeta): ObjectMeta {
  const { resourceVersion, ...metadata } = next;
  void resourceVersion;
  metadata.uid ??= previous.uid as string;
  metadata.namespace ??= previous.namespace as string;
  if (previous.creationTimestamp) metadata.creationTimestamp = previous.creationTimestamp;
  else delete metadata.creationTimestamp;
  if (previous.deletionTimestamp !== undefined) {
    metadata.deletionTimestamp = previous.deletionTimestamp;
  }
  if (previous.deletionGracePeriodSeconds !== undefined) {
    metadata.deletionGracePeriodSeconds ??= previous.deletionGracePeriodSeconds;
  }
  metadata.generation = previous.generation ?? 0;
  return metadata;
}

/** The whole object, as it is encoded. */
export function composeObject({ content, metadata }: PreparedObject): JsonObject {
  return { ...content, metadata: encodeMetadata(metadata) };
}

function withProperty(
  content: JsonObject,
  property: 'status',
  value: JsonValue | undefined,
): JsonObject {
  return value === undefined ? without(content, property) : { ...content, [property]: value };
}

function without(content: JsonObject, property: 'status'): JsonObject {
  const { [property]: dropped, ...rest } = content;
  void dropped;
  return rest;
}
