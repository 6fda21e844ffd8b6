/**
 * The native engine: caches in C++ that all threads of a process share, over the addon's exports.
 * The only folder that calls them.
 */

export { openNative } from './module.js';
export type { HeapAttachOptions } from './heap-module.js';
export type { NativeModule } from './module.js';
