/**
 * Rows of a database as objects, driven with the real kubectl: over SQLite everywhere, over a real
 * PostgreSQL where it is installed.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import pg from 'pg';

import { run, start, type CommandResult, type RunningCommand } from '../witness/command.js';
import { kubectlPath } from '../witness/tools/index.js';
import { postgresFolder, startPostgres } from './postgres.js';

const EXAMPLE = fileURLToPath(
  new URL('../../../examples/virtual-from-postgres/server.mjs', import.meta.url),
);

interface Database {
  close(): Promise<void> | void;
}

interface Example {
  openPostgres(connection: object): Promise<Database>;
  openSqlite(): Promise<Database & { run(sql: string): void }>;
  serve(
    database: Database,
    folder: string,
  ): Promise<{
    readonly server: { close(options: object): Promise<void> };
    readonly kubeconfig: string;
  }>;
}

const example = (await import(EXAMPLE)) as Example;

interface Session {
  /** Statements of somebody else who writes to the table. */
  sql(text: string): Promise<void>;
  kubectl(args: string, input?: string): Promise<CommandResult>;
  watch(args: string): RunningCommand;
}

async function serve(
  t: ExecutionContext,
  database: Database,
  sql: (text: string) => Promise<void>,
): Promise<Session> {
  const home = await mkdtemp(join(tmpdir(), 'shardwatch-projects-'));
  const { server, kubeconfig } = await example.serve(database, home);
  t.teardown(async () => {
    await server.close({ graceMs: 0 });
    await database.close();
    await rm(home, { recursive: true, force: true });
  });
  const program = kubectlPath('1.35');
  const env = { HOME: home, KUBECONFIG: kubeconfig };
  return {
    sql,
    kubectl: (args, input = '') => run(program, args.split(' '), { env, input }),
    watch: (args) => start(program, args.split(' '), { env }),
  };
}

const ROWS = `INSERT INTO projects (namespace, name, owner, budget, labels) VALUES
  ('blue', 'bridge', 'ana', 100, '{"stage": "plan"}'),
  ('blue', 'tower', 'bo', 50, '{"stage": "build"}'),
  ('red', 'road', 'ana', 70, '{"stage": "build"}')`;

const project = (name: string, owner: string): string => `apiVersion: example.com/v1
kind: Project
metadata: {name: ${name}, namespace: blue, labels: {stage: plan}}
spec: {owner: ${owner}, budget: 10}
`;

const names = ({ stdout }: CommandResult): string[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => line.replace(/^\S+\//, ''));

async function tell(t: ExecutionContext, session: Session): Promise<void> {
  const { kubectl } = session;
  const watching = session.watch('get projects -A --watch --output-watch-events --no-headers');
  t.teardown(async () => {
    watching.child.kill('SIGTERM');
    await watching.ended.catch(() => undefined);
  });
  const told = (text: RegExp): Promise<void> => watching.until((stdout) => text.test(stdout));

  // Somebody else writes to the table.
  await session.sql(ROWS);
  await told(/ADDED +blue +bridge +ana +100 /);
  await told(/ADDED +red +road +ana +70 /);
  const listed = await kubectl('get projects -A');
  t.is(listed.code, 0, listed.stderr);
  t.regex(listed.stdout, /^NAMESPACE +NAME +OWNER +BUDGET +AGE$/m);
  t.regex(listed.stdout, /^blue +tower +bo +50 /m);
  t.deepEqual(names(await kubectl('get pj -A -l stage=build -o name')), ['tower', 'road']);
  t.deepEqual(names(await kubectl('get pj -A --field-selector spec.owner=ana -o name')), [
    'bridge',
    'road',
  ]);
  t.deepEqual(names(await kubectl('get pj -A --chunk-size=1 -o name')), [
    'bridge',
    'tower',
    'road',
  ]);
  await session.sql("UPDATE projects SET budget = 120 WHERE name = 'bridge'");
  await told(/MODIFIED +blue +bridge +ana +120 /);
  await session.sql("DELETE FROM projects WHERE name = 'road'");
  await told(/DELETED +red +road /);

  // kubectl writes to it.
  const created = await kubectl('create -f -', project('canal', 'cy'));
  t.is(created.stdout, 'project.example.com/canal created\n', created.stderr);
  await told(/ADDED +blue +canal +cy +10 /);
  const again = await kubectl('create -f -', project('canal', 'cy'));
  t.regex(again.stderr, /projects\.example\.com "canal" already exists/);
  const patch = '{"spec":{"budget":11}}';
  const patched = await kubectl(`patch project canal -n blue --type merge -p ${patch}`);
  t.is(patched.stdout, 'project.example.com/canal patched\n', patched.stderr);
  t.is((await kubectl('get project canal -n blue -o jsonpath={.spec.budget}')).stdout, '11');
  const labelled = await kubectl('label project canal -n blue stage=done --overwrite');
  t.is(labelled.code, 0, labelled.stderr);
  t.deepEqual(names(await kubectl('get pj -n blue -l stage=done -o name')), ['canal']);

  // Whose version is old is refused, whoever wrote in between.
  const stale = (await kubectl('get project canal -n blue -o json')).stdout;
  await session.sql("UPDATE projects SET owner = 'di' WHERE name = 'canal'");
  await told(/MODIFIED +blue +canal +di +11 /);
  const replaced = await kubectl('replace -f -', stale);
  t.regex(replaced.stderr, /the object has been modified/);
  const deleted = await kubectl('delete project canal -n blue');
  t.is(deleted.stdout, 'project.example.com "canal" deleted from blue namespace\n', deleted.stderr);
  await told(/DELETED +blue +canal /);
  const gone = await kubectl('get project canal -n blue');
  t.regex(gone.stderr, /projects\.example\.com "canal" not found/);
}

test.serial('kubectl lists, watches and writes rows of SQLite', async (t) => {
  const database = await example.openSqlite();
  await tell(t, await serve(t, database, async (text) => database.run(text)));
});

const programs = postgresFolder();
// PostgreSQL has to be installed, and to be run as another user; SQLite is tried everywhere.
const installed = process.platform === 'win32' || programs === undefined ? test.skip : test.serial;

installed('kubectl lists, watches and writes rows of PostgreSQL', async (t) => {
  const postgres = await startPostgres(programs as string);
  t.teardown(() => postgres.stop());
  const other = new pg.Pool(postgres.connection);
  other.on('error', () => undefined);
  t.teardown(() => other.end());
  const database = await example.openPostgres(postgres.connection);
  const session = await serve(t, database, async (text) => void (await other.query(text)));
  await tell(t, session);

  // A watch goes on through a restart of the database: what changed meanwhile is found.
  const watching = session.watch('get projects -A --watch --output-watch-events --no-headers');
  t.teardown(async () => {
    watching.child.kill('SIGTERM');
    await watching.ended.catch(() => undefined);
  });
  await watching.until((stdout) => /ADDED +blue +tower /.test(stdout));
  await postgres.restart();
  await session.sql("UPDATE projects SET owner = 'ed' WHERE name = 'tower'");
  await watching.until((stdout) => /MODIFIED +blue +tower +ed /.test(stdout));
});
