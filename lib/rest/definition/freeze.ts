/**
 * Definitions are shared by every layer and never change: their data is frozen, all the way down,
 * so that nobody changes by accident what others rely on.
 */

/** Freezes plain data in place and gives it back. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
  return value;
}
