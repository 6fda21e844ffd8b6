/**
 * OpenAPI v3 documents of resource types, which kubectl explains and checks objects by, and the
 * handler of their paths.
 */

export {
  openApiV3Document,
  openApiV3DocumentAt,
  openApiV3Paths,
  openApiV3Root,
} from './document.js';
export type { OpenApiDocument } from './document.js';
export { createOpenApiHandler } from './handler.js';
export type { OpenApiHandler } from './handler.js';
export { typeDeclarations } from './declarations.js';
