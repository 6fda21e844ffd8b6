/**
 * Objects in other forms than their own: tables printed by the server, and metadata alone. Bytes
 * in, bytes out; the time is told by the caller.
 */

export { humanAge, humanDuration } from './age.js';
export { tableColumns } from './columns.js';
export type { Column, ColumnDefinition } from './columns.js';
export { listMetaText } from './list-meta.js';
export type { ListMeta } from './list-meta.js';
export { partialObjectMetadata, partialObjectMetadataList } from './partial.js';
export { ColumnPathError, parseColumnPath } from './path.js';
export type { ColumnPath } from './path.js';
export { TablePrinter, parseIncludeObject } from './table.js';
export type { IncludeObject, TableOptions } from './table.js';
