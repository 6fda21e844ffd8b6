/**
 * The addon under test and what tests do with it.
 *
 * `SHARDWATCH_ADDON` names the file, so that one suite tests every build of it; without the
 * variable it is the shipped build's place. A test that finds no addon fails: whoever has no
 * compiler does not run this folder.
 */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

import type { Addon as EngineAddon } from '../../lib/engine/native/addon.js';
import { PROCESS_LANE } from '../../lib/engine/wire.js';

/** With what only tests call. */
export interface Addon extends EngineAddon {
  compareKeys(
    leftNamespace: string,
    leftName: string,
    rightNamespace: string,
    rightName: string,
  ): number;
  processStats(lanes: Float64Array): number;
}

/** The folder that package.json is in, from wherever the tests were compiled to. */
export const ROOT: string = rootOf(import.meta.dirname);

/** The addon that ships, which node-gyp has built. */
export const SHIPPED_FILE: string = join(ROOT, 'build/Release/shardwatch.node');

export const ADDON_FILE: string = resolve(ROOT, process.env['SHARDWATCH_ADDON'] ?? SHIPPED_FILE);

export function loadAddon(): Addon {
  return createRequire(import.meta.url)(ADDON_FILE) as Addon;
}

export type ProcessStats = { readonly [Lane in keyof typeof PROCESS_LANE]: number };

export function processStats(addon: Addon): ProcessStats {
  const names = Object.keys(PROCESS_LANE) as (keyof typeof PROCESS_LANE)[];
  const lanes = new Float64Array(names.length);
  const status = addon.processStats(lanes);
  if (status !== 0) throw new Error(`processStats answered ${status}`);
  return Object.fromEntries(
    names.map((name) => [name, lanes[PROCESS_LANE[name]]]),
  ) as unknown as ProcessStats;
}

function rootOf(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : rootOf(dirname(folder));
}
