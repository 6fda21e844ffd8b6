/** Which etcd the tests run on. */

import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

import test from 'ava';

import { run } from '../witness/command.js';
import { etcds } from '../witness/tools/index.js';
import { ROOT } from '../tidy/source.js';

const MODULE = pathToFileURL(join(ROOT, 'test/witness/tools/etcd.mjs')).href;

test('every etcd that was found is the version that it is listed as', async (t) => {
  for (const { path, version } of etcds()) {
    const { stdout } = await run(path, ['--version']);
    t.regex(stdout, new RegExp(`^etcd Version: ${version}$`, 'm'));
  }
});

test('ETCD_BIN is the only one that is looked for', async (t) => {
  const sources = (env: { readonly [name: string]: string }): Promise<string> =>
    evaluate(`etcdSources('tools').map(({ name }) => name).join()`, env);
  t.is(await sources({ ETCD_BIN: '/opt/etcd' }), 'etcd /opt/etcd');
  const named = `await etcdSources('tools')[0].get()`;
  t.is(await evaluate(named, { ETCD_BIN: '/opt/etcd' }), '/opt/etcd');
});

test('a program that is no etcd is told', async (t) => {
  const version = `await etcdVersion(process.execPath).catch((error) => error.message)`;
  t.regex(await evaluate(version), /does not run as an etcd: v\d+/);
});

async function evaluate(expression: string, env = {}): Promise<string> {
  const source = `import { etcdSources, etcdVersion } from '${MODULE}'; console.log(${expression});`;
  const { code, stdout, stderr } = await run(
    process.execPath,
    ['--input-type=module', '--eval', source],
    { env },
  );
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}
