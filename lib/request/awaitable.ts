/**
 * What is there already, or comes. Who has nothing to wait for gives the value itself: a request
 * that waits for nothing is then answered in the turn in which it came, without any promise.
 */

export type Awaitable<T> = T | Promise<T>;

/** Whether a value is still to come. Whatever can be awaited counts, as with `await`. */
export function isPromise<T>(value: Awaitable<T>): value is Promise<T> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function';
}

/**
 * What `use` makes of a value: at once where the value is there. What `use` throws it throws
 * then, and rejects with otherwise.
 */
export function whenThere<T, Result>(
  value: Awaitable<T>,
  use: (value: T) => Awaitable<Result>,
): Awaitable<Result> {
  return isPromise(value) ? Promise.resolve(value).then(use) : use(value);
}
