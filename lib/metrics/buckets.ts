/** One series of a histogram: plain numbers, an observation costs a search and three adds. */

export class BucketCounts {
  sum = 0;
  count = 0;
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;

  /** `bounds` rise; what is above the last counts in +Inf only. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    this.sum += value;
    this.count++;
    let low = 0;
    let high = this.#bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#bounds[middle] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    this.#counts[low] = (this.#counts[low] ?? 0) + 1;
  }

  /** Bounds with the number of observations at or below each, as Prometheus wants them. */
  cumulative(): readonly (readonly [bound: string, count: number])[] {
    let total = 0;
    return Array.from(this.#counts, (count, index) => {
      total += count;
      const bound = this.#bounds[index];
      return [bound === undefined ? '+Inf' : String(bound), total] as const;
    });
  }
}
