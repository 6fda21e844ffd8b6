/**
 * One attempt of one unary call over one connection.
 *
 *  1. It is issued only when the connection stands, or to learn from gRPC why it does not: so of a
 *     call that failed it is known whether anything of it may have reached the network.
 *  2. It ends once: answered, failed, timed out or aborted.
 *
 * Owned by one event loop.
 */

import {
  connectivityState,
  status,
  type Client,
  type ClientUnaryCall,
  type Metadata,
  type ServiceError,
} from '@grpc/grpc-js';

import type { Clock, Timer } from '../../clock.js';
import type { CallObserver } from './call-observer.js';
import type { Endpoint } from './endpoint.js';
import { EtcdError, fromServiceError, type FailedCall } from './error.js';
import type { RpcMethod } from './method.js';
import { aborted } from './retry.js';

export interface UnaryOptions {
  readonly metadata: Metadata;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** The first key of the request, for errors. */
  readonly key: string | undefined;
}

/** What a call needs of its connection. */
export interface UnaryChannel {
  readonly endpoint: Endpoint;
  readonly client: Client;
  readonly clock: Clock;
  readonly observer: CallObserver | undefined;
  readonly isUp: () => boolean;
  readonly isClosed: () => boolean;
  /** Resolves once the channel knows whether it can connect. */
  readonly settled: () => Promise<void>;
}

export class UnaryCall<Request, Response> {
  readonly #channel: UnaryChannel;
  readonly #method: RpcMethod<Request, Response>;
  readonly #options: UnaryOptions;
  #resolve!: (response: Response) => void;
  #reject!: (error: EtcdError) => void;
  #call: ClientUnaryCall | undefined;
  #timer: Timer | undefined;
  #wasUp = false;
  #isSettled = false;

  constructor(channel: UnaryChannel, method: RpcMethod<Request, Response>, options: UnaryOptions) {
    this.#channel = channel;
    this.#method = method;
    this.#options = options;
  }

  /** Once only. Rejects with an EtcdError. */
  run(request: Request): Promise<Response> {
    const { service, name } = this.#method;
    const { clock, observer, isUp, settled } = this.#channel;
    const { signal, timeoutMs } = this.#options;
    observer?.onStarted?.(service, name, 'unary');
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      if (signal?.aborted === true) return this.#onAbort();
      this.#timer = clock.setTimer(timeoutMs, () => this.#onTimeout());
      signal?.addEventListener('abort', this.#onAbort, { once: true });
      if (isUp()) this.#issue(request);
      else void settled().then(() => this.#issue(request));
    });
  }

  #issue(request: Request): void {
    if (this.#isSettled) return;
    const { client, observer, isClosed } = this.#channel;
    const { path, serialize, deserialize, service, name } = this.#method;
    try {
      this.#wasUp = client.getChannel().getConnectivityState(true) === connectivityState.READY;
      const { metadata } = this.#options;
      this.#call = client.makeUnaryRequest(
        path,
        serialize,
        deserialize,
        request,
        metadata,
        this.#onAnswer,
      );
      observer?.onSent?.(service, name, 'unary');
    } catch (cause) {
      const reason = isClosed() ? 'the client is closed' : (cause as Error).message;
      const code = isClosed() ? 'closed' : 'unknown';
      this.#fail(status.CANCELLED, new EtcdError(code, reason, { ...this.#failed(), cause }));
    }
  }

  readonly #onAnswer = (error: ServiceError | null, response?: Response): void => {
    if (error !== null) {
      const wasSent = !NOT_SENT.test(error.details);
      return this.#fail(error.code, fromServiceError(error, { ...this.#failed(), wasSent }));
    }
    if (this.#isSettled) return;
    this.#channel.observer?.onReceived?.(this.#method.service, this.#method.name, 'unary');
    this.#settle(status.OK);
    this.#resolve(response as Response);
  };

  readonly #onAbort = (): void => {
    const { message, cause } = aborted(this.#options.signal);
    const failed = this.#failed();
    const mayBeApplied = failed.isWrite && failed.wasSent;
    const reason = message.replace(/^etcd: /, '');
    this.#fail(
      status.CANCELLED,
      new EtcdError('aborted', reason, { ...failed, mayBeApplied, cause }),
    );
  };

  #onTimeout(): void {
    const failed = this.#failed();
    const { timeoutMs } = this.#options;
    const reason = `no ${failed.wasSent ? 'answer' : 'connection'} within ${timeoutMs} ms`;
    const mayBeApplied = failed.isWrite && failed.wasSent;
    const error = new EtcdError('timeout', reason, { ...failed, mayBeApplied });
    this.#fail(status.DEADLINE_EXCEEDED, error);
  }

  #fail(code: status, error: EtcdError): void {
    if (this.#isSettled) return;
    this.#settle(code);
    this.#reject(error);
    this.#call?.cancel();
  }

  #settle(code: status): void {
    this.#isSettled = true;
    this.#timer?.cancel();
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    const { service, name } = this.#method;
    this.#channel.observer?.onHandled?.(service, name, 'unary', code);
  }

  #failed(): FailedCall {
    const { key } = this.#options;
    return {
      endpoint: this.#channel.endpoint.url,
      method: this.#method.name,
      ...(key === undefined ? {} : { key }),
      isWrite: this.#method.isWrite,
      wasSent: this.#call !== undefined && (this.#wasUp || this.#channel.isUp()),
    };
  }
}

// What grpc-js says of a call that it had no connection for.
const NOT_SENT = /^(?:No connection established|Name resolution failed|Channel closed before)/;
