/** `npm run profile -- CASE`: a CPU profile of one contender of a benchmark. */

import { runBenchmarks } from './benchmarks.mjs';

await runBenchmarks('profile.js', ['--expose-gc', '--max-old-space-size=8192']);
