/**
 * Which files ava runs, and how.
 *
 * Tests are compiled before they run (Node 20 reads no TypeScript): `npm run build:tests` writes
 * `out/`; `build-*` folders are partial compilations made by hand. Every test file runs in a worker
 * thread of its own, which makes the whole suite a test of many environments.
 */
export default {
  files: ['out/test/**/*.test.js', 'build-*/test/**/*.test.js'],
  workerThreads: true,
  failFast: false,
  // Time without any test finishing; the witnesses start servers and real clients.
  timeout: '5m',
};
