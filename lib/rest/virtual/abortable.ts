/** Waiting for promises of others, who may never keep them. */

import type { Awaitable } from './contract.js';

/**
 * What is given, or the signal's reason as soon as it aborts. A promise that never settles holds
 * nothing of who waited for it, and the signal no listener afterwards.
 */
export async function unlessAborted<Value>(
  given: Awaitable<Value>,
  signal: AbortSignal,
): Promise<Value> {
  const { promise: aborted, reject } = withReject();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([given, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function withReject(): {
  readonly promise: Promise<never>;
  readonly reject: (why: unknown) => void;
} {
  let reject: (why: unknown) => void = () => undefined;
  const promise = new Promise<never>((_, give) => (reject = give));
  return { promise, reject };
}
