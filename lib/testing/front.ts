/**
 * What stands between the sockets and the server: every request is written down, meets the faults
 * and, if it opens a watch, is kept track of.
 */

import type { AuthenticatorChain } from '../auth/index.js';
import {
  isStatusError,
  statusAnswer,
  type Answer,
  type Handler,
  type RequestRecord,
} from '../request/index.js';
import type { Clock } from '../storage/index.js';
import { Faults, isLost, OpenWatches, WatchBody, type FaultContext } from './faults/index.js';
import { readArrival, RequestLog, type RecordedRequest } from './request-log.js';
import type { MatchContext } from './request-match.js';
import type { WaitBounds } from './wait.js';

export interface FrontParts extends MatchContext {
  /** The server itself. */
  readonly handler: Handler;
  /** Tells who sent a request, as the server will find out again. */
  readonly authenticator: AuthenticatorChain;
  readonly clock: Clock;
  readonly bounds: WaitBounds;
}

export class Front {
  readonly requests: RequestLog;
  readonly faults: Faults;
  readonly watches: OpenWatches;
  readonly #parts: FrontParts;

  constructor(parts: FrontParts) {
    this.#parts = parts;
    this.requests = new RequestLog(parts, parts.bounds);
    const context: FaultContext = {
      types: parts.types,
      users: parts.users,
      bounds: parts.bounds,
      describeRequests: () => this.requests.describe(),
    };
    this.faults = new Faults(context, parts.clock);
    this.watches = new OpenWatches(context);
  }

  /** For the transport. */
  readonly handler: Handler = async (request) => {
    try {
      return await this.#serve(request);
    } catch (error) {
      // A match of the test's own has thrown: whoever asked is told, and so is the test.
      return statusAnswer(error);
    }
  };

  async #serve(request: RequestRecord): Promise<Answer> {
    const user = await this.#userOf(request);
    const arrival = await readArrival(request, user);
    const { recorded } = arrival;
    this.requests.note(recorded);
    const answer = await this.faults.serve(
      arrival,
      async () => this.#parts.handler(arrival.request),
      (served) => this.#watchOf(served, recorded),
    );
    if (!isLost(answer)) this.requests.answered(recorded, answer.status);
    return answer;
  }

  async #userOf(request: RequestRecord): Promise<string> {
    try {
      return (await this.#parts.authenticator.authenticate(request)).username;
    } catch (error) {
      if (isStatusError(error)) return '';
      throw error;
    }
  }

  #watchOf(answer: Answer, recorded: RecordedRequest): WatchBody | undefined {
    const { status, source } = answer;
    if (recorded.verb !== 'watch' || status !== 200 || source.type !== 'pull') return undefined;
    const watch: WatchBody = new WatchBody(source, this.#parts.clock, () =>
      this.watches.remove(watch),
    );
    this.watches.add(watch, recorded);
    return watch;
  }
}
