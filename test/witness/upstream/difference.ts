/** Where two values differ, as paths and the two sides, shortened to be read in a terminal. */

export interface Difference {
  /** Such as `body.items[0].metadata.name`. */
  readonly path: string;
  readonly ours: string;
  readonly theirs: string;
}

/** Characters of a side that are shown. */
const SHOWN_MAX = 400;

/** Differing members of one value after which the rest is not told. */
const MEMBERS_MAX = 40;

export function differences(ours: unknown, theirs: unknown, path = ''): Difference[] {
  if (isContainer(ours) && isContainer(theirs) && Array.isArray(ours) === Array.isArray(theirs)) {
    const keys = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
    const found: Difference[] = [];
    for (const key of keys) {
      found.push(...differences(ours[key], theirs[key], join(path, key, Array.isArray(ours))));
      if (found.length >= MEMBERS_MAX) break;
    }
    return found;
  }
  return Object.is(ours, theirs) ? [] : [{ path, ours: show(ours), theirs: show(theirs) }];
}

function join(path: string, key: string, inArray: boolean): string {
  if (inArray) return `${path}[${key}]`;
  return path === '' ? key : `${path}.${key}`;
}

function isContainer(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null;
}

function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}
