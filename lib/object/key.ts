/**
 * Order and shape of object keys.
 *
 * A list is ordered by the UTF-8 bytes of the whole key (`namespace/name`, or `name` for a
 * cluster-scoped type), as upstream orders it. JavaScript compares strings by UTF-16 code unit,
 * which disagrees with that order for characters beyond U+FFFF: hence a comparison of our own.
 */

/** Where an object lives within its resource type. `namespace` is `''` for a cluster-scoped one. */
export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

/** Compares two strings as their UTF-8 bytes would compare: below 0, 0 or above 0. */
export function compareUtf8(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return codePointOrder(a) - codePointOrder(b);
  }
  return left.length - right.length;
}

/**
 * Compares two namespaces as they order whole keys, that is with the `/` that follows them:
 * `team-a/x` comes before `team/x`, because `-` is a lower byte than `/`.
 */
export function compareNamespaces(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return codePointOrder(a) - codePointOrder(b);
  }
  if (left.length === right.length) return 0;
  const slash = 0x2f;
  return left.length < right.length
    ? slash - codePointOrder(right.charCodeAt(length))
    : codePointOrder(left.charCodeAt(length)) - slash;
}

// Lifts surrogates above the rest of the basic plane, where UTF-8 has them.
function codePointOrder(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
