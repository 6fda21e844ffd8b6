/**
 * Splits a request target into path and query (RFC 9112 §3.2).
 *
 * The path stays percent-encoded as it came: only the code that knows its segments may decode it.
 * The absolute form, which clients send to proxies, counts as its path and query.
 */

export interface RequestTarget {
  readonly path: string;
  readonly query: URLSearchParams;
}

/** The parts of a target, or undefined for one that no server can make sense of. */
export function parseTarget(target: string): RequestTarget | undefined {
  const origin = target.startsWith('/') ? target : originForm(target);
  if (origin === undefined) return undefined;
  const mark = origin.indexOf('?');
  const path = mark < 0 ? origin : origin.slice(0, mark);
  if (brokenEscape.test(path)) return undefined;
  return { path, query: new URLSearchParams(mark < 0 ? '' : origin.slice(mark + 1)) };
}

/** What is left of a target under a prefix. */
export interface MountedTarget {
  /** Path and query as the handler is to see them. */
  readonly target: string;
  /** What stands before that path in the client's eyes. */
  readonly basePath: string;
}

/**
 * Cuts a mount's prefix off from a target; undefined for a target that is not below it. A prefix is
 * compared as it is written, whole segments only: `/k8s` has `/k8s` and `/k8s/apis` below it, and
 * not `/k8sx`.
 */
export function targetBelow(prefix: string, target: string): MountedTarget | undefined {
  const origin = target.startsWith('/') ? target : originForm(target);
  if (!origin?.startsWith(prefix)) return undefined;
  const rest = origin.slice(prefix.length);
  if (rest.startsWith('/')) return { target: rest, basePath: prefix };
  return rest === '' || rest.startsWith('?') ? { target: `/${rest}`, basePath: prefix } : undefined;
}

// A percent sign that two hexadecimal digits do not follow.
const brokenEscape = /%(?![0-9A-Fa-f]{2})/;
const absoluteForm = /^https?:\/\/[^/?#]+/i;

function originForm(target: string): string | undefined {
  const authority = absoluteForm.exec(target)?.[0];
  if (authority === undefined) return undefined;
  const rest = target.slice(authority.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}
