/**
 * Where the native addon is looked for, and why it was not taken.
 *
 *   SHARDWATCH_ADDON, if it is set, and nothing else
 *   prebuilds/linux-x64.node   (linux-x64musl.node with musl's libc)
 *   build/Release/shardwatch.node
 *
 * Rules:
 *  1. Files are searched beside package.json, wherever this module was compiled to.
 *  2. Whether what was loaded can be used is for the engine to say that opens it.
 *  3. Nothing here throws: each file that did not do is told with its reason.
 */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

import type { NativeModule } from './native/index.js';

/** The variable that names one addon file, relative to the package, in place of the search. */
export const ADDON_VARIABLE = 'SHARDWATCH_ADDON';

/** Why a file was not taken that is not there. */
export const ADDON_MISSING = 'there is no such file';

/** A file that was no addon for this package. */
export interface AddonFailure {
  readonly file: string;
  readonly reason: string;
}

export interface AddonSearch {
  readonly found: { readonly module: NativeModule; readonly file: string } | undefined;
  /** What was tried before, in order. */
  readonly failures: readonly AddonFailure[];
}

/** What decides where addons are looked for. */
export interface AddonPlace {
  /** A folder of the package: package.json is in it or above it. */
  readonly folder: string;
  readonly platform: string;
  readonly arch: string;
  /** Whether the C library is musl's; asked only where that matters. */
  readonly isMusl: () => boolean;
  /** The value of SHARDWATCH_ADDON. */
  readonly named: string | undefined;
}

/** The place of this process. */
export function addonPlace(): AddonPlace {
  const { platform, arch, env } = process;
  return { folder: import.meta.dirname, platform, arch, isMusl, named: env[ADDON_VARIABLE] };
}

/** The files that may be the addon, the best one first. */
export function addonFiles(place: AddonPlace): readonly string[] {
  const root = packageFolder(place.folder);
  if (place.named !== undefined && place.named !== '') return [resolve(root, place.named)];
  const prebuilds = join(root, 'prebuilds');
  // Asking for the C library takes milliseconds, and most installations that build have no folder.
  const hasMusl = place.platform === 'linux' && existsSync(prebuilds) && place.isMusl();
  const prebuild = `${place.platform}-${place.arch}${hasMusl ? 'musl' : ''}.node`;
  return [join(prebuilds, prebuild), join(root, 'build', 'Release', 'shardwatch.node')];
}

/** Loads the first of the files that is there, loads, and opens. `open` throws why it does not. */
export function searchAddon(
  files: readonly string[],
  open: (addon: unknown) => NativeModule,
  load: (file: string) => unknown = createRequire(import.meta.url),
): AddonSearch {
  const failures: AddonFailure[] = [];
  for (const file of files) {
    try {
      if (!existsSync(file)) throw new Error(ADDON_MISSING);
      return { found: { module: open(load(file)), file }, failures };
    } catch (error) {
      failures.push({ file, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { found: undefined, failures };
}

// Bundled into something else there may be none: then the files are looked for beside the bundle.
function packageFolder(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json'))) return at;
    if (at === dirname(at)) return folder;
  }
}

function isMusl(): boolean {
  return glibcVersion() === undefined;
}

/** The version of the C library, where it is glibc. Asking for it takes milliseconds. */
export function glibcVersion(): string | undefined {
  // Newer Nodes can leave the network out, whose names take seconds to look up where there is no
  // resolver.
  const report: { excludeNetwork?: boolean; getReport(): object } = process.report;
  const { excludeNetwork } = report;
  if (excludeNetwork !== undefined) report.excludeNetwork = true;
  const { header } = report.getReport() as { header: { glibcVersionRuntime?: string } };
  if (excludeNetwork !== undefined) report.excludeNetwork = excludeNetwork;
  return header.glibcVersionRuntime;
}
