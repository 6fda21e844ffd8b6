/**
 * `npm run build:native`: the addon that ships, and with `--cmake` the developers' build. Fails
 * where it cannot be built: whoever asks for the native part alone wants to know.
 */

import { installDependencies } from './install.mjs';
import { buildAddon, buildWithCmake, SHIPPED_ADDON } from './native.mjs';
import { say } from './project.mjs';

try {
  await installDependencies();
  if (process.argv.includes('--cmake')) {
    say(await buildWithCmake());
  } else {
    const { built, reason, output } = await buildAddon();
    if (!built) throw new Error([output, `not built: ${reason}`].filter(Boolean).join('\n'));
    say(SHIPPED_ADDON);
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
