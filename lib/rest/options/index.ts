/** The options of requests, read from query and body and validated. */

export { deleteOptionsOfBody, deleteOptionsOfQuery } from './delete.js';
export type { DeleteOptions } from './delete.js';
export { parseListOptions } from './list.js';
export type { ListOptions, ListOptionsKind } from './list.js';
export { textParameter } from './parameters.js';
export { parseWriteOptions } from './write.js';
export type { WriteOptions, WriteOptionsKind } from './write.js';
