/**
 * Pods of about a kilobyte, one in a namespace of its own, as etcd keeps them, as a server's client
 * writes them, and as a watch is told of them.
 */

const NAME = 'pod';
const UID = '00000000-0000-4000-8000-000000000000';
const CREATED = '2024-01-01T00:00:00Z';

export function smallPodNamespace(index: number): string {
  return `ns-${String(index).padStart(5, '0')}`;
}

export function smallPodPath(index: number): string {
  return `/api/v1/namespaces/${smallPodNamespace(index)}/pods/${NAME}`;
}

/** Of the storage. */
export function smallPodKey(index: number): string {
  return `/core/pods/${smallPodNamespace(index)}/${NAME}`;
}

/** Its canonical JSON; without a revision, as it is stored. */
export function smallPod(index: number, value: string, bytes: number, revision?: string): string {
  const metadata = {
    creationTimestamp: CREATED,
    name: NAME,
    namespace: smallPodNamespace(index),
    ...(revision === undefined ? {} : { resourceVersion: revision }),
    uid: UID,
  };
  const object = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { data: value } };
  // Of the same length with or without a revision.
  const length = JSON.stringify({
    ...object,
    metadata: { ...metadata, resourceVersion: '' },
  }).length;
  object.spec.data = value.padEnd(value.length + Math.max(0, bytes - length), '.');
  return JSON.stringify(object);
}

/** The line that a watch is told it by, without its newline. */
export function modifiedLine(object: string): string {
  return `{"type":"MODIFIED","object":${object}}`;
}

/** FNV-1a of ASCII, 32 bits. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash >>> 0;
}
