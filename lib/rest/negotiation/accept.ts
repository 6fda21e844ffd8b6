/**
 * Which representation of an answer a client gets: media type and transformation, out of its Accept
 * header (RFC 9110 §12.5.1, with Kubernetes' parameters `as`, `g` and `v`).
 *
 *  1. Clauses are tried by quality, then by how exact they are, then in their order.
 *  2. A clause that asks for a transformation this server does not have is skipped, as upstream
 *     does: `…;as=Table;…,application/json` degrades to plain JSON.
 *  3. No Accept header means JSON.
 */

import type { RequestRecord } from '../../request/index.js';
import { acceptsMediaType, notAcceptable, parseAccept } from '../../request/index.js';

export type Transformation = 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';

export interface Representation {
  readonly mediaType: MediaType;
  /** `undefined`: the objects as they are. */
  readonly transformation: Transformation | undefined;
  /** Indented, for people. */
  readonly pretty: boolean;
}

export const MEDIA_TYPE_JSON = 'application/json';
export const MEDIA_TYPE_YAML = 'application/yaml';
export type MediaType = typeof MEDIA_TYPE_JSON | typeof MEDIA_TYPE_YAML;

const ALL_MEDIA_TYPES: readonly MediaType[] = [MEDIA_TYPE_JSON, MEDIA_TYPE_YAML];

const TRANSFORMATIONS: ReadonlySet<string> = new Set<Transformation>([
  'Table',
  'PartialObjectMetadata',
  'PartialObjectMetadataList',
]);

/** Throws a StatusError 406 when none of `mediaTypes` is accepted. */
export function negotiate(
  request: Pick<RequestRecord, 'header' | 'headers' | 'query'>,
  mediaTypes: readonly MediaType[] = ALL_MEDIA_TYPES,
): Representation {
  const accept = request.headers('accept');
  for (const clause of parseAccept(accept.length === 1 ? accept[0] : accept.join(','))) {
    const mediaType = mediaTypes.find((candidate) => acceptsMediaType(clause, candidate));
    if (mediaType === undefined) continue;
    const transformation = transformationOf(clause.parameters);
    if (transformation === 'unknown') continue;
    return { mediaType, transformation, pretty: isPretty(request, clause.parameters) };
  }
  throw notAcceptable(mediaTypes);
}

function transformationOf(
  parameters: ReadonlyMap<string, string>,
): Transformation | undefined | 'unknown' {
  const as = parameters.get('as');
  if (as === undefined) return undefined;
  const isKnown =
    TRANSFORMATIONS.has(as) &&
    parameters.get('g') === 'meta.k8s.io' &&
    parameters.get('v') === 'v1';
  return isKnown ? (as as Transformation) : 'unknown';
}

// People's programs get indented text; `pretty` decides where it is given.
function isPretty(
  request: Pick<RequestRecord, 'header' | 'query'>,
  parameters: ReadonlyMap<string, string>,
): boolean {
  const asked = request.query.get('pretty') ?? '';
  if (asked !== '') return /^(1|t|true)$/i.test(asked);
  if (parameters.get('pretty') === '1') return true;
  return /^(curl|Wget|Mozilla\/5\.0)/.test(request.header('user-agent') ?? '');
}
