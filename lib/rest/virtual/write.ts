/**
 * POST, PUT, PATCH and DELETE of a resource that has handlers.
 *
 *  1. What a client can do wrong with options, media type and body is found before a handler is
 *     called, as for what is stored.
 *  2. Where there is a `get`, an update and a deletion are asked for only when the object is there,
 *     and their preconditions (resourceVersion, uid) hold for it.
 *  3. A patch without a handler of its own is `get`, the patch, `update` (upstream's rest.Patcher
 *     over a Getter and an Updater): tried anew when `update` throws a conflict, unless the patch
 *     itself insists on a version.
 */

import type { JsonValue, ObjectMeta } from '../../object/index.js';
import { decodeJson, type JsonObject } from '../../object/lossless/index.js';
import type { Answer } from '../../request/index.js';
import {
  conflict,
  generateNameConflict,
  isStatusError,
  jsonAnswer,
  notFound,
  successStatus,
  warningHeaders,
} from '../../request/index.js';
import { readBody } from '../body/index.js';
import type { RequestContext, VerbHandler } from '../handler/context.js';
import { readOptions } from '../handler/delete.js';
import { checkRepresentation, documentAnswer, objectAnswer } from '../handler/represent.js';
import { readPatchRequest, type PatchRequest } from '../handler/patching.js';
import { checkDuplicates } from '../handler/write.js';
import { parseListOptions, parseWriteOptions, type WriteOptions } from '../options/index.js';
import {
  checkAddress,
  checkReplacement,
  failedPrecondition,
  NAME_ATTEMPTS_MAX,
  placeInNamespace,
  type DeletionOptions,
} from '../store/index.js';
import type { VirtualHandlers } from './contract.js';
import { HandlerFault } from './fault.js';
import {
  checkDryRun,
  checkNames,
  plainObject,
  plainValue,
  readSent,
  withName,
} from './incoming.js';
import { Invocation } from './invocation.js';
import { optionalObject, outgoingObject, type OutgoingObject } from './outgoing.js';
import { askForPage, expectedOf, pageAnswer } from './read.js';
import type { VirtualSettings } from './settings.js';

/** Attempts at a patch that loses against other writers: upstream's. */
const PATCH_ATTEMPTS_MAX = 5;

/** What writes need besides handlers; of a resource that is read through, its cache gives it. */
export interface WriteParts {
  readonly handlers: VirtualHandlers<unknown>;
  readonly settings: VirtualSettings;
  /** The present object, `undefined` where there is none. Absent: nobody knows. */
  readonly read: ((request: RequestContext) => Promise<OutgoingObject | undefined>) | undefined;
  /**
   * Called when a handler has written; gives what is to be answered. `object` is what the handler
   * gave, `undefined` when the object is gone.
   */
  readonly settle: ((write: SettledWrite) => Promise<OutgoingObject | undefined>) | undefined;
}

/** A write that a handler has done. */
export interface SettledWrite {
  readonly request: RequestContext;
  readonly name: string;
  readonly object: OutgoingObject | undefined;
}

/** The verbs that write, of those that there are handlers for. */
export function writeVerbs(parts: WriteParts): readonly (readonly [string, VerbHandler])[] {
  const { handlers, read } = parts;
  const verbs: (readonly [string, VerbHandler])[] = [];
  if (handlers.create) verbs.push(['create', (request) => create(parts, request)]);
  if (handlers.update) verbs.push(['update', (request) => update(parts, request)]);
  if (handlers.patch) verbs.push(['patch', (request) => patchByHandler(parts, request)]);
  else if (handlers.update && read) verbs.push(['patch', (request) => patch(parts, request)]);
  if (handlers.delete) verbs.push(['delete', (request) => remove(parts, request)]);
  if (handlers.deleteCollection) {
    verbs.push(['deletecollection', (request) => removeCollection(parts, request)]);
  }
  return verbs;
}

async function create(parts: WriteParts, request: RequestContext): Promise<Answer> {
  checkRepresentation(request, false);
  const { type, info } = request;
  const options = writeOptions(parts, request, 'CreateOptions');
  const { dryRun, fieldValidation } = options;
  const { value, duplicates } = await readBody(request.request, type);
  const warned = checkDuplicates(request, value, duplicates, fieldValidation);
  const { incoming, warnings } = readSent(request, value, fieldValidation, false);
  const placed = placeInNamespace(type, incoming.metadata, info.namespace);
  checkNames(request, placed);
  const isGenerated = !placed.name && placed.generateName !== undefined;
  for (let attempt = 1; ; attempt++) {
    const metadata = withName(placed, parts.settings.random);
    const { name = '' } = metadata;
    try {
      const object = plainObject(incoming.content, metadata);
      const written = await createOnce(parts, request, { name, object, dryRun });
      return writtenAnswer(request, 201, written, [...warned, ...warnings]);
    } catch (error) {
      if (!isGenerated || !isReason(error, 'AlreadyExists')) throw error;
      if (attempt === NAME_ATTEMPTS_MAX) throw generateNameConflict(type, name);
    }
  }
}

async function createOnce(
  parts: WriteParts,
  request: RequestContext,
  sent: { readonly name: string; readonly object: unknown; readonly dryRun: boolean },
): Promise<OutgoingObject> {
  const invocation = new Invocation(request, parts.settings, 'create');
  const { name, object, dryRun } = sent;
  const written = await invocation.run(
    (signal) => parts.handlers.create!({ ...invocation.context(signal, sent), object }),
    (given) => {
      const expected = { ...expectedOf(request), name: name === '' ? undefined : name };
      return outgoingObject(given, expected, 'the object');
    },
  );
  return (await settled(parts, request, name, written, dryRun)) ?? written;
}

async function update(parts: WriteParts, request: RequestContext): Promise<Answer> {
  checkRepresentation(request, false);
  const { type, version, info } = request;
  const options = writeOptions(parts, request, 'UpdateOptions');
  const { value, duplicates } = await readBody(request.request, type);
  const warned = checkDuplicates(request, value, duplicates, options.fieldValidation);
  checkReplacement(type, version, value, info);
  const sent = readSent(request, value, options.fieldValidation, false);
  const old = await present(parts, request);
  const written = await put(parts, request, sent.incoming, old, options.dryRun);
  return writtenAnswer(request, 200, written, [...warned, ...sent.warnings]);
}

async function patch(parts: WriteParts, request: RequestContext): Promise<Answer> {
  const { options, apply, warnings } = await patchRequest(parts, request);
  const { dryRun, fieldValidation } = options;
  const { name, namespace } = request.info;
  for (let attempt = 1; ; attempt++) {
    const old = (await present(parts, request))!;
    const value = apply(decodeJson(old.bytes) as JsonObject);
    const sent = readSent(request, value, fieldValidation, true);
    checkAddress(sent.incoming.metadata, name, namespace);
    checkVersion(request, sent.incoming.metadata, old);
    try {
      const written = await put(parts, request, sent.incoming, old, dryRun);
      return writtenAnswer(request, 200, written, [...warnings(), ...sent.warnings]);
    } catch (error) {
      if (!isReason(error, 'Conflict') || attempt === PATCH_ATTEMPTS_MAX) throw error;
    }
  }
}

async function patchByHandler(parts: WriteParts, request: RequestContext): Promise<Answer> {
  const { mediaType: patchType, options, decoded } = await patchRequest(parts, request);
  const { dryRun } = options;
  const sent = plainValue(decoded()) as JsonValue;
  const invocation = new Invocation(request, parts.settings, 'patch');
  const given = await invocation.run(
    (signal) =>
      parts.handlers.patch!({ ...invocation.context(signal, { dryRun }), patchType, patch: sent }),
    (object) => optionalObject(object, expectedOf(request)),
  );
  return writtenAnswer(request, 200, await found(parts, request, given, dryRun), []);
}

async function patchRequest(parts: WriteParts, request: RequestContext): Promise<PatchRequest> {
  checkRepresentation(request, false);
  const read = await readPatchRequest(request);
  checkDryRun(request, read.options.dryRun, parts.handlers.supportsDryRun === true);
  return read;
}

async function put(
  parts: WriteParts,
  request: RequestContext,
  sent: { readonly content: JsonObject; readonly metadata: ObjectMeta },
  old: OutgoingObject | undefined,
  dryRun: boolean,
): Promise<OutgoingObject> {
  checkVersion(request, sent.metadata, old);
  const { namespace } = request.info;
  const metadata = namespace === '' ? sent.metadata : { ...sent.metadata, namespace };
  const object = plainObject(sent.content, metadata);
  const invocation = new Invocation(request, parts.settings, 'update');
  const given = await invocation.run(
    (signal) =>
      parts.handlers.update!({
        ...invocation.context(signal, { dryRun }),
        object,
        old: old && plainValue(decodeJson(old.bytes)),
      }),
    (result) => optionalObject(result, expectedOf(request)),
  );
  return found(parts, request, given, dryRun);
}

// What was written; 404 where the handler found nothing to write to.
async function found(
  parts: WriteParts,
  request: RequestContext,
  given: OutgoingObject | undefined,
  dryRun: boolean,
): Promise<OutgoingObject> {
  if (given === undefined) throw notFound(request.type, request.info.name);
  return (await settled(parts, request, request.info.name, given, dryRun)) ?? given;
}

async function remove(parts: WriteParts, request: RequestContext): Promise<Answer> {
  checkRepresentation(request, false);
  const { type, info } = request;
  const { dryRun, ...options } = await readOptions(request);
  checkDryRun(request, dryRun, parts.handlers.supportsDryRun === true);
  const old = await present(parts, request);
  checkPreconditions(request, options, old);
  const invocation = new Invocation(request, parts.settings, 'delete');
  const given = await invocation.run(
    (signal) => parts.handlers.delete!({ ...invocation.context(signal, { dryRun }), options }),
    (result) => {
      if (typeof result === 'boolean') return result;
      if (typeof result !== 'object')
        throw new HandlerFault('it is neither a boolean nor an object');
      return outgoingObject(result, expectedOf(request), 'the object');
    },
  );
  if (given === false) throw notFound(type, info.name);
  const left = given === true ? undefined : given;
  const shown = (await settled(parts, request, info.name, left, dryRun)) ?? left;
  if (shown !== undefined) {
    return objectAnswer(request, options.orphanDependents === false ? 202 : 200, shown.bytes);
  }
  const { group, resource: kind } = type;
  const uid = old?.uid ?? '';
  return documentAnswer(
    request,
    jsonAnswer(200, successStatus({ name: info.name, group, kind, uid })),
  );
}

async function removeCollection(parts: WriteParts, request: RequestContext): Promise<Answer> {
  checkRepresentation(request, true);
  const { type, version } = request;
  const selected = parseListOptions(request.request.query, type, version, 'list');
  const { dryRun, ...options } = await readOptions(request);
  checkDryRun(request, dryRun, parts.handlers.supportsDryRun === true);
  const invocation = new Invocation(request, parts.settings, 'deleteCollection');
  const { handlers } = parts;
  const page = await askForPage(
    invocation,
    selected,
    (context) => handlers.deleteCollection!({ ...context, options }),
    dryRun,
  );
  return pageAnswer(request, page);
}

function writeOptions(
  { handlers }: WriteParts,
  request: RequestContext,
  kind: 'CreateOptions' | 'UpdateOptions',
): WriteOptions {
  const options = parseWriteOptions(request.request.query, kind);
  checkDryRun(request, options.dryRun, handlers.supportsDryRun === true);
  return options;
}

// Undefined only where nobody knows; else there is one, or 404.
async function present(
  { read }: WriteParts,
  request: RequestContext,
): Promise<OutgoingObject | undefined> {
  if (read === undefined) return undefined;
  const object = await read(request);
  if (object === undefined) throw notFound(request.type, request.info.name);
  return object;
}

function settled(
  { settle }: WriteParts,
  request: RequestContext,
  name: string,
  object: OutgoingObject | undefined,
  dryRun: boolean,
): Promise<OutgoingObject | undefined> {
  if (dryRun || settle === undefined) return Promise.resolve(undefined);
  return settle({ request, name, object });
}

function checkVersion(
  { type, info }: RequestContext,
  next: ObjectMeta,
  old: OutgoingObject | undefined,
): void {
  if (old === undefined) return;
  const { uid = '', resourceVersion = '' } = next;
  if (uid !== '' && old.uid !== '' && uid !== old.uid) {
    const why = `UID in precondition: ${uid}, UID in object meta: ${old.uid}`;
    throw conflict(type, info.name, `Precondition failed: ${why}`);
  }
  if (resourceVersion === '' || old.resourceVersion === '') return;
  if (resourceVersion !== old.resourceVersion) throw conflict(type, info.name);
}

function checkPreconditions(
  { type, info }: RequestContext,
  { preconditions }: DeletionOptions,
  old: OutgoingObject | undefined,
): void {
  const failure = old && failedPrecondition(preconditions, old);
  if (failure === undefined) return;
  // Upstream names the kind where everything else names the resource.
  throw conflict({ group: type.group, resource: type.kind }, info.name, failure);
}

function isReason(error: unknown, reason: 'AlreadyExists' | 'Conflict'): boolean {
  return isStatusError(error) && error.code === 409 && error.reason === reason;
}

function writtenAnswer(
  request: RequestContext,
  status: number,
  { bytes }: OutgoingObject,
  warnings: readonly string[],
): Answer {
  return objectAnswer(request, status, bytes, warningHeaders(warnings));
}
