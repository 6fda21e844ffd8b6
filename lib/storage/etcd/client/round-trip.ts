/** One request and one response over a stream: what etcd offers as streams only. */

import type { ServiceError } from '@grpc/grpc-js';

import type { Caller, CallOptions } from './caller.js';
import { EtcdError, fromServiceError, isConnectionFailure } from './error.js';
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
  const stream = picked.connection.stream(method, metadata);
  try {
    return await new Promise<Response>((resolve, reject) => {
      const timer = caller.settings.clock.setTimer(timeoutMs, () => {
        const reason = `no answer within ${timeoutMs} ms`;
        reject(new EtcdError('timeout', reason, { endpoint, method: method.name }));
      });
      const onAbort = (): void => reject(aborted(signal));
      signal?.addEventListener('abort', onAbort, { once: true });
      stream.once('data', resolve);
      stream.on('error', (error: ServiceError) => {
        const call = { endpoint, method: method.name, isWrite: false, wasSent: true };
        reject(fromServiceError(error, call));
      });
      stream.once('end', () => {
        reject(new EtcdError('unavailable', 'the stream ended', { endpoint, method: method.name }));
      });
      stream.once('close', () => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
      });
      stream.write(request);
    });
  } catch (error) {
    if (error instanceof EtcdError && isConnectionFailure(error)) picked.failed();
    throw error;
  } finally {
    stream.cancel();
  }
}
