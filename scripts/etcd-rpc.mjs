/**
 * Writes the messages and services of etcd's API (`*_pb.ts`) from `lib/storage/etcd/rpc/*.proto`.
 * What is written is committed; a test writes it again and compares.
 *
 *   node scripts/etcd-rpc.mjs            writes beside the sources
 *   node scripts/etcd-rpc.mjs FOLDER     writes into a folder of its own
 */

import { join } from 'node:path';

import { entryOf, inRoot } from './project.mjs';
import { runNode, tail } from './run.mjs';

const SOURCES = inRoot('lib/storage/etcd/rpc');

const target = process.argv[2] ?? SOURCES;
const template = {
  version: 'v2',
  plugins: [
    {
      local: [process.execPath, entryOf('@bufbuild/protoc-gen-es/bin/protoc-gen-es')],
      out: target,
      opt: ['target=ts', 'import_extension=js'],
    },
  ],
};
await must(entryOf('@bufbuild/buf/bin/buf'), [
  ...['generate', SOURCES, '--template', JSON.stringify(template)],
]);
await must(entryOf('prettier/bin/prettier.cjs'), [
  ...['--write', '--config', inRoot('.prettierrc.json'), join(target, '*_pb.ts')],
]);

async function must(command, args) {
  const { code, output } = await runNode([command, ...args]);
  if (code !== 0) throw new Error(tail(output));
}
