/**
 * `npm run build`: everything that the `shardwatch` command needs. Without a C++ compiler the
 * JavaScript engine serves; that is said and is no failure.
 */

import { installDependencies, nodeVersionProblem } from './install.mjs';
import { buildAddon } from './native.mjs';
import { say } from './project.mjs';
import { buildLibrary } from './typescript.mjs';

/** Installs and builds; throws where the library does not compile. */
export async function build() {
  const problem = nodeVersionProblem();
  if (problem !== undefined) throw new Error(problem);
  await installDependencies();
  await buildLibrary();
  const { built, reason, output } = await buildAddon();
  if (built) return;
  if (output !== undefined) say(output);
  say(`no native engine: ${reason}; the JavaScript engine serves`);
}

if (process.argv[1] === import.meta.filename) {
  await build().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
