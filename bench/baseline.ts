/** The addons of bench/native, which `npm run bench` builds where it can. */

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { ROOT } from './machine.js';

const FOLDER = join(ROOT, 'build-baseline');

export type BaselineName = 'locked_store' | 'random_copies';

/** Why that addon can't be loaded here, or undefined. */
export function baselineProblem(name: BaselineName): string | undefined {
  if (existsSync(addonOf(name))) return undefined;
  const report = join(FOLDER, 'reason.txt');
  return existsSync(report) ? readFileSync(report, 'utf8') : 'it was not built';
}

/** Throws where it was not built. */
export function loadBaseline(name: BaselineName): unknown {
  return createRequire(import.meta.url)(addonOf(name));
}

function addonOf(name: BaselineName): string {
  return join(FOLDER, `${name}.node`);
}
