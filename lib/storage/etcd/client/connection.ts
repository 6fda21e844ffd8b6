/**
 * One connection to one member, and the calls over it.
 *
 *  1. A call waits until it is known whether there is a connection (`unary-call.ts` says why).
 *  2. After `close` no call begins; those under way go on until they end.
 *
 * Owned by one event loop.
 */

import { status, type Metadata } from '@grpc/grpc-js';

import type { CallObserver } from './call-observer.js';
import type { Endpoint } from './endpoint.js';
import { Http2Channel, type ConnectionListener } from './http2-channel.js';
import { MessageStream, type MessageObserver } from './message-stream.js';
import type { RpcMethod } from './method.js';
import type { ClientSettings } from './options.js';
import { UnaryCall, type UnaryChannel, type UnaryOptions } from './unary-call.js';

/** A call of many messages; its owner cancels it. */
export interface OpenStream<Request> {
  write(request: Request): void;
  /** Its observer hears nothing any more. */
  cancel(): void;
}

export class Connection {
  readonly endpoint: Endpoint;
  readonly #channel: Http2Channel;
  readonly #unary: UnaryChannel;
  readonly #observer: CallObserver | undefined;
  #outstanding = 0;

  constructor(endpoint: Endpoint, settings: ClientSettings, listener: ConnectionListener) {
    this.endpoint = endpoint;
    this.#observer = settings.observer;
    this.#channel = new Http2Channel(endpoint, settings, listener);
    const { clock, observer } = settings;
    this.#unary = { endpoint, channel: this.#channel, clock, observer };
  }

  /** Calls and streams under way. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** Whether the connection stands. */
  get isUp(): boolean {
    return this.#channel.isUp;
  }

  async unary<Request, Response>(
    method: RpcMethod<Request, Response>,
    request: Request,
    options: UnaryOptions,
  ): Promise<Response> {
    this.#outstanding++;
    const call = new UnaryCall(this.#unary, method, options);
    try {
      return await call.run(request);
    } finally {
      this.#outstanding--;
    }
  }

  /** Nothing is called from within it. */
  stream<Request, Response>(
    method: RpcMethod<Request, Response>,
    metadata: Metadata,
    observer: MessageObserver<Response>,
  ): OpenStream<Request> {
    const { service, name } = method;
    let isOver = false;
    const ended = (code: status): void => {
      if (isOver) return;
      isOver = true;
      this.#outstanding--;
      this.#observer?.onHandled?.(service, name, 'bidi_stream', code);
    };
    this.#outstanding++;
    this.#observer?.onStarted?.(service, name, 'bidi_stream');
    const stream = new MessageStream(this.#channel, method, metadata, {
      onMessage: (message: Response) => {
        this.#observer?.onReceived?.(service, name, 'bidi_stream');
        observer.onMessage(message);
      },
      onEnd: (failure) => {
        ended(failure?.code ?? status.OK);
        observer.onEnd(failure);
      },
    });
    return {
      write: (request) => {
        this.#observer?.onSent?.(service, name, 'bidi_stream');
        stream.write(request);
      },
      cancel: () => {
        ended(status.CANCELLED);
        stream.cancel();
      },
    };
  }

  close(): void {
    this.#channel.close();
  }
}
