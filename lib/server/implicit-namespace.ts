/**
 * Namespaces, where no type of that name is served: they are not objects then, and every valid name
 * is one. kubectl (from 1.34 on) looks for an object's namespace when the object is not found, and
 * would tell of a missing namespace instead of the missing object.
 */

import { isDns1123Label } from '../object/index.js';
import { jsonAnswer, notFound, type Answer, type RequestInfo } from '../request/index.js';

/** The Namespace that a GET asks for; undefined for every other request. Throws 404 for no name. */
export function implicitNamespaceAnswer(info: RequestInfo): Answer | undefined {
  const { group, version, resource, subresource, verb, name } = info;
  const isAsked = group === '' && version === 'v1' && resource === 'namespaces';
  if (!isAsked || subresource !== '' || verb !== 'get') return undefined;
  if (isDns1123Label(name).length > 0) throw notFound({ group: '', resource }, name);
  return jsonAnswer(200, {
    kind: 'Namespace',
    apiVersion: 'v1',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    spec: {},
    status: { phase: 'Active' },
  });
}
