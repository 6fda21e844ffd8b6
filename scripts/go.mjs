/** The Go toolchain, where there is one: real programs of the field are built with it. */

import { run, tail } from './run.mjs';

/**
 * Resolves to the command: the one that GO names, or that of the PATH, or where its own installer
 * puts it. Throws, naming what it is needed for, where there is none.
 */
export async function findGo(purpose) {
  const { GO } = process.env;
  for (const go of GO === undefined ? ['go', '/usr/local/go/bin/go'] : [GO]) {
    if ((await run(go, ['version'])).code === 0) return go;
  }
  throw new Error(`no Go here (https://go.dev/dl), which ${purpose} is built with`);
}

/** Resolves to what it printed. Throws with the last of it where it fails. */
export async function runGo(go, args, { cwd, timeoutMs }) {
  // Of a folder below a checkout, Go would ask git for a version.
  const env = { GOFLAGS: '-buildvcs=false' };
  const { code, output } = await run(go, args, { cwd, env, timeoutMs });
  if (code !== 0) throw new Error(`go ${args[0]} failed: ${tail(output, 5)}`);
  return output;
}
