/**
 * DELETE of an object and of a collection. Options come from the body where there is one, else from
 * the query; both are validated before anything is deleted. What is gone is answered with a Status,
 * what waits for finalizers with the object, a collection with the list of what it was.
 */

import type { Answer } from '../../request/index.js';
import {
  fieldInvalid,
  forbidden,
  invalid,
  isStatusError,
  jsonAnswer,
  successStatus,
  unsupportedMediaType,
} from '../../request/index.js';
import { BODY_BYTES_MAX, bodyMediaType, decodeBody } from '../body/index.js';
import { MEDIA_TYPE_JSON, MEDIA_TYPE_YAML } from '../negotiation/index.js';
import type { DeleteOptions } from '../options/index.js';
import { deleteOptionsOfBody, deleteOptionsOfQuery, parseListOptions } from '../options/index.js';
import type { Context, RequestContext } from './context.js';
import { listOptions } from './read.js';
import { checkRepresentation, documentAnswer, objectAnswer, objectsAnswer } from './represent.js';

/** Gone: 200 with a Status. Waiting for finalizers: the object, 200 or (asked to cascade) 202. */
export async function remove(context: Context): Promise<Answer> {
  const { store, type, version, request, info } = context;
  checkRepresentation(context, false);
  const options = await readOptions(context);
  const { namespace, name } = info;
  const { signal } = request;
  if (options.ignoreStoreReadError === true) await authorizeUnsafeDelete(context);
  const deleted = await store.delete({ ...options, namespace, name, version, signal });
  if (!deleted.gone) {
    return objectAnswer(context, options.orphanDependents === false ? 202 : 200, deleted.bytes);
  }
  const { group, resource: kind } = type;
  const status = successStatus({ name, group, kind, uid: deleted.uid });
  return documentAnswer(context, jsonAnswer(200, status));
}

/** Answers the objects as they were listed. */
export async function removeCollection(context: Context): Promise<Answer> {
  const { store, type, version, request, settings } = context;
  checkRepresentation(context, true);
  const selection = parseListOptions(request.query, type, version, 'list');
  const { apiVersion, ...listed } = listOptions(context, selection);
  void apiVersion;
  const options = await readOptions(context);
  if (options.ignoreStoreReadError === true) throw notOfCollections();
  const { objects, ...meta } = await store.deleteCollection({
    ...listed,
    ...options,
    version,
    workers: settings.deleteCollectionWorkers,
  });
  return objectsAnswer(context, objects, meta);
}

// Beside `delete`, as which the request has been allowed.
async function authorizeUnsafeDelete({ user, info, request, settings }: Context): Promise<void> {
  const verb = UNSAFE_DELETE;
  try {
    await settings.authorize(user, request, { ...info, verb });
  } catch (error) {
    if (!isStatusError(error) || error.code !== 403) throw error;
    throw forbidden(`not permitted to do "${verb}", reason: ${error.message}`, info, info.name);
  }
}

function notOfCollections(): Error {
  const detail = 'is not allowed with DELETECOLLECTION, try again after removing the option';
  const errors = [fieldInvalid('ignoreStoreReadErrorWithClusterBreakingPotential', true, detail)];
  return invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors);
}

/** What has to be allowed for deleting what can't be read (KEP-3926). */
const UNSAFE_DELETE = 'unsafe-delete-ignore-read-errors';

/** The options of a deletion. Rejects with a StatusError 400, 413, 415 or 422. */
export async function readOptions({ request }: RequestContext): Promise<DeleteOptions> {
  const body = await request.body(BODY_BYTES_MAX);
  if (body.length === 0) return deleteOptionsOfQuery(request.query);
  const mediaType = bodyMediaType(request);
  const isYaml = mediaType === MEDIA_TYPE_YAML;
  if (mediaType !== '' && mediaType !== MEDIA_TYPE_JSON && !isYaml) {
    throw unsupportedMediaType([MEDIA_TYPE_JSON, MEDIA_TYPE_YAML]);
  }
  return deleteOptionsOfBody(decodeBody(body, isYaml).value);
}
