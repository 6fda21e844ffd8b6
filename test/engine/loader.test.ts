/**
 * Which engine is taken and why. The environment is one for the whole process, and the addon is
 * looked for once a thread: what depends on either is seen in child processes.
 */

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import {
  ADDON_VARIABLE,
  addonFiles,
  type AddonPlace,
  addonPlace,
  searchAddon,
} from '../../lib/engine/addon.js';
import {
  createEngineCache,
  ENGINE_VARIABLE,
  EngineError,
  engineReport,
} from '../../lib/engine/index.js';
import { type NativeModule, openNative } from '../../lib/engine/native/index.js';
import { ABI_VERSION } from '../../lib/engine/wire.js';
import { cacheOptions, HISTORY_LIMITS } from './engines.js';
import type { LoaderOutcome } from './loader-child.js';

/** A folder that is gone after the test, with these files in it. */
function folderOf(t: ExecutionContext, ...files: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'shardwatch-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  for (const file of files) {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    writeFileSync(join(folder, file), 'not an addon');
  }
  return folder;
}

function placeIn(folder: string, rest: Partial<AddonPlace> = {}): AddonPlace {
  return {
    folder,
    platform: 'linux',
    arch: 'x64',
    isMusl: () => false,
    named: undefined,
    ...rest,
  };
}

for (const below of ['dist/engine', 'out/lib/engine', 'build-x/lib/engine']) {
  test(`the prebuilt addon comes before the built one, beside package.json: ${below}`, (t) => {
    const root = folderOf(t, 'package.json', `${below}/addon.js`);
    t.deepEqual(addonFiles(placeIn(join(root, below))), [
      join(root, 'prebuilds/linux-x64.node'),
      join(root, 'build/Release/shardwatch.node'),
    ]);
  });
}

const PLATFORMS: readonly { title: string; rest: Partial<AddonPlace>; prebuild: string }[] = [
  { title: 'macOS', rest: { platform: 'darwin', arch: 'arm64' }, prebuild: 'darwin-arm64.node' },
  { title: 'glibc', rest: { arch: 'arm64' }, prebuild: 'linux-arm64.node' },
  { title: 'musl', rest: { isMusl: () => true }, prebuild: 'linux-x64musl.node' },
  {
    title: 'no Linux, where nobody asks for the C library',
    rest: {
      platform: 'win32',
      isMusl: () => {
        throw new Error('asked');
      },
    },
    prebuild: 'win32-x64.node',
  },
];

for (const { title, rest, prebuild } of PLATFORMS) {
  test(`a prebuilt addon is that of its platform: ${title}`, (t) => {
    const root = folderOf(t, 'package.json', 'prebuilds/other.node');
    t.is(addonFiles(placeIn(root, rest))[0], join(root, 'prebuilds', prebuild));
  });
}

test('a file that is named is the only one, relative to the package', (t) => {
  const root = folderOf(t, 'package.json');
  const named = (file: string): readonly string[] => addonFiles(placeIn(root, { named: file }));
  t.deepEqual(named('build/other.node'), [join(root, 'build/other.node')]);
  t.deepEqual(named('/opt/x.node'), ['/opt/x.node']);
  t.is(named('').length, 2, 'an empty value names none');
});

test('without a package.json the files are looked for beside the code', (t) => {
  t.is(addonFiles(placeIn('/no/such/folder'))[1], '/no/such/folder/build/Release/shardwatch.node');
});

test('this process has a place, C library and all', (t) => {
  const place = addonPlace();
  t.is(place.platform, process.platform);
  t.is(typeof place.isMusl(), 'boolean');
});

const notCalled = (): never => {
  throw new Error('not called here');
};
const MODULE: NativeModule = {
  duplicateListener: notCalled,
  closeListener: notCalled,
  createCache: notCalled,
  attachCache: notCalled,
  createHeap: notCalled,
  attachHeap: notCalled,
};

/** Searches files of which each loads what it is given, and tells which were opened. */
function searchIn(
  t: ExecutionContext,
  contents: Readonly<Record<string, unknown>>,
  open: (addon: unknown) => NativeModule = () => MODULE,
): ReturnType<typeof searchAddon> & { folder: string; loaded: string[] } {
  const folder = folderOf(t, ...Object.keys(contents).filter((name) => name !== 'missing.node'));
  const loaded: string[] = [];
  const load = (file: string): unknown => {
    const name = file.slice(folder.length + 1);
    loaded.push(name);
    const content = contents[name];
    if (content instanceof Error) throw content;
    return content;
  };
  const files = Object.keys(contents).map((name) => join(folder, name));
  return { ...searchAddon(files, open, load), folder, loaded };
}

test('the first addon that does is taken, and no other is loaded', (t) => {
  const { found, failures, folder, loaded } = searchIn(t, { 'a.node': 1, 'b.node': 2 });
  t.is(found?.module, MODULE);
  t.is(found?.file, join(folder, 'a.node'));
  t.deepEqual(failures, []);
  t.deepEqual(loaded, ['a.node']);
});

test('what is not there, does not load or does not open is passed over and told', (t) => {
  const contents = {
    'missing.node': 0,
    'broken.node': new Error('invalid ELF header'),
    'shut.node': 1,
    'good.node': 2,
  };
  const { found, failures, folder } = searchIn(t, contents, (addon) => {
    if (addon === 1) throw new Error('no registry');
    return MODULE;
  });
  t.is(found?.file, join(folder, 'good.node'));
  t.deepEqual(failures, [
    { file: join(folder, 'missing.node'), reason: 'there is no such file' },
    { file: join(folder, 'broken.node'), reason: 'invalid ELF header' },
    { file: join(folder, 'shut.node'), reason: 'no registry' },
  ]);
});

test('where nothing does, nothing is found', (t) => {
  const { found, failures } = searchIn(t, { 'a.node': new Error('a'), 'missing.node': 0 });
  t.is(found, undefined);
  t.is(failures.length, 2);
});

const STRANGERS: readonly (readonly [title: string, addon: unknown, reason: RegExp])[] = [
  ['it is something else', { hello: () => 'world' }, /not an addon of shardwatch/],
  ['it is nothing', undefined, /not an addon of shardwatch/],
  ['it is of another version', { abiVersion: () => 99 }, /version is 99, not \d+$/],
  ['it lacks exports', { abiVersion: () => ABI_VERSION }, /does not export .*openCache/],
  [
    'its version can not be told',
    {
      abiVersion: () => {
        throw new Error('no version');
      },
    },
    /^no version$/,
  ],
];

for (const [title, addon, reason] of STRANGERS) {
  test(`an addon that the native engine can not use is told why: ${title}`, (t) => {
    const { found, failures } = searchIn(t, { 'a.node': addon }, openNative);
    t.is(found, undefined);
    t.regex(failures[0]?.reason ?? '', reason);
  });
}

/** What a fresh process tells of these kinds, one after the other. */
function runLoader(
  kinds: readonly string[],
  environment: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<LoaderOutcome> {
  const { [ENGINE_VARIABLE]: _engine, [ADDON_VARIABLE]: _addon, ...inherited } = process.env;
  const child = join(import.meta.dirname, 'loader-child.js');
  return new Promise((resolve, reject) => {
    const running = spawn(process.execPath, [...flags, child, ...kinds], {
      env: { ...inherited, ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    running.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    running.on('error', reject);
    running.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output) as LoaderOutcome);
      else reject(new Error(`exit code ${code}: ${output}`));
    });
  });
}

test('auto is native where that can be had, else JavaScript with the reasons', async (t) => {
  const { answers } = await runLoader(['auto', 'native'], {});
  const [auto, native] = answers;
  if (native?.code === undefined) {
    t.like(auto, { kind: 'native', reason: 'its addon loads', file: native?.file });
    t.like(native, { kind: 'native', reason: 'it was asked for', cache: 'native' });
  } else {
    t.is(auto?.kind, 'javascript');
    t.is(native.message, `${auto?.reason} (it was asked for)`);
    for (const file of addonFiles(addonPlace())) t.true(auto?.reason?.includes(`${file}: `));
  }
});

test('without an addon that loads auto is JavaScript, and native an error', async (t) => {
  const folder = folderOf(t, 'text.node');
  for (const [file, reason] of [
    ['missing.node', 'there is no such file'],
    ['text.node', ''],
  ] as const) {
    const addon = join(folder, file);
    const { answers, loads } = await runLoader(['auto', 'native', 'javascript'], {
      [ADDON_VARIABLE]: addon,
    });
    const [auto, native, javascript] = answers;
    t.like(auto, { kind: 'javascript', cache: 'javascript' });
    t.true(auto?.reason?.startsWith(`the native engine is not available: ${addon}: ${reason}`));
    t.like(native, { code: 'engine-unavailable', message: `${auto?.reason} (it was asked for)` });
    t.like(javascript, { kind: 'javascript', reason: 'it was asked for' });
    t.deepEqual(loads, file === 'text.node' ? [addon] : [], 'once, and only what is there');
  }
});

test('a process without addons runs on JavaScript, and says so', async (t) => {
  const file = join(folderOf(t, 'text.node'), 'text.node');
  const { answers } = await runLoader(['auto', 'native'], { [ADDON_VARIABLE]: file }, [
    '--no-addons',
  ]);
  t.is(answers[0]?.kind, 'javascript');
  t.regex(answers[0]?.reason ?? '', /addons? .*disabled/);
  t.is(answers[1]?.code, 'engine-unavailable');
});

test('an addon of another version is not used', async (t) => {
  const file = join(folderOf(t, 'old.node'), 'old.node');
  const { answers, loads } = await runLoader(['auto', 'native'], {
    [ADDON_VARIABLE]: file,
    FAKE_ABI_VERSION: '99',
  });
  t.is(answers[0]?.kind, 'javascript');
  t.regex(answers[0]?.reason ?? '', /old\.node: its ABI version is 99/);
  t.is(answers[1]?.code, 'engine-unavailable');
  t.deepEqual(loads, [file]);
});

test('without the native engine no cache of another thread can be opened', async (t) => {
  const addon = join(folderOf(t), 'missing.node');
  const { answers } = await runLoader(['attach'], { [ADDON_VARIABLE]: addon });
  t.like(answers[0], {
    code: 'engine-unavailable',
    message:
      `the native engine is not available: ${addon}: there is no such file ` +
      '(only its caches are shared)',
  });
});

const VALUES: readonly {
  value: string;
  auto: { kind?: string; reason?: string; code?: string; message?: string };
}[] = [
  { value: 'javascript', auto: { kind: 'javascript', reason: 'SHARDWATCH_ENGINE names it' } },
  {
    value: 'rust',
    auto: {
      code: 'engine-unavailable',
      message: 'there is no engine "rust": native, javascript or auto (SHARDWATCH_ENGINE names it)',
    },
  },
];

for (const { value, auto } of VALUES) {
  test(`the variable decides what auto means, and nothing else: ${value}`, async (t) => {
    const { answers, loads } = await runLoader(['auto', 'javascript'], {
      [ENGINE_VARIABLE]: value,
    });
    t.like(answers[0], auto);
    t.like(answers[1], { kind: 'javascript', reason: 'it was asked for' });
    t.deepEqual(loads, [], 'nobody asked for the addon');
  });
}

test('a variable that names native does not fall back', async (t) => {
  const missing = join(folderOf(t), 'missing.node');
  const environment = { [ADDON_VARIABLE]: missing, [ENGINE_VARIABLE]: 'native' };
  const { answers } = await runLoader(['auto', 'javascript'], environment);
  t.like(answers[0], { code: 'engine-unavailable' });
  t.regex(answers[0]?.message ?? '', /missing\.node: there is no such file \(SHARDWATCH_ENGINE/);
  t.is(answers[1]?.kind, 'javascript');
});

for (const value of ['', 'auto']) {
  test(`a variable that says nothing leaves the choice: ${JSON.stringify(value)}`, async (t) => {
    const missing = join(folderOf(t), 'missing.node');
    const environment = { [ADDON_VARIABLE]: missing, [ENGINE_VARIABLE]: value };
    const { answers } = await runLoader(['auto'], environment);
    t.is(answers[0]?.kind, 'javascript');
    t.regex(answers[0]?.reason ?? '', /there is no such file/);
  });
}

test('a name that is no engine is a clear error', (t) => {
  const named = 'turbo' as 'native';
  for (const call of [() => engineReport(named), () => createEngineCache(named, cacheOptions())]) {
    t.throws(call, {
      instanceOf: EngineError,
      code: 'engine-unavailable',
      message: 'there is no engine "turbo": native, javascript or auto (it was asked for)',
    });
  }
});

const BAD_OPTIONS = [
  { options: { shardCount: 0 }, message: /shardCount/ },
  { options: { shardCount: 1.5 }, message: /shardCount/ },
  { options: { history: { windowMs: -1 } }, message: /windowMs/ },
  { options: { history: { windowMs: NaN } }, message: /windowMs/ },
  { options: { history: { entriesMin: -1 } }, message: /entriesMin/ },
  { options: { history: { entriesMax: HISTORY_LIMITS.entriesMin - 1 } }, message: /entriesMax/ },
  { options: { history: { bytesMax: -1 } }, message: /bytesMax/ },
  { options: { indexes: { fields: ['spec.size'], labels: [] } }, message: /indexes.fields/ },
  { options: { indexes: { fields: [], labels: ['a', 'a'] } }, message: /each .*once/ },
];

test('a cache declares a limited number of fields', (t) => {
  const fields = Array.from({ length: 65_536 }, (_, at) => `spec.f${at}`);
  t.throws(() => createEngineCache('javascript', cacheOptions({ fields })), {
    instanceOf: RangeError,
    message: /fields are at most 65535/,
  });
});

for (const { options, message } of BAD_OPTIONS) {
  test(`options out of range are refused: ${JSON.stringify(options)}`, (t) => {
    t.throws(() => createEngineCache('javascript', cacheOptions(options)), {
      instanceOf: RangeError,
      message,
    });
  });
}
