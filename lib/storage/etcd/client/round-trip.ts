/** One request and one response over a stream: what etcd offers as streams only. */

import { status } from '@grpc/grpc-js';

import type { Caller, CallOptions } from './caller.js';
import { EtcdError, fromCallFailure, isConnectionFailure } from './error.js';
import { CallFailure } from './message-stream.js';
import type { RpcMethod } from './method.js';
import { aborted } from './retry.js';

/** Not repeated. Rejects with an EtcdError. */
export async function roundTrip<Request, Response>(
  caller: Caller,
  method: RpcMethod<Request, Response>,
  request: Request,
  { signal, timeoutMs = caller.settings.timeoutMs }: CallOptions = {},
): Promise<Response> {
  if (signal?.aborted === true) throw aborted(signal);
  const { picked, metadata } = await caller.forStream(undefined);
  const endpoint = picked.connection.endpoint.url;
  let end = (): void => undefined;
  try {
    return await new Promise<Response>((resolve, reject) => {
      const stream = picked.connection.stream(method, metadata, {
        onMessage: resolve,
        onEnd: (failure) => {
          const reason = failure ?? new CallFailure(status.UNAVAILABLE, 'the stream ended');
          reject(
            fromCallFailure(reason, {
              endpoint,
              method: method.name,
              isWrite: false,
              wasSent: true,
            }),
          );
        },
      });
      const timer = caller.settings.clock.setTimer(timeoutMs, () => {
        const reason = `no answer within ${timeoutMs} ms`;
        reject(new EtcdError('timeout', reason, { endpoint, method: method.name }));
      });
      const onAbort = (): void => reject(aborted(signal));
      signal?.addEventListener('abort', onAbort, { once: true });
      end = () => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
        stream.cancel();
      };
      stream.write(request);
    });
  } catch (error) {
    if (error instanceof EtcdError && isConnectionFailure(error)) picked.failed();
    throw error;
  } finally {
    end();
  }
}
