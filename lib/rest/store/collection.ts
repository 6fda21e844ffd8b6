/**
 * Deleting a collection: pages of the list, and each object for itself. Not atomic, as upstream:
 * what fails leaves the rest as it is, and objects that appear meanwhile may stay.
 */

import type { CacheListOptions, CachedList } from '../../cache/index.js';
import type { CachedObject } from '../../watch/index.js';
import { apiVersionOf, storageVersion } from '../../object/index.js';
import { isStatusError } from '../../request/index.js';
import { toStatusFailure } from './failure.js';
import type { DeleteCollectionRequest, DeletedCollection } from './request.js';
import type { ResourceStore } from './store.js';

/** Objects of one page: upstream's size. */
export const COLLECTION_PAGE_MAX = 10_000;

/** Objects read from a list between two deletions. */
type Pages = AsyncGenerator<DeletedCollection>;

export async function deleteCollection(
  store: ResourceStore,
  request: DeleteCollectionRequest,
): Promise<DeletedCollection> {
  const deleted: CachedObject[] = [];
  let first: DeletedCollection | undefined;
  for await (const page of pages(store, request)) {
    first ??= page;
    await deleteAll(store, request, page.objects);
    for (const object of page.objects) deleted.push(object);
  }
  const { resourceVersion } = first ?? store.cache;
  if (request.limit === undefined || first === undefined)
    return { resourceVersion, objects: deleted };
  return { ...first, objects: deleted };
}

async function* pages(store: ResourceStore, request: DeleteCollectionRequest): Pages {
  let next: CacheListOptions | undefined = firstPage(store, request);
  while (next !== undefined) {
    const options: CacheListOptions = next;
    let list: CachedList;
    try {
      list = await store.cache.list(options);
    } catch (error) {
      throw toStatusFailure(store.type, 'deletecollection', error);
    }
    try {
      const { resourceVersion, remainingItemCount, shardSelector } = list;
      const meta = { resourceVersion, continue: list.continue, remainingItemCount, shardSelector };
      yield { ...meta, objects: [...list.objects()] };
    } finally {
      list.close();
    }
    next = followingPage(options, request, list.continue);
  }
}

function firstPage(store: ResourceStore, request: DeleteCollectionRequest): CacheListOptions {
  const version = request.version ?? storageVersion(store.type);
  return {
    ...scopeOf(request),
    apiVersion: apiVersionOf(store.type.group, version.name),
    limit: request.limit ?? COLLECTION_PAGE_MAX,
    ...(request.continue === undefined ? {} : { continue: request.continue }),
    ...(request.resourceVersion === undefined ? {} : { resourceVersion: request.resourceVersion }),
    ...(request.resourceVersionMatch === undefined
      ? {}
      : { resourceVersionMatch: request.resourceVersionMatch }),
  };
}

function followingPage(
  previous: CacheListOptions,
  request: DeleteCollectionRequest,
  continueToken: string | undefined,
): CacheListOptions | undefined {
  if (continueToken === undefined || request.limit !== undefined) return undefined;
  const { resourceVersion, resourceVersionMatch, ...others } = previous;
  void [resourceVersion, resourceVersionMatch];
  return { ...others, continue: continueToken };
}

function scopeOf(request: DeleteCollectionRequest): CacheListOptions {
  const { namespace, labelSelector, fieldSelector, shardSelector, signal } = request;
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    ...(shardSelector === undefined ? {} : { shardSelector }),
    ...(signal === undefined ? {} : { signal }),
  };
}

async function deleteAll(
  store: ResourceStore,
  request: DeleteCollectionRequest,
  objects: readonly CachedObject[],
): Promise<void> {
  const { propagationPolicy, orphanDependents, preconditions, dryRun, signal, version } = request;
  const options = { propagationPolicy, orphanDependents, preconditions, dryRun, signal, version };
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as Partial<typeof request>;
  const queue = objects.values();
  let failed = false;
  const work = async (): Promise<void> => {
    for (const { namespace, name } of queue) {
      if (failed) return;
      try {
        await store.delete({ ...given, namespace, name });
      } catch (error) {
        if (isStatusError(error) && error.code === 404) continue;
        failed = true;
        throw error;
      }
    }
  };
  const workers = Math.max(1, Math.min(request.workers ?? 1, objects.length));
  await Promise.all(Array.from({ length: workers }, work));
}
