/** Objects of files, created where they are missing. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import test, { type ExecutionContext } from 'ava';
import { defineResource } from '../../lib/rest/index.js';
import { createServer, LoadError, loadObjects, type ApiServer } from '../../lib/server/index.js';

const WIDGETS = defineResource({ group: 'example.com', version: 'v1', kind: 'Widget' });
const COLLECTION = '/apis/example.com/v1/namespaces/shop/widgets';

/** What a file of this content comes to, in a server of its own. */
async function load(t: ExecutionContext, name: string, content: string | Uint8Array) {
  const folder = mkdtempSync(join(tmpdir(), 'shardwatch-load-'));
  const server = createServer({ resources: [WIDGETS] });
  t.teardown(async () => {
    rmSync(folder, { recursive: true });
    await server.close();
  });
  await server.ready();
  const file = join(folder, name);
  writeFileSync(file, content);
  const again = () => loadObjects([file], [WIDGETS], (request) => server.inject(request));
  return { server, folder, again };
}

async function textOf(server: ApiServer, name: string): Promise<string> {
  return (await server.inject({ path: `${COLLECTION}/${name}` })).text();
}

const widget = (name: string, spec: string): string =>
  `apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: ${name}, namespace: shop}\n` +
  `spec: ${spec}\n`;

test('numbers arrive as they are written', async (t) => {
  const numbers = '{"a":9007199254740993,"b":1.0,"c":-9223372036854775808,"d":0.12345678901234567}';
  const yaml = await load(t, 'one.yaml', `%YAML 1.2\n---\n${widget('w', numbers)}`);
  t.deepEqual(await yaml.again(), { created: 1, existing: 0 });
  t.true((await textOf(yaml.server, 'w')).includes(`"spec":${numbers}`));
  const metadata = '{"name":"w","namespace":"shop"}';
  const type = '"apiVersion":"example.com/v1","kind":"Widget"';
  const object = `{${type},"metadata":${metadata},"spec":${numbers}}`;
  const json = await load(t, 'one.json', object);
  await json.again();
  t.true((await textOf(json.server, 'w')).includes(`"spec":${numbers}`));
});

test('what exists is left as it is, documents without content are none', async (t) => {
  const content = `# head\n---\n${widget('a', '{}')}---\n# nothing\n---\n${widget('b', '{}')}...\n`;
  const { again } = await load(t, 'many.yaml', content);
  t.deepEqual(await again(), { created: 2, existing: 0 });
  t.deepEqual(await again(), { created: 0, existing: 2 });
});

for (const [what, content, message] of [
  ['an alias of nothing', widget('a', '*nothing'), /bad\.yaml: document 1: .*nothing/],
  ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe, 0]), /bad\.yaml: can't be read: .*utf-8/],
  ['a list', '[1, 2]', /bad\.yaml: document 1: no resource type serves/],
] as const) {
  test(`${what} is refused with file and document`, async (t) => {
    const { again } = await load(t, 'bad.yaml', content);
    await t.throwsAsync(again, { instanceOf: LoadError, message });
  });
}

test('a folder named as a file is refused by its name', async (t) => {
  const { server, folder } = await load(t, 'good.yaml', widget('a', '{}'));
  mkdirSync(join(folder, 'sub.yaml'));
  await t.throwsAsync(
    loadObjects([folder], [WIDGETS], (request) => server.inject(request)),
    { instanceOf: LoadError, message: /sub\.yaml: can't be read/ },
  );
});
