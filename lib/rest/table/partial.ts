/**
 * PartialObjectMetadata (`meta.k8s.io/v1`): an object without anything but its metadata, for
 * clients that need no more (garbage collection, quotas, metadata informers) and for the rows of
 * tables.
 */

import { decodeJson, encodeJsonText } from '../../object/lossless/index.js';
import type { ListMeta } from './list-meta.js';
import { listMetaText } from './list-meta.js';

const encoder = new TextEncoder();

/** The PartialObjectMetadata of one object (or bookmark) in JSON. */
export function partialObjectMetadata(object: Uint8Array): Uint8Array {
  return encoder.encode(partialText(decodeJson(object)));
}

/** The PartialObjectMetadataList of `objects` in JSON, piece by piece. */
export function* partialObjectMetadataList(
  objects: Iterable<Uint8Array>,
  meta: ListMeta,
): Generator<Uint8Array, void, undefined> {
  yield encoder.encode(
    '{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1",' +
      `"metadata":${listMetaText(meta)},"items":[`,
  );
  let separator = '';
  for (const object of objects) {
    yield encoder.encode(separator + partialText(decodeJson(object)));
    separator = ',';
  }
  yield encoder.encode(']}\n');
}

/** The same as text, of a decoded object. */
export function partialText(object: unknown): string {
  const metadata = (object as { readonly metadata?: unknown } | null)?.metadata ?? {};
  return (
    '{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1",' +
    `"metadata":${encodeJsonText(metadata)}}`
  );
}
