/**
 * The objects of a test server for the test itself: created, read and changed in this process, by
 * the same rules as over the API and with nobody's permission.
 */

import type { KubernetesObject } from '../object/index.js';
import { isStatusError } from '../request/index.js';
import type { InProcessClient } from './in-process.js';
import {
  pathOf,
  type ObjectReference,
  type ResourceName,
  type ResourceReference,
  type ServedType,
  type ServedTypes,
} from './served-types.js';

/** The namespace of an object that names none. */
export const DEFAULT_NAMESPACE = 'default';

export interface ListSelection {
  /** Default: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ChangeOptions {
  /** `status`, or another subresource of the type. Default: the object itself. */
  readonly subresource?: string;
}

export interface PatchOptions extends ChangeOptions {
  /** Default `merge` (RFC 7386); `json` is RFC 6902. */
  readonly type?: 'merge' | 'json';
}

export interface DeleteOptions {
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
}

export class ObjectAccess {
  readonly #client: InProcessClient;
  readonly #types: ServedTypes;

  constructor(client: InProcessClient, types: ServedTypes) {
    this.#client = client;
    this.#types = types;
  }

  async create<T>(object: T): Promise<T> {
    const served = this.#types.ofObject(object as KubernetesObject);
    const { namespace } = (object as KubernetesObject).metadata ?? {};
    return this.#send('POST', served, { namespace: namespace ?? DEFAULT_NAMESPACE }, object);
  }

  async get<T>(resource: ResourceReference<T>, reference: ObjectReference): Promise<T | undefined> {
    try {
      return await this.#send('GET', this.#served(resource), placed(reference));
    } catch (error) {
      if (isStatusError(error) && error.code === 404) return undefined;
      throw error;
    }
  }

  async list<T>(resource: ResourceReference<T>, selection: ListSelection): Promise<readonly T[]> {
    const { namespace, labelSelector, fieldSelector } = selection;
    const query = new URLSearchParams({
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    });
    const path = pathOf(this.#served(resource), { namespace });
    const text = await this.#client.request({ method: 'GET', path, query });
    return (JSON.parse(text) as { readonly items: readonly T[] }).items;
  }

  async update<T>(object: T, { subresource }: ChangeOptions): Promise<T> {
    const served = this.#types.ofObject(object as KubernetesObject);
    const { namespace, name = '' } = (object as KubernetesObject).metadata ?? {};
    const reference = placed({ name, ...(namespace === undefined ? {} : { namespace }) });
    return this.#send('PUT', served, reference, object, subresource);
  }

  async patch<T>(
    resource: ResourceReference<T>,
    reference: ObjectReference,
    patch: unknown,
    { subresource, type = 'merge' }: PatchOptions,
  ): Promise<T> {
    const path = pathOf(this.#served(resource), placed(reference), subresource);
    const contentType = type === 'json' ? 'application/json-patch+json' : MERGE_PATCH;
    const body = JSON.stringify(patch);
    return JSON.parse(
      await this.#client.request({ method: 'PATCH', path, contentType, body }),
    ) as T;
  }

  async delete<T>(
    resource: ResourceReference<T>,
    reference: ObjectReference,
    options: DeleteOptions,
  ): Promise<T | undefined> {
    const served = this.#served(resource);
    const answer = await this.#send<KubernetesObject>('DELETE', served, placed(reference), {
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      ...options,
    });
    return answer.kind === 'Status' ? undefined : (answer as T);
  }

  #served(resource: ResourceName): ServedType {
    return this.#types.preferred(this.#types.find(resource));
  }

  async #send<T>(
    method: string,
    served: ServedType,
    reference: Partial<ObjectReference>,
    body?: unknown,
    subresource?: string,
  ): Promise<T> {
    const text = await this.#client.request({
      method,
      path: pathOf(served, reference, subresource),
      ...(body === undefined
        ? {}
        : { contentType: 'application/json', body: JSON.stringify(body) }),
    });
    return JSON.parse(text) as T;
  }
}

const MERGE_PATCH = 'application/merge-patch+json';

const placed = (reference: ObjectReference): Required<ObjectReference> => ({
  namespace: DEFAULT_NAMESPACE,
  ...reference,
});
