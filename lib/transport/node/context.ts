/** What the adapters of a listener or a mount share, and its requests that are under way. */

import type { ErrorReport, TransportClock, TransportLimits } from '../contract.js';
import { endSpread } from '../ending.js';
import { TransportError } from '../error.js';
import type { ExchangeContext } from '../exchange.js';
import type { Connection, RequestConnections } from './connections.js';
import type { NodeRequestRecord } from './record.js';

export interface NodeContextOptions {
  readonly exchanges: ExchangeContext;
  readonly clock: TransportClock;
  readonly limits: TransportLimits;
  readonly connections: RequestConnections;
  readonly onError: ErrorReport;
}

export class NodeContext {
  readonly exchanges: ExchangeContext;
  readonly clock: TransportClock;
  readonly limits: TransportLimits;
  readonly connections: RequestConnections;
  readonly onError: ErrorReport;
  /** How each request that is under way is cut off. */
  readonly #running = new Map<NodeRequestRecord, () => void>();
  readonly #onIdle: (() => void)[] = [];

  constructor(options: NodeContextOptions) {
    this.exchanges = options.exchanges;
    this.clock = options.clock;
    this.limits = options.limits;
    this.connections = options.connections;
    this.onError = options.onError;
  }

  begin(connection: Connection, record: NodeRequestRecord, cut: () => void): void {
    this.#running.set(record, cut);
    this.connections.begin(connection);
  }

  end(connection: Connection, record: NodeRequestRecord): void {
    this.#running.delete(record);
    this.connections.end(connection);
    if (this.#running.size > 0) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  /** Resolves when no request is under way. */
  whenIdle(): Promise<void> {
    if (this.#running.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  /**
   * Ends watches, spread over `watchGraceMs`, and every connection as soon as it has nothing to
   * answer.
   */
  close(watchGraceMs: number): void {
    this.exchanges.closing = true;
    this.connections.close();
    endSpread([...this.exchanges.streaming], watchGraceMs, this.clock);
  }

  /** Gives up what is still running. */
  destroy(): void {
    for (const [record, cut] of [...this.#running]) {
      record.abort(new TransportError('closing', 'the server is shutting down'));
      cut();
    }
    this.connections.destroy();
  }
}
