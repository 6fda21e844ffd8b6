/** The part of benchmark 2.1.4 that the kernel uses; the package has no types of its own. */

declare module 'benchmark' {
  interface Options {
    /** The operation: called again and again, its result dropped. */
    readonly fn: () => void;
    /** Seconds that all samples together may take. */
    readonly maxTime: number;
    /** Seconds that one sample takes at least. */
    readonly minTime: number;
    readonly minSamples: number;
  }

  class Benchmark {
    constructor(options: Options);
    /** What the operation threw. */
    readonly error: unknown;
    /** Seconds per call, one entry a sample. */
    readonly stats: { readonly sample: readonly number[] };
    run(options: { readonly async: boolean }): this;
  }

  export default Benchmark;
}
