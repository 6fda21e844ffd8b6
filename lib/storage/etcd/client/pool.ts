/**
 * The connections of a client: n for unary calls, a few for streams, spread over the members.
 *
 *  1. A call takes the connection with the fewest calls under way, of the members whose circuit is
 *     closed; of equals the first, so that few connections are opened where few are needed. Where
 *     every circuit is open, it takes any: an answer is the best probe.
 *  2. Watches and lease streams have connections of their own: a large range on the way does not
 *     hold up events.
 *  3. A connection that keeps failing is replaced: one at a time, and only once the new one stands.
 *
 * Owned by one event loop.
 */

import { Circuit, type CircuitState } from './circuit.js';
import { Connection } from './connection.js';
import type { Endpoint } from './endpoint.js';
import { EtcdError } from './error.js';
import type { ClientSettings } from './options.js';
import { fullJitter, pause } from './retry.js';

export interface PoolStats {
  readonly endpoints: readonly {
    readonly endpoint: string;
    readonly circuit: CircuitState;
    /** Connections that stand. */
    readonly connections: number;
    /** Calls and streams under way. */
    readonly outstanding: number;
  }[];
  /** Since the client was made. */
  readonly connectionsOpened: number;
  readonly connectionsClosed: number;
  readonly connectionsReplaced: number;
}

/** A member's connection that was picked for a call; tell it how the call ended. */
export interface Picked {
  readonly connection: Connection;
  succeeded(): void;
  /** It, or its member, does not work. */
  failed(): void;
}

/** Finds out whether a member answers, over a connection of its. */
export type Probe = (connection: Connection) => Promise<unknown>;

interface Slot {
  connection: Connection;
  failures: number;
}

/** Failures in a row after which a connection is replaced. */
const CONNECTION_FAILURES_MAX = 2;
const REPLACE_DELAY_MS = 250;
const REPLACE_DELAY_MAX_MS = 10_000;

export class Pool {
  readonly #settings: ClientSettings;
  readonly #endpoints: readonly Endpoint[];
  readonly #circuits = new Map<Endpoint, Circuit>();
  readonly #unary: readonly Slot[];
  readonly #streams: readonly Slot[];
  readonly #probe: Probe;
  readonly #ailing = new Set<Slot>();
  readonly #closing = new AbortController();
  #replacing: Promise<void> | undefined;
  #opened = 0;
  #closed = 0;
  #replaced = 0;

  constructor(settings: ClientSettings, probe: Probe) {
    this.#settings = settings;
    this.#probe = probe;
    // Many servers with one configuration do not all begin with its first member.
    const first = Math.floor(settings.random() * settings.endpoints.length);
    const { endpoints } = settings;
    this.#endpoints = [...endpoints.slice(first), ...endpoints.slice(0, first)];
    for (const endpoint of this.#endpoints) {
      const { clock, random } = settings;
      const circuit = new Circuit({ clock, random, probe: () => this.#probeEndpoint(endpoint) });
      this.#circuits.set(endpoint, circuit);
    }
    const slots = (count: number): readonly Slot[] =>
      Array.from({ length: count }, (_, index) => ({
        connection: this.#connect(this.#endpoints[index % this.#endpoints.length]!),
        failures: 0,
      }));
    this.#unary = slots(settings.connections);
    this.#streams = slots(Math.max(settings.streamConnections, this.#endpoints.length));
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** For a unary call; not at the member `avoid` where another one can be had. */
  pick(avoid?: Endpoint): Picked {
    return this.#pick(this.#unary, avoid);
  }

  pickForStream(avoid?: Endpoint): Picked {
    return this.#pick(this.#streams, avoid);
  }

  /** Of this member alone. Throws an EtcdError `invalid-argument` where it is none of them. */
  pickAt(url: string): Picked {
    const slot = this.#slotAt(this.#endpoints.find((endpoint) => endpoint.url === url));
    if (slot !== undefined) return this.#picked(slot);
    const known = this.#endpoints.map((endpoint) => endpoint.url).join(', ');
    throw new EtcdError('invalid-argument', `no endpoint of this client; they are ${known}`, {
      endpoint: url,
    });
  }

  stats(): PoolStats {
    const slots = [...this.#unary, ...this.#streams];
    return {
      endpoints: this.#settings.endpoints.map((endpoint) => {
        const own = slots.filter((slot) => slot.connection.endpoint === endpoint);
        return {
          endpoint: endpoint.url,
          circuit: this.#circuits.get(endpoint)!.state,
          connections: own.filter((slot) => slot.connection.isUp).length,
          outstanding: own.reduce((sum, slot) => sum + slot.connection.outstanding, 0),
        };
      }),
      connectionsOpened: this.#opened,
      connectionsClosed: this.#closed,
      connectionsReplaced: this.#replaced,
    };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const circuit of this.#circuits.values()) circuit.close();
    for (const slot of [...this.#unary, ...this.#streams]) slot.connection.close();
    await this.#replacing;
  }

  #pick(slots: readonly Slot[], avoid: Endpoint | undefined): Picked {
    if (this.isClosed) throw new EtcdError('closed', 'the client is closed');
    const isUsable = ({ connection: { endpoint } }: Slot): boolean =>
      this.#circuits.get(endpoint)!.state === 'closed';
    const usable = slots.filter(isUsable);
    const others = usable.filter((slot) => slot.connection.endpoint !== avoid);
    const candidates = others.length > 0 ? others : usable.length > 0 ? usable : slots;
    let best = candidates[0]!;
    for (const slot of candidates) {
      if (slot.connection.outstanding < best.connection.outstanding) best = slot;
    }
    return this.#picked(best);
  }

  #picked(slot: Slot): Picked {
    const { connection } = slot;
    const circuit = this.#circuits.get(connection.endpoint)!;
    return {
      connection,
      succeeded: () => {
        circuit.succeeded();
        if (slot.connection === connection) slot.failures = 0;
      },
      failed: () => {
        if (this.isClosed) return;
        circuit.failed();
        if (slot.connection !== connection) return;
        if (++slot.failures >= CONNECTION_FAILURES_MAX) this.#replace(slot);
      },
    };
  }

  // A member has a slot of each kind only where there are enough of them.
  #slotAt(endpoint: Endpoint | undefined): Slot | undefined {
    return this.#streams.find((slot) => slot.connection.endpoint === endpoint);
  }

  #connect(endpoint: Endpoint): Connection {
    return new Connection(endpoint, this.#settings, (isUp) => {
      if (isUp) this.#opened++;
      else this.#closed++;
    });
  }

  async #probeEndpoint(endpoint: Endpoint): Promise<void> {
    const connection = this.#connect(endpoint);
    try {
      await this.#probe(connection);
    } finally {
      connection.close();
    }
  }

  #replace(slot: Slot): void {
    this.#ailing.add(slot);
    this.#replacing ??= this.#replaceAll().finally(() => (this.#replacing = undefined));
  }

  async #replaceAll(): Promise<void> {
    const { clock, random } = this.#settings;
    for (let attempt = 1; this.#ailing.size > 0 && !this.isClosed;) {
      const [slot] = this.#ailing as Set<Slot> & Iterable<Slot>;
      const isReplaced = slot !== undefined && (await this.#tryReplace(slot));
      attempt = isReplaced ? 1 : attempt + 1;
      const delayMs = fullJitter(attempt, REPLACE_DELAY_MS, REPLACE_DELAY_MAX_MS, random);
      await pause(clock, delayMs, this.#closing.signal).catch(() => undefined);
    }
  }

  async #tryReplace(slot: Slot): Promise<boolean> {
    // The next one is another's turn, should this one fail.
    this.#ailing.delete(slot);
    if (slot.failures < CONNECTION_FAILURES_MAX) return true;
    const connection = this.#connect(slot.connection.endpoint);
    try {
      await this.#probe(connection);
    } catch {
      connection.close();
      this.#ailing.add(slot);
      return false;
    }
    if (this.isClosed) connection.close();
    const worn = slot.connection;
    slot.connection = connection;
    slot.failures = 0;
    this.#replaced++;
    this.#circuits.get(connection.endpoint)!.succeeded();
    worn.close();
    return true;
  }
}
