/**
 * One HTTP/2 connection to one member: a gRPC channel that shares nothing with others.
 *
 *  1. A call waits until the channel knows whether it can connect (`unary-call.ts` says why).
 *  2. After `close` no call begins; those under way go on until they end.
 *
 * Owned by one event loop.
 */

import {
  Client,
  connectivityState,
  type ChannelOptions,
  type ClientDuplexStream,
  type Metadata,
  type status,
} from '@grpc/grpc-js';

import type { CallObserver } from './call-observer.js';
import type { Endpoint } from './endpoint.js';
import type { RpcMethod } from './method.js';
import { credentialsFor, type ClientSettings } from './options.js';
import { UnaryCall, type UnaryChannel, type UnaryOptions } from './unary-call.js';

/** Called when the connection comes up and when it goes down. */
export type ConnectionListener = (isUp: boolean) => void;

export class Connection {
  readonly endpoint: Endpoint;
  readonly #client: Client;
  readonly #channel: UnaryChannel;
  readonly #observer: CallObserver | undefined;
  readonly #listener: ConnectionListener;
  #outstanding = 0;
  #isUp = false;
  #isClosed = false;
  #settling: Promise<void> | undefined;

  constructor(endpoint: Endpoint, settings: ClientSettings, listener: ConnectionListener) {
    this.endpoint = endpoint;
    this.#observer = settings.observer;
    this.#listener = listener;
    const { serverName } = settings.tls;
    const named = serverName === undefined ? {} : { 'grpc.ssl_target_name_override': serverName };
    const credentials = credentialsFor(endpoint, settings.tls);
    this.#client = new Client(endpoint.address, credentials, { ...CHANNEL_OPTIONS, ...named });
    this.#channel = {
      endpoint,
      client: this.#client,
      clock: settings.clock,
      observer: settings.observer,
      isUp: () => this.#isUp,
      isClosed: () => this.#isClosed,
      settled: () => this.#settled(),
    };
    this.#follow();
  }

  /** Calls and streams under way. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** Whether the connection stands. */
  get isUp(): boolean {
    return this.#isUp;
  }

  async unary<Request, Response>(
    method: RpcMethod<Request, Response>,
    request: Request,
    options: UnaryOptions,
  ): Promise<Response> {
    this.#outstanding++;
    const call = new UnaryCall(this.#channel, method, options);
    try {
      return await call.run(request);
    } finally {
      this.#outstanding--;
    }
  }

  /** Opens a stream; its errors come as gRPC's. The caller cancels it. */
  stream<Request, Response>(
    method: RpcMethod<Request, Response>,
    metadata: Metadata,
  ): ClientDuplexStream<Request, Response> {
    const { path, serialize, deserialize, service, name } = method;
    this.#outstanding++;
    this.#observer?.onStarted?.(service, name, 'bidi_stream');
    const stream = this.#client.makeBidiStreamRequest(
      path,
      (request: Request) => {
        this.#observer?.onSent?.(service, name, 'bidi_stream');
        return serialize(request);
      },
      (bytes) => {
        this.#observer?.onReceived?.(service, name, 'bidi_stream');
        return deserialize(bytes);
      },
      metadata,
    );
    stream.once('status', ({ code }: { code: status }) => {
      this.#outstanding--;
      this.#observer?.onHandled?.(service, name, 'bidi_stream', code);
    });
    return stream;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#client.close();
  }

  // Resolves once the channel knows whether it can connect.
  #settled(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    const channel = this.#client.getChannel();
    this.#settling ??= new Promise((resolve) => {
      const look = (): void => {
        if (this.#isClosed) return resolve();
        const state = channel.getConnectivityState(true);
        if (state !== connectivityState.IDLE && state !== connectivityState.CONNECTING) {
          this.#settling = undefined;
          return resolve();
        }
        channel.watchConnectivityState(state, Infinity, look);
      };
      look();
    });
    return this.#settling;
  }

  #follow(): void {
    const channel = this.#client.getChannel();
    const look = (): void => {
      const state = channel.getConnectivityState(false);
      const isUp = state === connectivityState.READY;
      if (isUp !== this.#isUp) {
        this.#isUp = isUp;
        this.#listener(isUp);
      }
      if (state !== connectivityState.SHUTDOWN)
        channel.watchConnectivityState(state, Infinity, look);
    };
    look();
  }
}

const CHANNEL_OPTIONS: ChannelOptions = {
  // Without it all channels to one address share one connection, and a pool has a single one.
  'grpc.use_local_subchannel_pool': 1,
  // As kube-apiserver does (DialKeepAliveTime, DialKeepAliveTimeout).
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  // A range may be as large as the store; what may be sent is etcd's to say.
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  // What is repeated, and when, is decided here, where it is known what a repetition may do.
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
};
