/**
 * Those who read while the soak goes on, each checking what it reads at once. The numbers are those
 * of docs/invariants.md.
 */

import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';

import { Account } from '../informers/account.js';
import type { Item, ItemList } from '../informers/items.js';
import { type ItemsClient, RefusedError, type WatchLine } from './items-client.js';

/** Between attempts while the server is away. */
const RETRY_MS = 50;
const PAGE = '7';

/** What a reader has come to. */
export interface ReaderTally {
  lists: number;
  pages: number;
  events: number;
  bookmarks: number;
  /** Watches that were begun. */
  watches: number;
  /** How often history, or a page, was lost. */
  expired: number;
}

export const newTally = (): ReaderTally => ({
  lists: 0,
  pages: 0,
  events: 0,
  bookmarks: 0,
  watches: 0,
  expired: 0,
});

/** Follows all objects by list and watch; a slow one dawdles over every so many lines. */
export class WatchingReader {
  readonly account: Account = new Account();
  readonly tally: ReaderTally = newTally();
  readonly #client: ItemsClient;
  #dawdleMs: number;
  /** From where the next watch begins; 0: it has to list. */
  #revision = 0;

  constructor(client: ItemsClient, dawdleMs: number) {
    this.#client = client;
    this.#dawdleMs = dawdleMs;
  }

  /** From now on it reads as fast as it can: a slow one would have much to catch up. */
  hurry(): void {
    this.#dawdleMs = 0;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#revision === 0) await this.#list();
        await this.#watch(signal);
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        if (isExpired(error)) this.#revision = 0;
        if (!signal.aborted) await pause(RETRY_MS);
      }
    }
  }

  async #list(): Promise<void> {
    const { items, metadata } = await this.#client.list();
    this.#revision = Number(metadata.resourceVersion);
    this.account.replaced(
      new Map(items.map((item) => [item.metadata.name, revisionOf(item)])),
      this.#revision,
    );
    this.tally.lists++;
  }

  async #watch(signal: AbortSignal): Promise<void> {
    this.tally.watches++;
    const query = { resourceVersion: `${this.#revision}`, allowWatchBookmarks: 'true' };
    let isOver = false;
    let count = 0;
    for await (const line of this.#client.watch(query, signal)) {
      assert.ok(!isOver, 'invariant 6: nothing follows an ERROR');
      if (line.type === 'ERROR') {
        assert.equal(line.object.code, 410, line.object.message);
        isOver = true;
        this.#revision = 0;
        this.tally.expired++;
        continue;
      }
      this.#take(line);
      if (this.#dawdleMs > 0 && ++count % 5 === 0) await pause(this.#dawdleMs);
    }
  }

  #take({ type, object: { metadata } }: WatchLine): void {
    const revision = Number(metadata.resourceVersion);
    if (type === 'BOOKMARK') {
      assert.ok(revision >= this.#revision, 'invariant 5: a bookmark behind an event');
      this.tally.bookmarks++;
    } else {
      assert.ok(revision > this.#revision, 'invariant 5: revisions rise');
      if (type === 'DELETED') this.account.deleted(metadata.name!, revision);
      else this.account.put(metadata.name!, revision);
      this.tally.events++;
    }
    this.#revision = revision;
  }
}

/** Reads pages to the end, and the whole at the same revision. */
export class PagingReader {
  readonly tally: ReaderTally = newTally();
  readonly #client: ItemsClient;

  constructor(client: ItemsClient) {
    this.#client = client;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#readPages();
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        if (isExpired(error)) this.tally.expired++;
      }
      await pause(RETRY_MS);
    }
  }

  async #readPages(): Promise<void> {
    let page = await this.#client.list({ limit: PAGE });
    const { resourceVersion } = page.metadata;
    const pages: ItemList[] = [page];
    const exact = { resourceVersion, resourceVersionMatch: 'Exact' };
    const whole = await this.#client.list(exact);
    while (page.metadata.continue !== undefined) {
      page = await this.#client.list({ limit: PAGE, continue: page.metadata.continue });
      pages.push(page);
    }
    const found = pages.flatMap(({ items }) => items);
    for (const { metadata } of pages) {
      assert.equal(metadata.resourceVersion, resourceVersion, 'invariant 9: one revision');
    }
    assert.equal(whole.metadata.resourceVersion, resourceVersion, 'invariant 2: exactly N');
    assert.deepEqual(found, whole.items, 'invariant 9: pages are the list');
    const again = await this.#client.list(exact);
    assert.deepEqual(again.items, whole.items, 'invariant 16: a revision stays what it was');
    this.tally.pages += pages.length;
    this.tally.lists += 2;
  }
}

/** Lists what is newest: not older than what had been acknowledged. */
export class FreshReader {
  readonly tally: ReaderTally = newTally();
  readonly #client: ItemsClient;
  readonly #acknowledged: () => number;

  constructor(client: ItemsClient, acknowledged: () => number) {
    this.#client = client;
    this.#acknowledged = acknowledged;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const least = this.#acknowledged();
      try {
        const { metadata, items } = await this.#client.list();
        const revision = Number(metadata.resourceVersion);
        assert.ok(revision >= least, `invariant 1: ${revision} after ${least} was acknowledged`);
        for (const item of items) assert.ok(revisionOf(item) <= revision);
        this.tally.lists++;
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
      }
      await pause(RETRY_MS);
    }
  }
}

const revisionOf = ({ metadata }: Item): number => Number(metadata.resourceVersion);

function isExpired(error: unknown): boolean {
  return error instanceof RefusedError && error.status === 410;
}
