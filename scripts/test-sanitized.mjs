/**
 * `npm run test:asan` and `npm run test:tsan`: the C++ tests and the addon's tests under a
 * sanitizer, which first has to report faults that were made on purpose. Node itself is not
 * instrumented: the sanitizer's runtime is preloaded, and what it sees outside the addon is not
 * reported.
 */

import { installDependencies } from './install.mjs';
import { CMAKE_FOLDERS, buildWithCmake, runCtest } from './native.mjs';
import { checkPlanted } from './planted.mjs';
import { ENTRY, inRoot, say } from './project.mjs';
import { run, runNode } from './run.mjs';
import { TapTally } from './tap.mjs';
import { buildTests } from './typescript.mjs';

/** What crosses the border. */
const BORDER_TESTS = ['native/addon', 'native/environments'];
/** What threads do with one cache, and with one queue. */
const THREAD_TESTS = [
  'engine/native/share',
  'cache/share',
  'lifecycle/process',
  'model/linearisation',
  'queue/share',
];

const SANITIZERS = {
  address: {
    runtimes: ['libasan.so', 'libubsan.so'],
    tests: BORDER_TESTS,
    // Leaks are looked for: what V8 keeps to the end is reachable and not reported.
    environment: { ASAN_OPTIONS: 'detect_leaks=1', UBSAN_OPTIONS: 'print_stacktrace=1' },
  },
  thread: {
    runtimes: ['libtsan.so'],
    tests: [...BORDER_TESTS, ...THREAD_TESTS],
    environment: { TSAN_OPTIONS: 'ignore_noninstrumented_modules=1' },
  },
};

const name = process.argv[2];
const sanitizer = SANITIZERS[name];
try {
  if (sanitizer === undefined) throw new Error('which sanitizer: address or thread?');
  await installDependencies();
  // Another part that does not compile does not concern the addon's tests.
  await buildTests().catch((error) => say(error.message));
  const addon = await buildWithCmake(name);
  const addonEnv = await environmentOfAddon();
  const parts = [
    await checkPlanted(name, {
      folder: inRoot(CMAKE_FOLDERS[name]),
      programEnv: sanitizer.environment,
      addonEnv,
    }),
    await testCore(),
    await testAddon(addon, addonEnv),
  ];
  const total = (key) => parts.reduce((sum, part) => sum + part[key], 0);
  const failed = total('failed');
  say(`${total('passed')} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

async function testCore() {
  const core = await runCtest(name);
  if (core.failed > 0) say(core.output);
  return core;
}

async function testAddon(addon, env) {
  const tally = new TapTally(say);
  const files = sanitizer.tests.map((file) => `out/test/${file}.test.js`);
  const { code, output } = await runNode([ENTRY.ava, '--tap', '--no-worker-threads', ...files], {
    env: { ...env, SHARDWATCH_ADDON: addon },
  });
  tally.write(output);
  tally.end(code);
  return tally;
}

async function environmentOfAddon() {
  const preload = await Promise.all(sanitizer.runtimes.map(runtimePath));
  return { ...sanitizer.environment, LD_PRELOAD: preload.join(' ') };
}

async function runtimePath(library) {
  const { code, output } = await run(process.env.CXX ?? 'c++', [`-print-file-name=${library}`]);
  const path = output.trim();
  if (code !== 0 || !path.startsWith('/')) throw new Error(`the compiler has no ${library}`);
  return path;
}
