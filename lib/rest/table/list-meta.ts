/**
 * The metadata of a list (`meta/v1` ListMeta), as tables and partial lists carry it. Whoever lists
 * knows it before the first object.
 */

export interface ListMeta {
  readonly resourceVersion: string;
  readonly continue?: string | undefined;
  readonly remainingItemCount?: number | undefined;
  /** Of a list of a shard. */
  readonly shardSelector?: string | undefined;
}

/** Its JSON, empty members left out, in upstream's order. */
export function listMetaText(meta: ListMeta): string {
  return JSON.stringify({
    ...(meta.resourceVersion === '' ? {} : { resourceVersion: meta.resourceVersion }),
    ...(meta.continue ? { continue: meta.continue } : {}),
    ...(meta.remainingItemCount === undefined
      ? {}
      : { remainingItemCount: meta.remainingItemCount }),
    ...(meta.shardSelector === undefined ? {} : { shardInfo: { selector: meta.shardSelector } }),
  });
}
