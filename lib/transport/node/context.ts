/** What the adapters of one listener share, and its requests that are under way. */

import type { ErrorReport, TransportClock, TransportLimits } from '../contract.js';
import { TransportError } from '../error.js';
import type { ExchangeContext } from '../exchange.js';
import { Connections } from './connections.js';
import type { Connection } from './connections.js';
import type { NodeRequestRecord } from './record.js';

export interface NodeContextOptions {
  readonly exchanges: ExchangeContext;
  readonly clock: TransportClock;
  readonly limits: TransportLimits;
  readonly secure: boolean;
  readonly onError: ErrorReport;
}

export class NodeContext {
  readonly exchanges: ExchangeContext;
  readonly clock: TransportClock;
  readonly limits: TransportLimits;
  readonly secure: boolean;
  readonly onError: ErrorReport;
  readonly connections: Connections = new Connections();
  readonly #records = new Set<NodeRequestRecord>();

  constructor(options: NodeContextOptions) {
    this.exchanges = options.exchanges;
    this.clock = options.clock;
    this.limits = options.limits;
    this.secure = options.secure;
    this.onError = options.onError;
  }

  begin(connection: Connection, record: NodeRequestRecord): void {
    this.#records.add(record);
    this.connections.begin(connection);
  }

  end(connection: Connection, record: NodeRequestRecord): void {
    this.#records.delete(record);
    this.connections.end(connection);
  }

  /** Ends watches, and every connection as soon as it has nothing to answer. */
  close(): void {
    this.exchanges.closing = true;
    for (const pump of [...this.exchanges.streaming]) pump.finish();
    this.connections.close();
  }

  /** Gives up what is still running. */
  destroy(): void {
    for (const record of this.#records) {
      record.abort(new TransportError('closing', 'the server is shutting down'));
    }
    this.connections.destroy();
  }
}
