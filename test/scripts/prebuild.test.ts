/** What an addon may ask of a system, and what may be in the package. */

import test from 'ava';
import { readFileSync } from 'node:fs';

import { loadScript } from './script.js';

interface Elf {
  readonly arch: string;
  readonly sections: readonly string[];
  readonly needed: { readonly [library: string]: readonly string[] };
}

const { readElf, newestVersion, compareVersions } = await loadScript<{
  readElf: (bytes: Buffer) => Elf;
  newestVersion: (needed: Elf['needed'], kind: string) => string | undefined;
  compareVersions: (a: string, b: string) => number;
}>('scripts/elf.mjs');
const { GLIBC_MAX, PREBUILDS, prebuildProblem } = await loadScript<{
  GLIBC_MAX: string;
  PREBUILDS: readonly string[];
  prebuildProblem: (platform: string, bytes: Buffer) => string | undefined;
}>('scripts/prebuild.mjs');
const { tarballProblem } = await loadScript<{
  tarballProblem: (files: readonly string[], bytes: number) => string | undefined;
}>('scripts/pack.mjs');

const SECTION = { strings: 3, versions: 0x6ffffffe };

/** An ELF file that asks for these versions, with these sections besides. */
function elf({
  machine = 62,
  needed = { 'libc.so.6': ['GLIBC_2.2.5'] } as Elf['needed'],
  extra = [] as readonly string[],
}): Buffer {
  let texts = '\0';
  const text = (value: string): number => {
    const at = texts.length;
    texts += `${value}\0`;
    return at;
  };
  const libraries = Object.entries(needed);
  const records = libraries.map(([library, versions], index) => {
    const bytes = Buffer.alloc(16 * (1 + versions.length));
    bytes.writeUInt32LE(text(library), 4);
    bytes.writeUInt32LE(16, 8);
    bytes.writeUInt32LE(index === libraries.length - 1 ? 0 : bytes.length, 12);
    for (const [at, version] of versions.entries()) {
      bytes.writeUInt32LE(text(version), 16 * (1 + at) + 8);
      bytes.writeUInt32LE(at === versions.length - 1 ? 0 : 16, 16 * (1 + at) + 12);
    }
    return bytes;
  });
  const versions = Buffer.concat(records);
  const names = ['', '.strings', ...(libraries.length > 0 ? ['.gnu.version_r'] : []), ...extra];
  const nameAts = names.map(text);
  const header = Buffer.alloc(64);
  header.writeUInt32LE(0x464c457f, 0);
  header[4] = 2;
  header[5] = 1;
  header.writeUInt16LE(machine, 18);
  header.writeUInt16LE(names.length, 60);
  header.writeUInt16LE(1, 62);
  const textBytes = Buffer.from(texts, 'latin1');
  header.writeBigUInt64LE(BigInt(64 + versions.length + textBytes.length), 40);
  const sections = names.map((name, index) => {
    const section = Buffer.alloc(64);
    const isVersions = name === '.gnu.version_r';
    section.writeUInt32LE(nameAts[index] ?? 0, 0);
    section.writeUInt32LE(isVersions ? SECTION.versions : SECTION.strings, 4);
    section.writeBigUInt64LE(BigInt(isVersions ? 64 : 64 + versions.length), 24);
    section.writeUInt32LE(1, 40);
    return section;
  });
  return Buffer.concat([header, versions, textBytes, ...sections]);
}

test('what a shared object asks for is read out of it', (t) => {
  const needed = { 'libc.so.6': ['GLIBC_2.2.5', 'GLIBC_2.14'], 'libgcc_s.so.1': ['GCC_3.0'] };
  t.deepEqual(readElf(elf({ machine: 183, needed, extra: ['.debug_info'] })), {
    arch: 'arm64',
    sections: ['', '.strings', '.gnu.version_r', '.debug_info'],
    needed,
  });
  t.deepEqual(readElf(elf({ needed: {} })).needed, {});
});

test('what is no such file is refused', (t) => {
  t.throws(() => readElf(Buffer.from('not an addon')), { message: /no little-endian 64-bit ELF/ });
  t.throws(() => readElf(elf({ machine: 3 })), { message: /machine 3/ });
});

test('versions are compared by their numbers', (t) => {
  t.deepEqual(['2.17', '2.4', '2.2.5', '2.28', '2.3'].toSorted(compareVersions), [
    '2.2.5',
    '2.3',
    '2.4',
    '2.17',
    '2.28',
  ]);
  t.is(compareVersions('2.17', '2.17.0'), 0);
  const needed = { 'libc.so.6': ['GLIBC_2.4', 'GLIBC_2.17'], 'libm.so.6': ['GLIBC_2.3'] };
  t.is(newestVersion(needed, 'GLIBC'), '2.17');
  t.is(newestVersion(needed, 'GLIBCXX'), undefined);
  t.is(newestVersion({ 'libc.so.6': ['GLIBC_2.4', 'GLIBC_PRIVATE'] }, 'GLIBC'), 'PRIVATE');
});

const PROBLEMS: readonly (readonly [about: string, bytes: Buffer, problem: RegExp | undefined])[] =
  [
    ['asks for what is promised', elf({ needed: { c: [`GLIBC_${GLIBC_MAX}`] } }), undefined],
    ['asks for a newer glibc', elf({ needed: { c: ['GLIBC_2.2.5', 'GLIBC_2.18'] } }), /glibc 2.18/],
    ['binds to one build of glibc', elf({ needed: { c: ['GLIBC_PRIVATE'] } }), /glibc PRIVATE/],
    [
      'shares the C++ library',
      elf({ needed: { c: ['GLIBC_2.4'], cxx: ['GLIBCXX_3.4'] } }),
      /C\+\+ library/,
    ],
    ['is for another processor', elf({ machine: 183 }), /it is for arm64/],
    ['is for another C library', elf({ needed: {} }), /not linked against glibc/],
    ['carries what only a debugger reads', elf({ extra: ['.debug_line'] }), /debug sections/],
  ];

for (const [about, bytes, problem] of PROBLEMS) {
  test(`an addon that ${about} is ${problem === undefined ? 'packed' : 'not packed'}`, (t) => {
    const told = prebuildProblem('linux-x64', bytes);
    if (problem === undefined) t.is(told, undefined);
    else t.regex(told ?? '', problem);
  });
}

// What is built is ELF, for Linux alone.
const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('a real program is read: this Node, which asks for its own glibc', (t) => {
  const { arch, needed } = readElf(readFileSync(process.execPath));
  t.is(arch, process.arch);
  const glibc = newestVersion(needed, 'GLIBC') ?? '';
  t.true(compareVersions(glibc, GLIBC_MAX) > 0, `Node asks for ${glibc}`);
});

const WHOLE = [
  ...['index.js', 'index.d.ts', 'index.js.map', 'server/command.js'].map((path) => `dist/${path}`),
  ...['binding.gyp', 'native/sources.json', 'LICENSE', 'README.md', 'package.json'],
  ...PREBUILDS.map((platform) => `prebuilds/${platform}.node`),
];

test('a tarball holds what it must, nothing else, and is small', (t) => {
  t.is(tarballProblem(WHOLE, 2_000_000), undefined);
  for (const path of WHOLE.filter((name) => name !== 'package.json')) {
    const rest = WHOLE.filter((name) => name !== path);
    t.is(tarballProblem(rest, 1), `missing: ${path}`);
  }
  for (const path of ['lib/index.ts', 'dist/cache/a.test.js', 'dist/a.ts', 'test/a.js', '.npmrc']) {
    t.is(tarballProblem([...WHOLE, path], 1), `must not be published: ${path}`);
  }
  t.regex(tarballProblem(WHOLE, 3 * 1024 * 1024 + 1) ?? '', /3145729 bytes/);
});
