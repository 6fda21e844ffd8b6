/** Descriptors of listening sockets, which Node can't duplicate itself. */

import { nativeModule } from './loader.js';

/**
 * A further descriptor of a socket that listens, for a thread that is to accept on it, too: it
 * stays open when the others are closed. Whoever calls closes it.
 *
 * Throws an EngineError: `invalid-descriptor` for what is none of a socket that listens,
 * `no-descriptors` where the system has no more, `engine-unavailable` without the native engine.
 */
export function duplicateListener(descriptor: number): number {
  return nativeModule('only it duplicates descriptors').duplicateListener(descriptor);
}

/**
 * Closes what `duplicateListener` gave, where nobody has taken it over. Does nothing with what is
 * no socket that listens. Throws an EngineError `engine-unavailable` without the native engine.
 */
export function closeListener(descriptor: number): void {
  nativeModule('only it closes descriptors').closeListener(descriptor);
}
