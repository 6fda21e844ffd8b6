/** The door of the table folder: server-side printing and metadata-only forms of objects. */

export { humanAge, humanDuration } from './age.js';
export { tableColumns } from './columns.js';
export type { Column, ColumnDefinition } from './columns.js';
export type { ListMeta } from './list-meta.js';
export { partialObjectMetadata, partialObjectMetadataList } from './partial.js';
export { ColumnPathError, parseColumnPath } from './path.js';
export type { ColumnPath } from './path.js';
export { TablePrinter, parseIncludeObject } from './table.js';
export type { IncludeObject, TableOptions } from './table.js';
