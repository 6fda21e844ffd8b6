/**
 * What each kind of write makes of an object: pure decisions, from decoded request and present
 * state to the bytes that are to be stored. The order of the checks is upstream's, so that a
 * request with several faults is told the same one.
 */

import { apiVersionOf, storageVersion } from '../../object/index.js';
import type { ObjectMeta, ResourceType, ResourceVersion } from '../../object/index.js';
import { decodeJson, encodeJson } from '../../object/lossless/index.js';
import type { FieldError } from '../../request/index.js';
import { badRequest, conflict, fieldInvalid, invalid, StatusError } from '../../request/index.js';
import { failedPrecondition, isFinalized, planDeletion } from './deletion.js';
import type { DeletionOptions } from './deletion.js';
import type { CurrentState } from './guaranteed-update.js';
import type { IncomingObject } from './incoming.js';
import {
  cannotBeHandled,
  checkAddress,
  placeInNamespace,
  readIncoming,
  unknownFieldTexts,
} from './incoming.js';
import { objectKey } from './key.js';
import { decodeMetadata, encodeMetadata } from './metadata.js';
import type { JsonObject } from './object.js';
import type { PreparedObject } from './preparation.js';
import { composeObject, prepareCreate, prepareStatusUpdate, prepareUpdate } from './preparation.js';
import type { CreateRequest, FieldValidation, UpdateRequest } from './request.js';
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

export class Changes {
  readonly #type: ResourceType;
  readonly #now: () => number;
  readonly #newUid: () => string;
  readonly #storedApiVersion: string;

  constructor({ type, now, newUid }: ChangesOptions) {
    this.#type = type;
    this.#now = now;
    this.#newUid = newUid;
    this.#storedApiVersion = apiVersionOf(type.group, storageVersion(type).name);
  }

  /** The part of a create that does not depend on the name. Throws a StatusError 400 or 500. */
  beginCreate(request: CreateRequest, version: ResourceVersion): IncomingObject {
    const incoming = readIncoming(this.#type, version, request.object);
    const warnings = this.#checkFields(incoming, version, request.fieldValidation, false);
    const metadata = placeInNamespace(this.#type, incoming.metadata, request.namespace);
    if ((metadata.resourceVersion ?? '0') !== '0') {
      throw new StatusError({
        code: 500,
        reason: '',
        message: 'resourceVersion should not be set on objects to be created',
      });
    }
    return { ...this.#asStored(incoming), metadata, warnings, unknown: [] };
  }

  /** Throws a StatusError 422. */
  create(incoming: IncomingObject, name: string, version: ResourceVersion): Change {
    const prepared = prepareCreate(
      incoming,
      { name, uid: this.#newUid(), creationTimestamp: this.#timestamp() },
      version.statusSubresource,
    );
    this.#refuse(name, validateMetadata(prepared.metadata, this.#type.namespaced));
    return this.#change(prepared, false, incoming.warnings);
  }

  /** Throws a StatusError 400, 409 or 422, and what the request's `change` throws. */
  update(request: UpdateRequest, version: ResourceVersion, current: CurrentState): Change {
    const { name, namespace, subresource } = request;
    const previous = this.#decode(current);
    const shown = composeObject({
      content: { ...previous.content, apiVersion: apiVersionOf(this.#type.group, version.name) },
      metadata: { ...previous.metadata, resourceVersion: current.revision.toString() },
    });
    const incoming = readIncoming(this.#type, version, request.change(shown));
    const warnings = this.#checkFields(
      incoming,
      version,
      request.fieldValidation,
      request.isPatch === true,
    );
    checkAddress(incoming.metadata, name, namespace);
    this.#checkUid(incoming.metadata, previous.metadata, request);
    this.#checkResourceVersion(incoming.metadata, current.revision, name);
    const next = this.#asStored(incoming);
    if (subresource === 'status') {
      return this.#change(prepareStatusUpdate(next, previous), false, warnings);
    }
    const prepared = prepareUpdate(next, previous, version.statusSubresource);
    this.#refuse(name, [
      ...validateMetadata(prepared.metadata, this.#type.namespaced),
      ...validateMetadataUpdate(prepared.metadata, previous.metadata),
    ]);
    return this.#change(prepared, isFinalized(prepared.metadata), warnings);
  }

  /** Throws a StatusError 409. */
  delete(request: DeletionOptions & { readonly name: string }, current: CurrentState): Change {
    const object = this.#decode(current);
    const failure = failedPrecondition(request.preconditions, {
      uid: object.metadata.uid ?? '',
      resourceVersion: current.revision.toString(),
    });
    if (failure !== undefined) throw conflict(this.#type, request.name, failure);
    const metadata = planDeletion(object.metadata, request, this.#timestamp());
    if (metadata === undefined) return this.#change(object, true, []);
    return this.#change({ ...object, metadata }, false, []);
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
    const warnings = [...incoming.warnings, ...metadataWarnings(incoming.metadata)];
    const texts = unknownFieldTexts(incoming.unknown);
    if (texts.length === 0 || fieldValidation === 'Ignore') return warnings;
    if (fieldValidation === 'Warn') return [...warnings, ...texts];
    const why = `strict decoding error: ${texts.join(', ')}`;
    if (!isPatch) throw cannotBeHandled(this.#type, version, this.#type.kind, why);
    const patched = {
      ...incoming.content,
      metadata: encodeMetadata(incoming.metadata),
    };
    const text = Buffer.from(encodeJson(patched)).toString();
    throw invalid({ group: '', kind: '' }, '', [fieldInvalid('patch', text, why)]);
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
    const { resourceVersion = '0' } = next;
    if (!/^[0-9]{1,20}$/.test(resourceVersion)) {
      throw badRequest(`invalid resource version: ${JSON.stringify(resourceVersion)}`);
    }
    const wanted = BigInt(resourceVersion);
    if (wanted === 0n) {
      // Upstream prints the number it has read: hexadecimal, without quotes.
      throw invalid(this.#type, name, [unconditionalUpdate()]);
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

function unconditionalUpdate(): FieldError {
  return {
    reason: 'FieldValueInvalid',
    field: 'metadata.resourceVersion',
    body: 'Invalid value: 0x0: must be specified for an update',
  };
}
