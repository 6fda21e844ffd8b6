/** The endpoints that are no resources: `/version`, health, `/metrics`, and `/` that lists them. */

import {
  bytesAnswer,
  jsonAnswer,
  StatusError,
  statusAnswer,
  type Answer,
  type RequestRecord,
} from '../request/index.js';
import { healthAnswer, isHealthPath, type HealthCheck, type ReportFailure } from './health.js';
import { versionDocument } from './version.js';

export interface EndpointParts {
  readonly checks: readonly HealthCheck[];
  /** Called before checks are asked, where some need it. */
  readonly refreshChecks?: (() => Promise<void>) | undefined;
  readonly reportFailure: ReportFailure;
  /** The metrics in Prometheus' text format. */
  readonly exposition: () => Promise<string>;
  /** Further paths to list at `/`. */
  readonly paths: () => readonly string[];
}

const OWN_PATHS: readonly string[] = [
  '/healthz',
  '/livez',
  '/metrics',
  '/openapi/v3',
  '/readyz',
  '/version',
];

/** Undefined where the path is none of these. */
export async function endpointAnswer(
  request: RequestRecord,
  parts: EndpointParts,
): Promise<Answer | undefined> {
  const { path } = request;
  if (isHealthPath(path)) {
    await parts.refreshChecks?.();
    return readOnly(request) ?? healthOf(request, parts);
  }
  switch (path) {
    case '/version':
      return readOnly(request) ?? jsonAnswer(200, versionDocument());
    case '/metrics':
      return readOnly(request) ?? metricsAnswer(parts);
    case '/':
    case '/index.html':
      return readOnly(request) ?? jsonAnswer(200, { paths: allPaths(parts) });
    default:
      return undefined;
  }
}

const healthOf = (request: RequestRecord, parts: EndpointParts): Answer | undefined =>
  healthAnswer(request, parts.checks, parts.reportFailure);

async function metricsAnswer(parts: EndpointParts): Promise<Answer> {
  const text = new TextEncoder().encode(await parts.exposition());
  return bytesAnswer(200, text, 'text/plain; version=0.0.4; charset=utf-8');
}

const allPaths = (parts: EndpointParts): string[] => [...OWN_PATHS, ...parts.paths()].sort();

// The refusal of whatever does not read.
function readOnly({ method }: RequestRecord): Answer | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined;
  const error = new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
  });
  return statusAnswer(error, [['Allow', 'GET, HEAD']]);
}
