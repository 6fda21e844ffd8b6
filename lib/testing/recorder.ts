/**
 * What happens to the objects of one resource, written down as it happens: every event from the
 * moment `record` was called, in order, none left out or told twice. Initial objects are no events.
 */

import type { UnknownObject } from '../object/index.js';
import type { ObjectChange, ObjectState } from './object-state.js';
import { describeEvents } from './describe.js';
import { TestingError } from './error.js';
import { waitUntil, type WaitBounds, type WaitOptions, type WaitSubject } from './wait.js';

/** An event as a watch of everything would tell it. */
export interface RecordedEvent<T = UnknownObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** The new version; of a deletion the last one. The caller's own. */
  readonly object: T;
}

export interface RecordOptions {
  /** Only objects of this namespace. Default: all. */
  readonly namespace?: string;
  /** Only objects of this name. Default: all. */
  readonly name?: string;
}

export class EventRecorder<T = UnknownObject> {
  readonly #events: RecordedEvent<T>[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #closed = new AbortController();
  readonly #subject: WaitSubject;
  readonly #unsubscribe: () => void;
  #read = 0;

  /** @internal Made by the server. */
  constructor(state: ObjectState, resource: string, options: RecordOptions, bounds: WaitBounds) {
    const { namespace, name } = options;
    this.#unsubscribe = state.subscribe((change) => {
      if (change.resource !== resource) return;
      if (namespace !== undefined && change.namespace !== namespace) return;
      if (name !== undefined && change.name !== name) return;
      this.#note(change);
    });
    this.#subject = {
      subscribe: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      bounds: { ...bounds, closed: AbortSignal.any([bounds.closed, this.#closed.signal]) },
      what: `an event of ${resource}`,
      describe: () => `recorded: ${describeEvents(this.#events)}`,
    };
  }

  /** All events so far, the first one first. A copy. */
  get events(): readonly RecordedEvent<T>[] {
    return [...this.#events];
  }

  /** The types of all events so far: `['ADDED', 'MODIFIED']`. */
  get types(): readonly RecordedEvent['type'][] {
    return this.#events.map(({ type }) => type);
  }

  /**
   * The first event that neither `next` nor `until` has given yet, waited for where there is none.
   * Rejects with a TestingError `timeout`, `aborted` or `closed`.
   */
  async next(options?: WaitOptions): Promise<RecordedEvent<T>> {
    const [event] = await this.until(() => true, options);
    return event as RecordedEvent<T>;
  }

  /**
   * Reads on until an event meets the condition, and resolves to the events that were read, the one
   * that meets it last. Rejects with a TestingError `timeout`, `aborted` or `closed`; the events
   * can then be read again.
   */
  until(
    condition: (event: RecordedEvent<T>) => boolean,
    options?: WaitOptions,
  ): Promise<readonly RecordedEvent<T>[]> {
    const found = (): readonly RecordedEvent<T>[] | undefined => {
      const index = this.#events.findIndex((event, at) => at >= this.#read && condition(event));
      if (index < 0) return undefined;
      const events = this.#events.slice(this.#read, index + 1);
      this.#read = index + 1;
      return events;
    };
    return waitUntil(found, this.#subject, options);
  }

  /** Forgets the events so far; what follows is recorded. */
  clear(): void {
    this.#events.length = 0;
    this.#read = 0;
  }

  /** Records no more; what waits rejects with `closed`. */
  close(): void {
    this.#unsubscribe();
    this.#closed.abort();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #note(change: ObjectChange): void {
    this.#events.push({ type: change.type, object: change.parse() as T });
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Throws a TestingError `invalid-options`. */
export function checkRecordOptions(options: RecordOptions): void {
  for (const [option, value] of Object.entries(options)) {
    if (option !== 'namespace' && option !== 'name') {
      const message = `a recorder has no option "${option}" (namespace, name)`;
      throw new TestingError('invalid-options', message);
    }
    if (typeof value !== 'string') {
      throw new TestingError('invalid-options', `${option} must be a text, but it is ${value}`);
    }
  }
}
