/** Another system, as tests need it: rows that can be changed, calls that can fail or hang. */

import type { ExecutionContext } from 'ava';
import test from 'ava';
import type { EngineKind } from '../../lib/engine/index.js';
import { defineResource, readThrough } from '../../lib/rest/index.js';
import type {
  DefinedResource,
  PollContext,
  ReadThrough,
  ReadThroughOptions,
  SourceEvent,
  SourceState,
  VirtualHandlers,
} from '../../lib/rest/index.js';
import { ENGINES } from '../engine/engines.js';
import { lamp, turn } from './fixture.js';
import type { Lamp } from './fixture.js';

/** A row of the other system's table. */
export interface Row {
  readonly shop: string;
  readonly name: string;
  readonly color: string;
  readonly room?: string;
  readonly version?: number;
}

export function rowObject({ shop, name, color, room }: Row): Lamp {
  return lamp(shop, name, { color, ...(room === undefined ? {} : { labels: { room } }) });
}

/** A table that is polled. */
export class Table {
  rows: Row[] = [];
  /** What the next polls throw; undefined: nothing. */
  failure: Error | undefined;
  /** What the next polls give instead of the rows. */
  instead: unknown;
  etag: string | undefined;
  readonly polls: PollContext[] = [];
  /** How many rows were made objects. */
  mapped = 0;

  readonly list = async (
    context: PollContext,
  ): Promise<Iterable<Row> | SourceState<Row> | 'unchanged'> => {
    this.polls.push(context);
    if (this.failure !== undefined) throw this.failure;
    if (this.instead !== undefined) return this.instead as Row[];
    if (this.etag === undefined) return [...this.rows];
    if (this.etag === context.etag) return 'unchanged';
    return { rows: [...this.rows], etag: this.etag };
  };

  source(options: Partial<ReadThroughOptions<Lamp, Row>> = {}): ReadThrough<Lamp> {
    return readThrough<Lamp, Row>({
      poll: { everyMs: EVERY_MS, list: this.list },
      object: (row) => {
        this.mapped++;
        return rowObject(row);
      },
      ...options,
    });
  }
}

export const EVERY_MS = 5_000;

/** A system that tells what changes. */
export class Events {
  readonly signals: AbortSignal[] = [];
  returned = 0;
  #queue: (SourceEvent<Row> | Error | 'end')[] = [];
  #wake: (() => void) | undefined;

  push(...events: (SourceEvent<Row> | Error | 'end')[]): void {
    this.#queue.push(...events);
    this.#wake?.();
  }

  source(options: Partial<ReadThroughOptions<Lamp, Row>> = {}): ReadThrough<Lamp> {
    return readThrough<Lamp, Row>({
      events: ({ signal }) => {
        this.signals.push(signal);
        return { [Symbol.asyncIterator]: () => this.#iterator() };
      },
      object: rowObject,
      ...options,
    });
  }

  #iterator(): AsyncIterator<SourceEvent<Row>> {
    return {
      next: async () => {
        while (this.#queue.length === 0) {
          await new Promise<void>((resolve) => (this.#wake = resolve));
        }
        const next = this.#queue.shift();
        if (next instanceof Error) throw next;
        if (next === 'end' || next === undefined) return { done: true, value: undefined };
        return { done: false, value: next };
      },
      return: async () => {
        this.returned++;
        return { done: true, value: undefined };
      },
    };
  }
}

/** Lamps that are read through. */
export function readLamps(
  source: ReadThrough<Lamp>,
  handlers?: VirtualHandlers<Lamp>,
): DefinedResource<Lamp> {
  return defineResource<Lamp>({
    group: 'example.com',
    version: 'v1',
    kind: 'Lamp',
    selectableFields: ['spec.color'],
    printerColumns: [{ name: 'Color', type: 'string', jsonPath: '.spec.color' }],
    readThrough: source,
    ...(handlers === undefined ? {} : { handlers }),
  });
}

/** Declares a test that runs once for every engine. */
export function engineTest(
  behaviour: string,
  run: (t: ExecutionContext, engine: EngineKind) => Promise<void>,
): void {
  for (const { kind } of ENGINES) test(`${kind}: ${behaviour}`, (t) => run(t, kind));
}

/** Turns of the event loop in which what is due has to be done; time does not pass meanwhile. */
const TURNS_MAX = 2_000;

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let turns = 0; turns < TURNS_MAX; turns++) {
    if (await condition()) return;
    await turn();
  }
  throw new Error('it did not come about');
}
