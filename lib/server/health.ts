/**
 * `/healthz`, `/livez` and `/readyz`: named checks, asked when the endpoint is (apiserver
 * `server/healthz`, restated).
 *
 * 1. All pass: 200 and `ok`; with `?verbose` one line a check and a closing line.
 * 2. One fails: 500 and every check's line, without the reason; the reason goes to the log.
 * 3. `?exclude=name` passes a check unasked; each check has an endpoint of its own below.
 */

import { textAnswer, type Answer, type RequestRecord } from '../request/index.js';

export type HealthEndpoint = 'healthz' | 'livez' | 'readyz';

export interface HealthCheck {
  readonly name: string;
  /** Which endpoints ask it. */
  readonly endpoints: readonly HealthEndpoint[];
  /** Undefined when all is well, else the reason, for the log. */
  readonly check: () => string | undefined;
}

export type ReportFailure = (endpoint: HealthEndpoint, check: string, reason: string) => void;

const PATHS: ReadonlySet<string> = new Set(['/healthz', '/livez', '/readyz']);

/** Whether a path is one of the health endpoints or below one. */
export function isHealthPath(path: string): boolean {
  const end = path.indexOf('/', 1);
  return PATHS.has(end < 0 ? path : path.slice(0, end));
}

/** The answer for a path of which `isHealthPath` is true; undefined for a check nobody knows. */
export function healthAnswer(
  request: RequestRecord,
  checks: readonly HealthCheck[],
  report: ReportFailure,
): Answer | undefined {
  const [, endpointName = '', ...rest] = request.path.split('/');
  const endpoint = endpointName as HealthEndpoint;
  const asked = checks.filter((check) => check.endpoints.includes(endpoint));
  const name = rest.join('/');
  if (name === '') return endpointAnswer(request, endpoint, asked, report);
  const one = asked.find((check) => check.name === name);
  if (one === undefined) return undefined;
  const reason = one.check();
  if (reason === undefined) return textAnswer(200, 'ok');
  report(endpoint, one.name, reason);
  return textAnswer(500, `internal server error: ${reason}\n`);
}

function endpointAnswer(
  request: RequestRecord,
  endpoint: HealthEndpoint,
  checks: readonly HealthCheck[],
  report: ReportFailure,
): Answer {
  const excluded = new Set(request.query.getAll('exclude'));
  const lines: string[] = [];
  let failed = false;
  for (const { name, check } of checks) {
    if (excluded.delete(name)) {
      lines.push(`[+]${name} excluded: ok`);
      continue;
    }
    const reason = check();
    if (reason === undefined) {
      lines.push(`[+]${name} ok`);
      continue;
    }
    failed = true;
    report(endpoint, name, reason);
    lines.push(`[-]${name} failed: reason withheld`);
  }
  if (excluded.size > 0) {
    const names = [...excluded].map((name) => JSON.stringify(name)).join(',');
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`);
  }
  if (failed) return textAnswer(500, `${[...lines, `${endpoint} check failed`].join('\n')}\n`);
  if (!request.query.has('verbose')) return textAnswer(200, 'ok');
  return textAnswer(200, `${[...lines, `${endpoint} check passed`].join('\n')}\n`);
}
