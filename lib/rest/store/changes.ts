/**
 * What each kind of write makes of an object: decisions, from decoded request and present state to
 * the bytes that are to be stored. They are pure but for what hooks of the type's strategy do. The
 * order of checks and hooks is upstream's, so that a request with several faults is told the same
 * one.
 */

import { apiVersionOf, storageVersion } from '../../object/index.js';
import type {
  JsonValue,
  ObjectMeta,
  ResourceType,
  ResourceVersion,
  UnknownObject,
} from '../../object/index.js';
import { decodeJson, encodeJson } from '../../object/lossless/index.js';
import type { FieldError } from '../../request/index.js';
import { badRequest, conflict, fieldInvalid, invalid, StatusError } from '../../request/index.js';
import { strategyOf } from '../definition/index.js';
import type { HookContext, ResourceStrategy } from '../definition/index.js';
import { failedPrecondition, isFinalized, planDeletion } from './deletion.js';
import type { DeletionOptions } from './deletion.js';
import type { CurrentState } from './guaranteed-update.js';
import type { IncomingObject } from './incoming.js';
import {
  cannotBeHandled,
  checkAddress,
  placeInNamespace,
  readIncoming,
  unreadablePatch,
  unknownFieldTexts,
} from './incoming.js';
import { objectKey } from './key.js';
import { decodeMetadata } from './metadata.js';
import type { JsonObject } from '../../object/lossless/index.js';
import type { PreparedObject } from './preparation.js';
import {
  composeObject,
  prepareCreate,
  prepareStatusUpdate,
  prepareUpdate,
  withGeneration,
} from './preparation.js';
import type { CreateRequest, FieldValidation, UpdateRequest } from './request.js';
import { validateScale } from './scale.js';
import { applyDefault, StrategyCalls } from './strategy.js';
import { metadataWarnings, validateMetadata, validateMetadataUpdate } from './validation.js';

/** An object as it is to be stored, or as it is removed. */
export interface Change {
  readonly metadata: ObjectMeta;
  /** Canonical, without a resourceVersion. Of a removal: what the object was last. */
  readonly value: Uint8Array;
  readonly removes: boolean;
  readonly warnings: readonly string[];
}

export interface ChangesOptions {
  readonly type: ResourceType;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly newUid: () => string;
}

/** An update of which it is known what the client wants. */
interface DecidedUpdate {
  readonly next: PreparedObject;
  readonly previous: PreparedObject;
  readonly version: ResourceVersion;
  readonly name: string;
  readonly warnings: readonly string[];
  /** Undefined: the type has no strategy. */
  readonly calls: StrategyCalls | undefined;
}

export class Changes {
  readonly #type: ResourceType;
  readonly #now: () => number;
  readonly #newUid: () => string;
  readonly #storedApiVersion: string;
  readonly #strategy: ResourceStrategy<UnknownObject> | undefined;

  constructor({ type, now, newUid }: ChangesOptions) {
    this.#type = type;
    this.#now = now;
    this.#newUid = newUid;
    this.#strategy = strategyOf(type);
    this.#storedApiVersion = apiVersionOf(type.group, storageVersion(type).name);
  }

  /** The part of a create that does not depend on the name. Throws a StatusError 400 or 500. */
  beginCreate(request: CreateRequest, version: ResourceVersion): IncomingObject {
    const incoming = readIncoming(this.#type, version, request.object, false);
    const warnings = [
      ...this.#checkFields(incoming, version, request.fieldValidation, false),
      ...metadataWarnings(incoming.metadata),
    ];
    const metadata = placeInNamespace(this.#type, incoming.metadata, request.namespace);
    // What is no number is not looked at, as upstream.
    if (/^0*[1-9][0-9]*$/.test(metadata.resourceVersion ?? '')) {
      throw new StatusError({
        code: 500,
        reason: '',
        message: 'resourceVersion should not be set on objects to be created',
      });
    }
    return { ...incoming, metadata, warnings, unknown: [] };
  }

  /** Rejects with a StatusError 422, and with what hooks throw. */
  async create(
    incoming: IncomingObject,
    name: string,
    version: ResourceVersion,
    context: HookContext,
  ): Promise<Change> {
    this.#checkKind(incoming, version, name);
    const filled = this.#default(this.#asStored(incoming), context);
    let object = prepareCreate(
      filled,
      { name, uid: this.#newUid(), creationTimestamp: this.#timestamp() },
      version.statusSubresource,
    );
    const calls = this.#calls(context);
    if (calls !== undefined) object = await calls.prepare(object);
    this.#refuse(name, [
      ...validateMetadata(object.metadata, this.#type.namespaced),
      ...((await calls?.validate(object)) ?? []),
      ...validateScale(version.scale, object.content, 'all'),
    ]);
    if (calls === undefined) return this.#change(object, false, incoming.warnings);
    const warnings = [...incoming.warnings, ...(await calls.warnings(object))];
    return this.#change(await calls.canonicalize(object), false, warnings);
  }

  /** A create by PUT. Rejects as `create`, and with 400 and 409. */
  async createMissing(
    request: UpdateRequest,
    version: ResourceVersion,
    value: JsonValue,
    context: HookContext,
  ): Promise<Change> {
    const { name, namespace } = request;
    const incoming = readIncoming(this.#type, version, value, false);
    const warnings = [
      ...this.#checkFields(incoming, version, request.fieldValidation, false),
      ...metadataWarnings(incoming.metadata),
    ];
    checkAddress(incoming.metadata, name, namespace);
    this.#checkUid(incoming.metadata, {}, request);
    // Which one does not matter, as upstream: a uid says that it must be there.
    void revisionOf(incoming.metadata);
    const metadata = placeInNamespace(this.#type, incoming.metadata, namespace);
    return this.create({ ...incoming, metadata, warnings }, name, version, context);
  }

  /** Rejects with a StatusError 400, 409 or 422, and what the request and hooks throw. */
  async update(
    request: UpdateRequest,
    version: ResourceVersion,
    current: CurrentState,
    context: HookContext,
  ): Promise<Change> {
    const { name, namespace, subresource } = request;
    const previous = this.#default(this.#decode(current), context);
    const shown = composeObject({
      content: { ...previous.content, apiVersion: apiVersionOf(this.#type.group, version.name) },
      metadata: { ...previous.metadata, resourceVersion: current.revision.toString() },
    });
    const isPatch = request.isPatch === true;
    const incoming = readIncoming(this.#type, version, request.change(shown), isPatch);
    const warnings = [
      ...this.#checkFields(incoming, version, request.fieldValidation, isPatch),
      ...metadataWarnings(incoming.metadata, previous.metadata),
    ];
    checkAddress(incoming.metadata, name, namespace);
    // A replacement names the object that it is for; a patch that changes its uid breaks a rule.
    if (!isPatch) this.#checkUid(incoming.metadata, previous.metadata, request);
    this.#checkResourceVersion(incoming.metadata, current.revision, name);
    this.#checkKind(incoming, version, name);
    const next = this.#default(this.#asStored(incoming), context);
    const calls = this.#calls(context, previous, current.revision);
    const decided = { next, previous, version, name, warnings, calls };
    return subresource === 'status' ? this.#updateStatus(decided) : this.#updateMain(decided);
  }

  async #updateMain(decided: DecidedUpdate): Promise<Change> {
    const { next, previous, version, name, warnings, calls } = decided;
    const { statusSubresource, scale } = version;
    let object = prepareUpdate(next, previous, statusSubresource);
    if (calls !== undefined) object = await calls.prepare(object);
    this.#refuse(name, [
      ...validateMetadata(object.metadata, this.#type.namespaced),
      ...validateMetadataUpdate(object.metadata, previous.metadata),
      ...((await calls?.validate(object)) ?? []),
      ...validateScale(scale, object.content, 'all'),
    ]);
    const told = calls === undefined ? warnings : [...warnings, ...(await calls.warnings(object))];
    if (calls !== undefined) object = await calls.canonicalize(object);
    object = withGeneration(object, previous, statusSubresource);
    return this.#change(object, isFinalized(object.metadata), told);
  }

  async #updateStatus(decided: DecidedUpdate): Promise<Change> {
    const { next, previous, version, name, warnings, calls } = decided;
    let object = prepareStatusUpdate(next, previous);
    if (calls !== undefined) object = prepareStatusUpdate(await calls.prepare(object), previous);
    this.#refuse(name, [
      ...((await calls?.validate(object)) ?? []),
      ...validateScale(version.scale, object.content, 'status'),
    ]);
    if (calls === undefined) return this.#change(object, false, warnings);
    const told = [...warnings, ...(await calls.warnings(object))];
    object = prepareStatusUpdate(await calls.canonicalize(object), previous);
    return this.#change(object, false, told);
  }

  /** Throws a StatusError 409. */
  delete(request: DeletionOptions & { readonly name: string }, current: CurrentState): Change {
    const object = this.#decode(current);
    const failure = failedPrecondition(request.preconditions, {
      uid: object.metadata.uid ?? '',
      resourceVersion: current.revision.toString(),
    });
    if (failure !== undefined) {
      // Upstream names the kind where everything else names the resource.
      const { group, kind: resource } = this.#type;
      throw conflict({ group, resource }, request.name, failure);
    }
    const metadata = planDeletion(object.metadata, request, this.#timestamp());
    if (metadata === undefined) return this.#change(object, true, []);
    return this.#change({ ...object, metadata }, false, []);
  }

  #default(object: PreparedObject, context: HookContext): PreparedObject {
    return applyDefault(this.#type, this.#strategy, context, object);
  }

  #calls(
    context: HookContext,
    previous?: PreparedObject,
    revision?: bigint,
  ): StrategyCalls | undefined {
    if (this.#strategy === undefined) return undefined;
    const old = previous && {
      ...previous,
      metadata: { ...previous.metadata, resourceVersion: String(revision) },
    };
    return new StrategyCalls(this.#type, this.#strategy, context, old);
  }

  #change(object: PreparedObject, removes: boolean, warnings: readonly string[]): Change {
    const value = encodeJson(composeObject(object));
    return { metadata: object.metadata, value, removes, warnings };
  }

  #decode({ bytes }: CurrentState): PreparedObject {
    const { metadata: rawMetadata, ...content } = decodeJson(bytes) as JsonObject;
    const { resourceVersion, ...metadata } = decodeMetadata(rawMetadata).metadata;
    void resourceVersion;
    // Objects from before a change of the storage version move to the new one as they are written.
    return this.#asStored({ content, metadata });
  }

  #asStored({ content, metadata }: PreparedObject): PreparedObject {
    return { content: { ...content, apiVersion: this.#storedApiVersion }, metadata };
  }

  #checkFields(
    incoming: IncomingObject,
    version: ResourceVersion,
    fieldValidation: FieldValidation = 'Warn',
    isPatch: boolean,
  ): readonly string[] {
    const { warnings } = incoming;
    const texts = unknownFieldTexts(incoming.unknown);
    if (texts.length === 0 || fieldValidation === 'Ignore') return warnings;
    if (fieldValidation === 'Warn') return [...warnings, ...texts];
    const why = `strict decoding error: ${texts.join(', ')}`;
    if (!isPatch) throw cannotBeHandled(incoming.content['kind'], version, why);
    throw unreadablePatch(incoming.source, why);
  }

  // An object of another kind, or (by a patch) of another version.
  #checkKind({ content }: IncomingObject, version: ResourceVersion, name: string): void {
    const type = this.#type;
    const { kind, apiVersion } = content as { kind: string; apiVersion?: string };
    const expected = apiVersionOf(type.group, version.name);
    const errors: FieldError[] = [];
    if (kind !== type.kind) errors.push(fieldInvalid('kind', kind, `must be ${type.kind}`));
    if (apiVersion !== expected) {
      errors.push(fieldInvalid('apiVersion', apiVersion ?? '', `must be ${expected}`));
    }
    const [group = ''] = (apiVersion ?? '').split('/').slice(0, -1);
    if (errors.length > 0) throw invalid({ group, kind }, name, errors);
  }

  #checkUid(
    next: ObjectMeta,
    previous: ObjectMeta,
    key: { name: string; namespace: string },
  ): void {
    if (next.uid === undefined || next.uid === previous.uid) return;
    throw conflict(
      this.#type,
      key.name,
      `StorageError: invalid object, Code: 4, Key: ${objectKey(this.#type, key)}, ` +
        'ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: ' +
        `UID in precondition: ${next.uid}, UID in object meta: ${previous.uid ?? ''}`,
    );
  }

  #checkResourceVersion(next: ObjectMeta, revision: bigint, name: string): void {
    const wanted = revisionOf(next);
    if (wanted === 0n && this.#strategy?.allowUnconditionalUpdate === true) return;
    if (wanted === 0n) {
      // Upstream puts the resource where everything else has the kind, and a bare number.
      const { group, resource: kind } = this.#type;
      throw invalid({ group, kind }, name, [unconditionalUpdate()]);
    }
    if (wanted !== revision) throw conflict(this.#type, name);
  }

  #refuse(name: string, errors: readonly FieldError[]): void {
    if (errors.length > 0) throw invalid(this.#type, name, errors);
  }

  #timestamp(): string {
    return new Date(this.#now()).toISOString().replace(/\.[0-9]+Z$/, 'Z');
  }
}

// Throws a StatusError 400.
function revisionOf({ resourceVersion = '0' }: ObjectMeta): bigint {
  if (/^[0-9]{1,20}$/.test(resourceVersion)) return BigInt(resourceVersion);
  throw badRequest(`invalid resource version: ${JSON.stringify(resourceVersion)}`);
}

function unconditionalUpdate(): FieldError {
  return {
    reason: 'FieldValueInvalid',
    field: 'metadata.resourceVersion',
    body: 'Invalid value: 0: must be specified for an update',
  };
}
