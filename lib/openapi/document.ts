/**
 * OpenAPI v3 documents (KEP-2896): one for each group and version, and the root that lists them
 * with a hash each, by which clients keep them for ever.
 */

import { createHash } from 'node:crypto';
import { compareUtf8 } from '../object/index.js';
import type { JsonSchema, JsonValue, ResourceType } from '../object/index.js';
import { META_SCHEMAS } from './meta-schemas.js';
import { resourcePaths } from './paths.js';
import { SCALE_SCHEMAS } from './scale-schemas.js';
import { listSchema, objectSchema, schemaName } from './type-schemas.js';

/** A document as it is served. */
export interface OpenApiDocument {
  readonly bytes: Uint8Array;
  /** SHA-512 of the bytes, 128 upper-case hexadecimal digits; the ETag is this in quotes. */
  readonly hash: string;
}

/** The paths below `/openapi/v3/` that have a document: `apis/example.com/v1`, `api/v1`. */
export function openApiV3Paths(types: readonly ResourceType[]): readonly string[] {
  const paths = new Set<string>();
  for (const type of types) {
    for (const version of type.versions) {
      if (version.served) paths.add(documentPath(type.group, version.name));
    }
  }
  return [...paths].sort(compareUtf8);
}

/** The document at `/openapi/v3`. `documentOf` may give documents that are made already. */
export function openApiV3Root(
  types: readonly ResourceType[],
  documentOf: (path: string) => OpenApiDocument | undefined = (path) => {
    return openApiV3DocumentAt(path, types);
  },
): OpenApiDocument {
  const paths: { [path: string]: JsonValue } = {};
  for (const path of openApiV3Paths(types)) {
    const hash = documentOf(path)?.hash ?? '';
    paths[path] = { serverRelativeURL: documentUrl(path, hash) };
  }
  return encode({ paths });
}

/** The document of a group and version; undefined when nothing is served there. */
export function openApiV3Document(
  group: string,
  version: string,
  types: readonly ResourceType[],
): OpenApiDocument | undefined {
  const paths: { [path: string]: JsonValue } = {};
  const schemas: { [name: string]: JsonSchema } = {};
  for (const type of [...types].sort((a, b) => compareUtf8(a.resource, b.resource))) {
    const served = type.versions.find((candidate) => candidate.name === version);
    if (type.group !== group || served?.served !== true) continue;
    Object.assign(paths, resourcePaths(type, served));
    if (served.scale !== undefined) Object.assign(schemas, SCALE_SCHEMAS);
    schemas[schemaName(group, version, type.kind)] = objectSchema(type, served);
    schemas[schemaName(group, version, type.listKind)] = listSchema(type, served);
  }
  if (Object.keys(paths).length === 0) return undefined;
  return encode({
    openapi: '3.0.0',
    info: { title: 'Shardwatch', version },
    paths,
    components: { schemas: { ...schemas, ...META_SCHEMAS } },
  });
}

/** The document at one of `openApiV3Paths`. */
export function openApiV3DocumentAt(
  path: string,
  types: readonly ResourceType[],
): OpenApiDocument | undefined {
  const [prefix, first = '', second = '', ...rest] = path.split('/');
  if (rest.length > 0) return undefined;
  if (prefix === 'api' && second === '') return openApiV3Document('', first, types);
  if (prefix === 'apis' && first !== '') return openApiV3Document(first, second, types);
  return undefined;
}

/** Where a document is, with its hash. */
export function documentUrl(path: string, hash: string): string {
  return `/openapi/v3/${path}?hash=${hash}`;
}

function documentPath(group: string, version: string): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

function encode(value: JsonValue): OpenApiDocument {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return { bytes, hash: createHash('sha512').update(bytes).digest('hex').toUpperCase() };
}
