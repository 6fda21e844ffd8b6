/**
 * Programs out of Debian packages, unpacked into a folder of ours: nothing is installed and no root
 * is needed. What a package depends on comes with it, as far as the system does not have it.
 *
 *  1. Packages are fetched by apt-get, which checks them, with the lists of the system; where these
 *     are missing or too old, with lists of our own.
 *  2. A folder that is there is whole: it is made under another name and renamed.
 */

import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { run, tail } from './run.mjs';

const DOWNLOAD_TIMEOUT_MS = 10 * 60_000;

/** Where packages come from. */
class Packages {
  #folder;
  #options = [];

  constructor(folder) {
    this.#folder = folder;
  }

  apt(program, ...args) {
    const options = { cwd: this.#folder, timeoutMs: DOWNLOAD_TIMEOUT_MS };
    return run(program, [...this.#options, ...args], options);
  }

  async useOwnLists() {
    mkdirSync(join(this.#folder, 'lists/partial'), { recursive: true });
    mkdirSync(join(this.#folder, 'cache/archives/partial'), { recursive: true });
    const option = (name, folder) => ['-o', `${name}=${join(this.#folder, folder)}`];
    this.#options = [...option('Dir::State::lists', 'lists'), ...option('Dir::Cache', 'cache')];
    await this.apt('apt-get', 'update');
  }
}

/**
 * Unpacks packages into `folder`. `choose` names them; it gets a function that answers with the
 * names of all packages that begin with one of some prefixes. Throws with the reason where they
 * can't be had.
 */
export async function unpackPackages(choose, folder) {
  if ((await run('apt-get', ['--version'])).missing || (await run('dpkg', ['--version'])).missing) {
    throw new Error('no Debian package manager here');
  }
  mkdirSync(dirname(folder), { recursive: true });
  const download = mkdtempSync(join(dirname(folder), `${basename(folder)}-apt-`));
  try {
    const packages = new Packages(download);
    try {
      await fetchPackages(packages, choose);
    } catch {
      await packages.useOwnLists();
      await fetchPackages(packages, choose);
    }
    await unpack(download, folder);
  } finally {
    rmSync(download, { recursive: true, force: true });
  }
}

async function fetchPackages(packages, choose) {
  const namesOf = async (prefix) => must(await packages.apt('apt-cache', 'pkgnames', prefix));
  const wanted = await choose(async (...prefixes) =>
    (await Promise.all(prefixes.map(namesOf))).flatMap((names) => names.split('\n')),
  );
  const plan = ['install', '--simulate', '--no-install-recommends', ...wanted];
  const simulated = must(await packages.apt('apt-get', ...plan));
  const missing = [...simulated.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name);
  must(await packages.apt('apt-get', 'download', ...new Set([...wanted, ...missing])));
}

async function unpack(download, folder) {
  const part = `${folder}.part`;
  rmSync(part, { recursive: true, force: true });
  for (const file of readdirSync(download).filter((name) => name.endsWith('.deb'))) {
    must(await run('dpkg', ['-x', join(download, file), part]));
  }
  rmSync(folder, { recursive: true, force: true });
  renameSync(part, folder);
}

function must({ code, output }) {
  if (code !== 0) throw new Error(tail(output, 3));
  return output;
}
