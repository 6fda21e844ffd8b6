/** A PostgreSQL of the test's own, where it is installed: in a folder, on a socket in there. */

import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { tmpdir } from 'node:os';
import { spawn, type ChildProcess } from 'node:child_process';

/** Where Debian has the programs, by version. */
const DEBIAN = '/usr/lib/postgresql';
/** The server refuses to run as root: then it runs as nobody. */
const NOBODY = 65_534;

/** The folder of `initdb` and `postgres`; undefined where they are not installed. */
export function postgresFolder(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...versions.map((version) => join(DEBIAN, version, 'bin')),
  ];
  return folders.find((folder) =>
    ['initdb', 'postgres'].every((program) => existsSync(join(folder, program))),
  );
}

export interface Postgres {
  /** What pg connects by. */
  readonly connection: { readonly host: string; readonly user: string; readonly database: string };
  /** Ends every connection, as a restart would. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Rejects with what the programs print when they do not do what they should. */
export async function startPostgres(programs: string): Promise<Postgres> {
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-postgres-'));
  const isRoot = process.getuid?.() === 0;
  if (isRoot) await chown(folder, NOBODY, NOBODY);
  const options = { cwd: folder, ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}) };
  const data = join(folder, 'data');
  const making = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N'];
  const made = spawn(join(programs, 'initdb'), making, options);
  const output = collected(made);
  const [code] = (await once(made, 'close')) as [number | null];
  if (code !== 0) throw new Error(`initdb: ${output()}`);
  const start = (): Promise<ChildProcess> =>
    started(
      spawn(
        join(programs, 'postgres'),
        ['-D', data, '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off'],
        options,
      ),
    );
  let server = await start();
  const end = async (): Promise<void> => {
    const ended = once(server, 'close');
    // A fast shutdown: connections are ended, nothing is waited for.
    server.kill('SIGINT');
    await ended;
  };
  return {
    connection: { host: folder, user: 'postgres', database: 'postgres' },
    restart: async () => {
      await end();
      server = await start();
    },
    stop: async () => {
      await end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const READY = 'database system is ready to accept connections';

function started(server: ChildProcess): Promise<ChildProcess> {
  const output = collected(server);
  return new Promise((resolve, reject) => {
    server.stderr?.on('data', () => {
      if (output().includes(READY)) resolve(server);
    });
    server.once('close', () => reject(new Error(`postgres: ${output()}`)));
  });
}

function collected(child: ChildProcess): () => string {
  let text = '';
  const add = (chunk: Buffer): void => void (text += chunk.toString());
  child.stdout?.on('data', add);
  child.stderr?.on('data', add);
  return () => text;
}
