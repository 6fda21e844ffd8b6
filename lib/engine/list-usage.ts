/** What a list has cost and given so far, for whoever counts it. */

export interface ListUsage {
  /**
   * The index by which it finds its objects: `f:` and the path of a field, `l:` and the key of a
   * label; `''` where it walks the whole of its namespace, or of all of them.
   */
  readonly index: string;
  /** Objects that were looked at, whether or not they met the selector. */
  readonly fetched: number;
  /** Objects that were given. */
  readonly returned: number;
}
