/**
 * `shardwatch doctor`: what it says of each state that a system can be in, and its exit code. Which
 * engine there is depends on the environment of a whole process: that is seen in child processes.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { ADDON_MISSING, engineReport } from '../../lib/engine/index.js';
import { DOCTOR_EXIT, reportText } from '../../lib/server/doctor.js';
import {
  gatherFacts,
  memoryBytes,
  readLimits,
  type DoctorFacts,
  type DoctorLimits,
} from '../../lib/server/doctor-facts.js';
import { findProblems, type DoctorProblem } from '../../lib/server/doctor-problems.js';
import { run } from '../witness/command.js';

const COMMAND = fileURLToPath(new URL('../../lib/server/command.js', import.meta.url));

const MANIFEST = createRequire(import.meta.url).resolve('shardwatch/package.json');

const GIB = 1024 ** 3;

const LIMITS: DoctorLimits = {
  processors: 4,
  openFiles: 65_536,
  threads: 'unlimited',
  memoryBytes: 8 * GIB,
  heapBytes: 2 * GIB,
  memoryMaps: 65_530,
  hugePages: 'madvise',
};

const FILE = '/app/prebuilds/linux-x64.node';

const FACTS: DoctorFacts = {
  engine: { kind: 'native', reason: 'its addon loads', file: FILE },
  attempts: [{ file: FILE }],
  versions: {
    package: '1.2.3',
    node: '20.19.0',
    nodeApi: '9',
    v8: '11.3',
    abi: 3,
    platform: 'linux x64',
    kernel: '6.1.0',
    glibc: '2.36',
  },
  limits: LIMITS,
};

/** Facts of a system on which these files are no addons. */
function failing(...failures: readonly string[]): DoctorFacts {
  return {
    ...FACTS,
    engine: { kind: 'javascript', reason: 'the native engine is not available' },
    attempts: failures.map((failure, index) => ({ file: `/app/${index}.node`, failure })),
  };
}

const ENGINE_CASES: readonly {
  about: string;
  facts: DoctorFacts;
  environment?: { readonly [name: string]: string };
  problems: readonly (readonly [subject: string, message: RegExp, advice: RegExp])[];
}[] = [
  { about: 'the native engine serves', facts: FACTS, problems: [] },
  {
    about: 'a file before the one that serves is not there',
    facts: {
      ...FACTS,
      attempts: [{ file: '/app/a.node', failure: ADDON_MISSING }, { file: FILE }],
    },
    problems: [],
  },
  {
    about: 'JavaScript was asked for, and the addon would load',
    facts: { ...FACTS, engine: { kind: 'javascript', reason: 'SHARDWATCH_ENGINE names it' } },
    environment: { SHARDWATCH_ENGINE: 'javascript' },
    problems: [['engine', /SHARDWATCH_ENGINE is "javascript"/, /unset SHARDWATCH_ENGINE/]],
  },
  {
    about: 'an engine was asked for that there is not',
    facts: { ...FACTS, engine: { kind: 'none', reason: 'there is no engine "rust"' } },
    environment: { SHARDWATCH_ENGINE: 'rust' },
    problems: [['engine', /is "rust"/, /auto or native/]],
  },
  {
    about: 'native was asked for and is not there',
    facts: { ...failing(ADDON_MISSING), engine: { kind: 'none', reason: 'not available' } },
    environment: { SHARDWATCH_ENGINE: 'native' },
    problems: [['tried', /no addon for linux x64, and none was built/, /build it: /]],
  },
  {
    about: 'there is no addon for musl',
    facts: {
      ...failing(ADDON_MISSING, ADDON_MISSING),
      versions: { ...FACTS.versions, glibc: null },
    },
    problems: [['tried', /no addon for linux x64 \(musl\), and/, /build it: /]],
  },
  {
    about: 'there is no addon for another system',
    facts: {
      ...failing(ADDON_MISSING),
      versions: { ...FACTS.versions, platform: 'darwin arm64', glibc: null },
    },
    problems: [['tried', /no addon for darwin arm64, and/, /build it: /]],
  },
  {
    about: 'the addon that is named is not there',
    facts: failing(ADDON_MISSING),
    environment: { SHARDWATCH_ADDON: 'x.node' },
    problems: [['tried', /SHARDWATCH_ADDON names x\.node/, /unset SHARDWATCH_ADDON/]],
  },
  {
    about: 'the addon is of another version',
    facts: failing('its ABI version is 99, not 3', ADDON_MISSING),
    problems: [['tried', /^\/app\/0\.node: its ABI version is 99/, /another version.*delete it/]],
  },
  {
    about: 'the C library is older',
    facts: failing("/lib/libc.so.6: version `GLIBC_2.99' not found (required by /app/0.node)"),
    problems: [['tried', /GLIBC_2\.99/, /C library is another one; build it: /]],
  },
  {
    about: 'the C library is musl',
    facts: failing('Error loading shared library ld-linux-x86-64.so.2: No such file or directory'),
    problems: [['tried', /ld-linux/, /C library is another one; build it: /]],
  },
  {
    about: 'the file is damaged',
    facts: failing('/app/0.node: file too short', '/app/1.node: invalid ELF header'),
    problems: [
      ['tried', /0\.node: file too short/, /install the package again/],
      ['tried', /1\.node: invalid ELF header/, /install the package again/],
    ],
  },
  {
    about: 'addons are off',
    facts: failing('Cannot load native addon because loading addons is disabled.'),
    problems: [['tried', /loading addons is disabled/, /without --no-addons/]],
  },
  {
    about: 'nobody knows why it does not load',
    facts: failing('it is a Tuesday'),
    problems: [['tried', /Tuesday/, /build it: /]],
  },
];

for (const { about, facts, environment = {}, problems } of ENGINE_CASES) {
  test(`the engine: ${about}`, (t) => {
    checkProblems(t, findProblems(facts, environment), problems);
  });
}

test('what it advises to build with are the versions that the addon is built with here', (t) => {
  const [problem] = findProblems(failing(ADDON_MISSING), {});
  const { devDependencies } = JSON.parse(readFileSync(MANIFEST, 'utf8')) as {
    devDependencies: { readonly [name: string]: string };
  };
  const named = [...(problem?.advice ?? '').matchAll(/([\w-]+)@(\d+)/g)];
  t.is(named.length, 2);
  for (const [, name = '', major] of named) t.is(devDependencies[name]?.split('.')[0], major);
});

const LIMIT_CASES: readonly (readonly [
  about: string,
  limits: Partial<DoctorLimits>,
  subject: string | undefined,
])[] = [
  ['few open files', { openFiles: 1_024 }, 'open files'],
  ['enough open files', { openFiles: 4_096 }, undefined],
  ['few threads', { threads: 20 }, 'threads'],
  ['little memory', { memoryBytes: GIB / 8 }, 'memory'],
  ['few memory maps', { memoryMaps: 1_000 }, 'memory maps'],
  ['no huge pages', { hugePages: 'never' }, 'huge pages'],
  ['huge pages for all', { hugePages: 'always' }, undefined],
  [
    'a system that tells nothing',
    { openFiles: null, threads: null, memoryMaps: null, hugePages: null },
    undefined,
  ],
];

for (const [about, limits, subject] of LIMIT_CASES) {
  test(`limits: ${about}`, (t) => {
    const found = findProblems({ ...FACTS, limits: { ...LIMITS, ...limits } }, {});
    t.deepEqual(
      found.map((problem) => problem.subject),
      subject === undefined ? [] : [subject],
    );
    for (const { message, advice } of found) t.true(message.length > 0 && advice.length > 0);
  });
}

test('huge pages are of no use to the JavaScript engine', (t) => {
  const engine = { kind: 'javascript', reason: 'it was asked for' } as const;
  t.deepEqual(
    findProblems({ ...FACTS, engine, limits: { ...LIMITS, hugePages: 'never' } }, {}),
    [],
  );
});

test('limits are read as Linux tells them, the smallest where there are many', (t) => {
  const files: { readonly [path: string]: string } = {
    '/proc/self/limits': [
      'Limit                     Soft Limit           Hard Limit           Units     ',
      'Max processes             63000                unlimited            processes ',
      'Max open files            1024                 524288               files     ',
    ].join('\n'),
    '/proc/sys/kernel/threads-max': '96365\n',
    '/sys/fs/cgroup/pids.max': '512\n',
    '/proc/sys/vm/max_map_count': '65530\n',
    '/sys/kernel/mm/transparent_hugepage/enabled': 'always [madvise] never\n',
  };
  const read = (path: string): string | undefined => files[path];
  const told = { openFiles: 1_024, threads: 512, memoryMaps: 65_530, hugePages: 'madvise' };
  t.like(readLimits(read), told);
  t.is(readLimits((path) => read(path)?.replace('512', 'max')).threads, 63_000);
  const nothing = { openFiles: null, threads: null, memoryMaps: null, hugePages: null };
  t.like(
    readLimits(() => undefined),
    nothing,
  );
  t.is(readLimits(() => 'Max open files  unlimited  unlimited').openFiles, 'unlimited');
  t.is(readLimits((path) => (path.endsWith('pids.max') ? 'max' : undefined)).threads, 'unlimited');
});

test('memory is what a control group allows of what there is', (t) => {
  t.is(memoryBytes(GIB, 8 * GIB), GIB);
  t.is(memoryBytes(0, 8 * GIB), 8 * GIB);
  t.is(memoryBytes(2 ** 63, 8 * GIB), 8 * GIB);
});

test('the report has a line for every fact, and what to do for every problem', (t) => {
  const problem = { subject: 'threads', message: 'too few', advice: 'raise it' };
  const facts = {
    ...FACTS,
    attempts: [{ file: '/app/a.node', failure: ADDON_MISSING }, { file: FILE }],
  };
  t.is(
    reportText(facts, [problem]),
    [
      'engine       native: its addon loads',
      `tried        /app/a.node: ${ADDON_MISSING}`,
      `             ${FILE}: it loads`,
      'package      1.2.3, ABI of the addon 3',
      'node         20.19.0, Node-API 9, V8 11.3',
      'system       linux x64, kernel 6.1.0, glibc 2.36',
      'processors   4',
      'open files   65536',
      'threads      unlimited',
      "memory       8.0 GiB, V8's heap up to 2.0 GiB",
      'memory maps  65530',
      'huge pages   madvise',
      '',
      'problems: 1',
      '- threads: too few',
      '  to do: raise it',
    ].join('\n'),
  );
  t.regex(reportText(FACTS, []), /\nno problems$/);
});

test('this process is told of as it is', (t) => {
  const { engine, attempts, versions } = gatherFacts();
  t.deepEqual(engine, engineReport());
  t.is(versions.node, process.versions.node);
  t.is(versions.platform, `${process.platform} ${process.arch}`);
  t.true(attempts.length > 0);
});

interface Report extends DoctorFacts {
  readonly problems: readonly DoctorProblem[];
}

/** The command with `--json` in an environment of its own, and its exit code. */
async function doctorOf(
  environment: { readonly [name: string]: string },
  nodeOptions: readonly string[] = [],
): Promise<{ code: number | null; report: Report }> {
  const env = { SHARDWATCH_ENGINE: '', SHARDWATCH_ADDON: '', ...environment };
  const { code, stdout, stderr } = await run(
    process.execPath,
    [...nodeOptions, COMMAND, 'doctor', '--json'],
    { env },
  );
  if (stdout === '') throw new Error(stderr);
  return { code, report: JSON.parse(stdout) as Report };
}

/** A module after which `old.node` loads, says that it is of ABI 99, and no other addon loads. */
const OTHER_ABI = [
  'process.dlopen = (module, file) => {',
  "  if (!file.endsWith('old.node')) throw new Error(`${file} was loaded`);",
  '  module.exports = { abiVersion: () => 99 };',
  '};',
].join(' ');

test('the command: the exit code says which engine serves', async (t) => {
  const { code, report } = await doctorOf({});
  t.is(code, DOCTOR_EXIT[report.engine.kind]);
  const last = report.attempts.at(-1);
  t.is(last?.failure === undefined, report.engine.kind === 'native');
});

test('the command: JavaScript is named', async (t) => {
  const { code, report } = await doctorOf({ SHARDWATCH_ENGINE: 'javascript' });
  t.is(code, DOCTOR_EXIT.javascript);
  t.deepEqual(report.engine, { kind: 'javascript', reason: 'SHARDWATCH_ENGINE names it' });
  t.like(report.problems[0], { subject: 'engine', message: 'SHARDWATCH_ENGINE is "javascript"' });
});

test('the command: the addon does not load', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'shardwatch-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'text.node');
  writeFileSync(file, 'not an addon');
  const { code, report } = await doctorOf({ SHARDWATCH_ADDON: file });
  t.is(code, DOCTOR_EXIT.javascript);
  t.deepEqual(
    report.attempts.map((attempt) => attempt.file),
    [file],
  );
  t.like(report.problems[0], { subject: 'tried' });
  t.true(report.problems[0]?.message.startsWith(`${file}: `));
  const named = await doctorOf({ SHARDWATCH_ADDON: file, SHARDWATCH_ENGINE: 'native' });
  t.is(named.code, DOCTOR_EXIT.none);
  t.is(named.report.engine.kind, 'none');
});

test('the command: the addon is of another ABI', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'shardwatch-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'old.node');
  writeFileSync(file, '');
  const preload = `--import=data:text/javascript,${OTHER_ABI}`;
  const { code, report } = await doctorOf({ SHARDWATCH_ADDON: file }, [preload]);
  t.is(code, DOCTOR_EXIT.javascript);
  t.regex(report.problems[0]?.message ?? '', /its ABI version is 99/);
  t.regex(report.problems[0]?.advice ?? '', /another version of this package/);
});

test('the command tells it to readers, too, and documents its exit codes', async (t) => {
  const env = { SHARDWATCH_ENGINE: 'javascript' };
  const { code, stdout } = await run(process.execPath, [COMMAND, 'doctor'], { env });
  t.is(code, DOCTOR_EXIT.javascript);
  t.regex(stdout, /^engine {7}javascript: SHARDWATCH_ENGINE names it$/m);
  t.regex(stdout, /^- engine: SHARDWATCH_ENGINE is "javascript"$/m);
  const help = await run(process.execPath, [COMMAND, 'doctor', '--help'], { env });
  for (const exit of Object.values(DOCTOR_EXIT)) t.true(help.stdout.includes(` ${exit} the `));
});

function checkProblems(
  t: ExecutionContext,
  found: readonly DoctorProblem[],
  expected: readonly (readonly [subject: string, message: RegExp, advice: RegExp])[],
): void {
  t.is(found.length, expected.length, JSON.stringify(found));
  for (const [index, [subject, message, advice]] of expected.entries()) {
    t.is(found[index]?.subject, subject);
    t.regex(found[index]?.message ?? '', message);
    t.regex(found[index]?.advice ?? '', advice);
  }
}
