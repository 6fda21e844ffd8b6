/** The border between TypeScript and C++ has one source, and generating from it again is idle. */

import test from 'ava';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { ROOT } from './addon.js';

type Wire = Record<'status' | 'limits', Record<string, number>> &
  Record<'results' | 'lanes', Record<string, string[]>> & { abiVersion: number };
type Generate = (wire: Wire) => Map<URL, string>;

const { generate } = (await import(pathToFileURL(join(ROOT, 'native/wire/generate.mjs')).href)) as {
  generate: Generate;
};

function readWire(): Wire {
  return JSON.parse(readFileSync(join(ROOT, 'native/wire/wire.json'), 'utf8')) as Wire;
}

test('regenerating changes nothing', (t) => {
  const texts = generate(readWire());
  t.is(texts.size, 2);
  for (const [address, text] of texts) {
    t.is(readFileSync(address, 'utf8'), text, fileURLToPath(address));
  }
});

test('the generated texts are formatted as the tree is', (t) => {
  const files = [...generate(readWire()).keys()].map((address) => fileURLToPath(address));
  const [header, module] = [/\.h$/, /\.ts$/].map((end) => files.filter((file) => end.test(file)));
  const bin = (name: string): string => join(ROOT, 'node_modules', name);
  const run = (...args: string[]): string =>
    execFileSync(process.execPath, args, { cwd: ROOT }).toString();
  t.notThrows(() => run(bin('prettier/bin/prettier.cjs'), '--check', ...(module ?? [])));
  t.notThrows(() => run(bin('clang-format/index.js'), '--dry-run', '-Werror', ...(header ?? [])));
});

test('a change of the source changes both sides', (t) => {
  const wire = readWire();
  wire.status['brandNew'] = -99;
  for (const text of generate(wire).values()) t.regex(text, /brandNew(: | = )?.*-99/i);
});

const WRONG: readonly (readonly [name: string, change: (wire: Wire) => void, message: RegExp])[] = [
  ['no version', (wire) => (wire.abiVersion = 0), /abiVersion/],
  ['a status that looks like a result', (wire) => (wire.status['odd'] = 3), /negative/],
  ['two statuses with one code', (wire) => (wire.status['odd'] = -1), /one code/],
  ['a lane twice', (wire) => wire.lanes['process']?.push('cachesLive'), /different names/],
  ['a limit of nothing', (wire) => (wire.limits['recordLanes'] = 0), /positive integer/],
  ['more records than bytes', (wire) => (wire.limits['recordsMax'] = 1021), /no room/],
  ['more handles than bytes', (wire) => (wire.limits['readyMax'] = 8161), /no room/],
  ['a record that is too long', (wire) => (wire.limits['recordLanes'] = 5), /event has no room/],
  ['a choice of nothing', (wire) => (wire.results['keyOrder'] = []), /different names/],
];

for (const [name, change, message] of WRONG) {
  test(`a source that cannot be generated from is refused: ${name}`, (t) => {
    const wire = readWire();
    change(wire);
    t.throws(() => generate(wire), { message });
  });
}
