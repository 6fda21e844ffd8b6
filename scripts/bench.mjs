/** `npm run bench`: the benchmarks. */

import { runBenchmarks } from './benchmarks.mjs';

await runBenchmarks('main.js');
