/** Paths that are listed one by one or, with a trailing `*`, by what they begin with. */

import { AuthError } from './error.js';

/** A leading slash is optional on both sides. Throws an AuthError `bad-path`. */
export function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  const exact = new Set<string>();
  const prefixes: string[] = [];
  for (const pattern of patterns.map(withoutSlash)) {
    if (pattern.slice(0, -1).includes('*')) {
      throw new AuthError('bad-path', `only a trailing * is allowed in the path "${pattern}"`);
    }
    if (pattern.endsWith('*')) prefixes.push(pattern.slice(0, -1));
    else exact.add(pattern);
  }
  return (given) => {
    const path = withoutSlash(given);
    return exact.has(path) || prefixes.some((prefix) => path.startsWith(prefix));
  };
}

const withoutSlash = (path: string): string => path.replace(/^\//, '');
