/**
 * Request bodies: media type, size, and the value in them. Every fault is the client's, and is told
 * as upstream tells it; the connection stays usable.
 */

import type { JsonValue, ResourceType } from '../../object/index.js';
import { decodeJson, JsonError } from '../../object/lossless/index.js';
import type { RequestRecord } from '../../request/index.js';
import { badRequest, unsupportedMediaType } from '../../request/index.js';
import { unrecognized } from '../store/index.js';
import { MEDIA_TYPE_JSON, MEDIA_TYPE_YAML } from '../negotiation/index.js';
import { decodeYaml, YamlError } from './yaml.js';

/** Bytes of a request's body: upstream's limit, 3 MiB. */
export const BODY_BYTES_MAX: number = 3 * 1024 * 1024;

export interface DecodedBody {
  readonly value: JsonValue;
  /** Paths of keys that their objects have more than once; the last one counts. */
  readonly duplicates: readonly string[];
}

/** The media type of the body, without parameters; '' where the header is missing. */
export function bodyMediaType(request: Pick<RequestRecord, 'header'>): string {
  const [mediaType = ''] = (request.header('content-type') ?? '').split(';');
  return mediaType.trim().toLowerCase();
}

/** Throws a StatusError 413, 415 or 400. */
export async function readBody(
  request: RequestRecord,
  type: Pick<ResourceType, 'kind'>,
): Promise<DecodedBody> {
  const mediaType = bodyMediaType(request);
  const isYaml = mediaType === MEDIA_TYPE_YAML;
  if (mediaType !== '' && mediaType !== MEDIA_TYPE_JSON && !isYaml) {
    throw unsupportedMediaType([MEDIA_TYPE_JSON, MEDIA_TYPE_YAML]);
  }
  return decodeBody(await request.body(BODY_BYTES_MAX), isYaml, type);
}

/** Throws a StatusError 400; for a body that is to be an object, `type` is what it is to be. */
export function decodeBody(
  bytes: Uint8Array,
  isYaml: boolean,
  type?: Pick<ResourceType, 'kind'>,
): DecodedBody {
  const duplicates: string[] = [];
  try {
    const value = isYaml
      ? decodeYaml(bytes)
      : decodeJson(bytes, { onDuplicate: (path) => duplicates.push(path) });
    return { value, duplicates };
  } catch (error) {
    if (error instanceof JsonError || error instanceof YamlError) {
      const kind = error instanceof YamlError ? 'yaml' : 'json';
      const why = `couldn't get version/kind; ${kind} parse error: ${error.message}`;
      throw type === undefined ? badRequest(why, error) : unrecognized(type, why, bytes);
    }
    throw error;
  }
}
