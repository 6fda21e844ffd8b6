/**
 * A watch cache kept equal to what another system says that it has.
 *
 *  1. Only what differs becomes an event: a state is compared with what the cache has, row by row,
 *     and its changes are seen together.
 *  2. A state or row with a fault in it changes nothing.
 *  3. The first state gets the time of day, in microseconds, for its revision: after a restart
 *     revisions go on above those of before, and a client that watches from an old one is told that
 *     it is too old instead of waiting for it.
 */

import type { CacheChange, WatchCache } from '../../cache/index.js';
import { apiVersionOf, scanObject, storageVersion, type ResourceType } from '../../object/index.js';
import { HandlerFault } from './fault.js';
import { outgoingObject, placeOf, type Expected, type OutgoingObject } from './outgoing.js';
import type { AnySource, SourceKey, SourceState } from './read-through.js';

/** Rows looked at between two turns of the event loop. */
const ROWS_PER_TURN = 1_000;

export class Mirror {
  readonly #source: AnySource;
  readonly #cache: WatchCache;
  readonly #expected: Expected;
  readonly #now: () => number;
  /** What is in the cache: the version of each object's row, where rows have versions. */
  #rows = new Map<string, Known>();
  #isFilled = false;

  /** `now` is in milliseconds since the epoch. */
  constructor(type: ResourceType, source: AnySource, cache: WatchCache, now: () => number) {
    this.#source = source;
    this.#cache = cache;
    this.#now = now;
    const version = storageVersion(type);
    const apiVersion = apiVersionOf(type.group, version.name);
    this.#expected = { type, version, apiVersion, namespace: '', name: '' };
  }

  /** Whether a state has been taken over. */
  get isFilled(): boolean {
    return this.#isFilled;
  }

  /** Takes a whole state over. Rejects with a HandlerFault, and with what the source throws. */
  async take({ rows }: SourceState<unknown>, signal: AbortSignal): Promise<void> {
    const state = new Map<string, Known>();
    const puts: OutgoingObject[] = [];
    await eachRow(rows, signal, (row) => {
      const { known, object } = this.#read(row, `row ${state.size}`);
      const place = placeOf(known.namespace, known.name);
      if (state.has(place)) throw new HandlerFault(`${place} is there twice`);
      state.set(place, known);
      if (object !== undefined) puts.push(object);
    });
    if (this.#isFilled)
      this.#change(
        puts,
        [...this.#rows].filter(([place]) => !state.has(place)),
      );
    else this.#fill(puts);
    this.#rows = state;
  }

  /** Takes a changed row over. Throws a HandlerFault, and what the source throws. */
  put(row: unknown): SourceKey {
    const { known, object } = this.#read(row, 'a row');
    if (object !== undefined) this.#change([object], []);
    this.#rows.set(placeOf(known.namespace, known.name), known);
    return known;
  }

  /** Takes the end of an object over; of one that is not there it does nothing. */
  delete({ namespace = '', name }: SourceKey): void {
    const place = placeOf(namespace, name);
    const known = this.#rows.get(place);
    if (known === undefined) return;
    this.#change([], [[place, known]]);
    this.#rows.delete(place);
  }

  /** Whether the cache has exactly this of an object; undefined: that there is none. */
  has({ namespace = '', name }: SourceKey, content: Uint8Array | undefined): boolean {
    const cached = this.#cached(namespace, name);
    if (cached === undefined || content === undefined) return cached === content;
    return Buffer.compare(cached, content) === 0;
  }

  #read(row: unknown, which: string): ReadRow {
    const version = this.#versionOf(row);
    const told = this.#source.key === undefined ? undefined : this.#keyOf(row, which);
    if (told !== undefined && this.#isSame(told, version)) {
      return { known: { ...told, version }, object: undefined };
    }
    const object = this.#objectOf(row, which);
    const { namespace, name } = object;
    if (told !== undefined && (told.namespace !== namespace || told.name !== name)) {
      const places = [placeOf(told.namespace, told.name), placeOf(namespace, name)];
      throw new HandlerFault(`the key of ${which} is ${places.join(', its object ')}`);
    }
    const known = { namespace, name, version };
    const isSame =
      this.#isSame(known, version) || (this.#isFilled && this.has(known, object.content));
    return { known, object: isSame ? undefined : object };
  }

  #objectOf(row: unknown, which: string): OutgoingObject {
    const { object } = this.#source;
    return outgoingObject(object === undefined ? row : object(row as never), this.#expected, which);
  }

  #keyOf(row: unknown, which: string): { readonly namespace: string; readonly name: string } {
    const key: unknown = this.#source.key?.(row as never);
    const { namespace = '', name } = (key ?? {}) as { namespace?: unknown; name?: unknown };
    if (typeof name !== 'string' || typeof namespace !== 'string') {
      throw new HandlerFault(`the key of ${which} has no name`);
    }
    return { namespace, name };
  }

  #versionOf(row: unknown): string | undefined {
    const version: unknown = this.#source.version?.(row as never);
    return version === undefined || version === null ? undefined : String(version);
  }

  #isSame({ namespace, name }: Required<SourceKey>, version: string | undefined): boolean {
    if (version === undefined) return false;
    return this.#rows.get(placeOf(namespace ?? '', name))?.version === version;
  }

  #cached(namespace: string, name: string): Uint8Array | undefined {
    const object = this.#cache.getObject(namespace, name);
    return object && scanObject(object.bytes, []).bytes;
  }

  #fill(puts: readonly OutgoingObject[]): void {
    const resourceVersion = (BigInt(Math.trunc(this.#now())) * 1_000n).toString();
    this.#cache.replace(
      puts.map(({ content }) => content),
      { resourceVersion },
    );
    this.#isFilled = true;
  }

  #change(puts: readonly OutgoingObject[], gone: readonly (readonly [string, Known])[]): void {
    const changes: CacheChange[] = [
      ...puts.map(({ namespace, name, content }): CacheChange => {
        return { type: 'put', namespace, name, object: content };
      }),
      ...gone.map(([, { namespace, name }]): CacheChange => ({ type: 'delete', namespace, name })),
    ];
    if (changes.length > 0) this.#cache.apply(changes);
  }
}

interface Known {
  readonly namespace: string;
  readonly name: string;
  readonly version: string | undefined;
}

interface ReadRow {
  readonly known: Known;
  /** Only where it differs from what the cache has. */
  readonly object: OutgoingObject | undefined;
}

// Rows that are there already are not waited for one by one.
async function eachRow(
  rows: unknown,
  signal: AbortSignal,
  take: (row: unknown) => void,
): Promise<void> {
  if (typeof rows !== 'object' || rows === null) throw new HandlerFault('its rows are no list');
  let count = 0;
  const pause = async (): Promise<void> => {
    await new Promise(setImmediate);
    signal.throwIfAborted();
  };
  if (Symbol.asyncIterator in rows) {
    for await (const row of rows as AsyncIterable<unknown>) {
      take(row);
      if (++count % ROWS_PER_TURN === 0) await pause();
      signal.throwIfAborted();
    }
  } else if (Symbol.iterator in rows) {
    for (const row of rows as Iterable<unknown>) {
      take(row);
      if (++count % ROWS_PER_TURN === 0) await pause();
    }
  } else {
    throw new HandlerFault('its rows are no list');
  }
}
