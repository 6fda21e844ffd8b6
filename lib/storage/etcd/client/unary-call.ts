/**
 * One attempt of one unary call over one connection.
 *
 *  1. It is issued only when the connection stands: so of a call that failed it is known whether
 *     anything of it may have reached the network.
 *  2. It ends once: answered, failed, timed out or aborted.
 *
 * Owned by one event loop.
 */

import { status, type Metadata } from '@grpc/grpc-js';

import type { Clock, Timer } from '../../clock.js';
import type { CallObserver } from './call-observer.js';
import type { Endpoint } from './endpoint.js';
import { EtcdError, fromCallFailure, type FailedCall } from './error.js';
import type { Http2Channel } from './http2-channel.js';
import { CallFailure, MessageStream } from './message-stream.js';
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
  readonly channel: Http2Channel;
  readonly clock: Clock;
  readonly observer: CallObserver | undefined;
}

export class UnaryCall<Request, Response> {
  readonly #over: UnaryChannel;
  readonly #method: RpcMethod<Request, Response>;
  readonly #options: UnaryOptions;
  #resolve!: (response: Response) => void;
  #reject!: (error: EtcdError) => void;
  #stream: MessageStream<Request, Response> | undefined;
  #response: Response | undefined;
  #timer: Timer | undefined;
  #isSettled = false;

  constructor(over: UnaryChannel, method: RpcMethod<Request, Response>, options: UnaryOptions) {
    this.#over = over;
    this.#method = method;
    this.#options = options;
  }

  /** Once only. Rejects with an EtcdError. */
  run(request: Request): Promise<Response> {
    const { service, name } = this.#method;
    const { channel, clock, observer } = this.#over;
    const { signal, timeoutMs } = this.#options;
    observer?.onStarted?.(service, name, 'unary');
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      if (signal?.aborted === true) return this.#onAbort();
      this.#timer = clock.setTimer(timeoutMs, () => this.#onTimeout());
      signal?.addEventListener('abort', this.#onAbort, { once: true });
      if (channel.isUp) this.#issue(request);
      else void channel.settled().then(() => this.#issue(request));
    });
  }

  #issue(request: Request): void {
    if (this.#isSettled) return;
    const { channel, observer } = this.#over;
    const { service, name } = this.#method;
    if (channel.isClosed) {
      const error = new EtcdError('closed', 'the client is closed', this.#failed());
      return this.#fail(status.CANCELLED, error);
    }
    this.#stream = new MessageStream(channel, this.#method, this.#options.metadata, {
      onMessage: (response) => (this.#response = response),
      onEnd: (failure) => this.#onEnd(failure),
    });
    this.#stream.end(request);
    observer?.onSent?.(service, name, 'unary');
  }

  #onEnd(failure: CallFailure | undefined): void {
    if (failure !== undefined) return this.#onFailure(failure);
    const response = this.#response;
    if (response === undefined) {
      return this.#onFailure(new CallFailure(status.INTERNAL, 'Received no message'));
    }
    if (this.#isSettled) return;
    this.#over.observer?.onReceived?.(this.#method.service, this.#method.name, 'unary');
    this.#settle(status.OK);
    this.#resolve(response);
  }

  #onFailure(failure: CallFailure): void {
    const call = { ...this.#failed(), wasSent: failure.wasSent };
    this.#fail(failure.code, fromCallFailure(failure, call));
  }

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
    this.#stream?.cancel();
  }

  #settle(code: status): void {
    this.#isSettled = true;
    this.#timer?.cancel();
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    const { service, name } = this.#method;
    this.#over.observer?.onHandled?.(service, name, 'unary', code);
  }

  #failed(): FailedCall {
    const { key } = this.#options;
    return {
      endpoint: this.#over.endpoint.url,
      method: this.#method.name,
      ...(key === undefined ? {} : { key }),
      isWrite: this.#method.isWrite,
      wasSent: this.#stream?.isSent ?? false,
    };
  }
}
