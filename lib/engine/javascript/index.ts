/** The JavaScript engine: what every machine runs, and what the native engine is compared with. */

export { JavaScriptEngineCache } from './cache.js';
export type { JavaScriptEngineInternals } from './cache.js';
export { JavaScriptHeap } from './heap.js';
