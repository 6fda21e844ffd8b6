/**
 * Revisions of many objects, to find those that were given twice: 8 bytes for each, sorted at the
 * end, since a set of a million bigints takes twenty times that.
 */

export class RevisionSet {
  #revisions = new BigUint64Array(1024);
  #size = 0;

  add(revision: bigint): void {
    if (this.#size === this.#revisions.length) {
      const larger = new BigUint64Array(2 * this.#size);
      larger.set(this.#revisions);
      this.#revisions = larger;
    }
    this.#revisions[this.#size++] = revision;
  }

  /** Each revision that was added more than once. Ends the set. */
  *repeated(): Generator<bigint, void, undefined> {
    const sorted = this.#revisions.subarray(0, this.#size).sort();
    for (let index = 1; index < sorted.length; index++) {
      const isFirstRepetition = index < 2 || sorted[index] !== sorted[index - 2];
      if (sorted[index] === sorted[index - 1] && isFirstRepetition) yield sorted[index]!;
    }
  }
}
