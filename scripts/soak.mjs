/**
 * `npm run soak`: random histories over both engines for an hour, or `--minutes` of them. Each seed
 * that fails is printed with its shrunk history; the exit code is 0 only where none did.
 *
 * `npm run soak -- --server`: a server over lmdb for ten minutes, or `--minutes` of them, under
 * writers, slow and fast watchers, pages, restarts and kills. What is read is checked as it is
 * read, and memory has to stay flat; the last line is the summary.
 *
 * `npm run soak -- --clients`: twenty times five thousand watches whose client stops reading and is
 * killed, on each engine, after which a server has to be as large as before; a few minutes.
 *
 * `npm run soak -- --connections`: ten thousand connections, plain and over TLS, opened and dropped
 * at every moment that one has, ten times over; memory and descriptors return.
 *
 * The tests are compiled beside `out/`, which tests may be using.
 */

import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';

import { installDependencies } from './install.mjs';
import { buildAddon } from './native.mjs';
import { ENTRY, inRoot, say } from './project.mjs';
import { runNode, tail } from './run.mjs';

const OUTPUT = 'build-soak';
const MINUTES = 60;
const SERVER_MINUTES = 10;
const DROPPED_CONNECTIONS = { rounds: 13, roundsToWarmUp: 3, connections: 10_000 };
/** For whom the limit of descriptors is lower, more of the watches share connections. */
const DYING_CLIENTS = { rounds: 25, roundsToWarmUp: 5, watches: 5_000, stalled: 20, halves: 50 };

try {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string' },
      server: { type: 'boolean', default: false },
      clients: { type: 'boolean', default: false },
      connections: { type: 'boolean', default: false },
    },
  });
  const { server, clients, connections } = values;
  if ([server, clients, connections].filter(Boolean).length > 1) {
    throw new Error('--server, --clients and --connections are runs of their own');
  }
  const minutes = Number(values.minutes ?? (values.server ? SERVER_MINUTES : MINUTES));
  if (!(minutes > 0)) throw new Error('--minutes is a number above 0');
  await installDependencies();
  // Whoever names an addon soaks that one.
  if (!process.env.SHARDWATCH_ADDON) await buildNative();
  await compile();
  if (clients) process.exitCode = await soakClients();
  else if (connections) process.exitCode = await soakConnections();
  else process.exitCode = await (values.server ? soakServer(minutes) : soakEngines(minutes));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

async function soakEngines(minutes) {
  const { soak } = await importTest('engine/differential-soak.js');
  return (await soak(minutes, say)) === 0 ? 0 : 1;
}

async function soakServer(minutes) {
  const { mebibytes, soakServer: soak } = await importTest('witness/soak/server-soak.js');
  try {
    const { seconds, changes, restarts, reads, memory } = await soak(minutes, say);
    const counts = Object.entries(reads).map(([name, count]) => `${count} ${name}`);
    const [before, after] = memory.map(mebibytes);
    say(
      `server soak: ${seconds} s, ${changes} changes, ${restarts} restarts, ${counts.join(', ')}; ` +
        `memory ${before} to ${after} MiB; nothing was wrong`,
    );
    return 0;
  } catch (error) {
    say(`server soak: FAILED: ${error.message}`);
    return 1;
  }
}

async function soakClients() {
  const { runDyingClients } = await importTest('lifecycle/dying-clients.js');
  try {
    for (const engine of ['native', 'javascript']) {
      await runDyingClients(engine, DYING_CLIENTS, say);
    }
    say('client soak: nothing was wrong');
    return 0;
  } catch (error) {
    say(`client soak: FAILED: ${error.message}`);
    return 1;
  }
}

async function soakConnections() {
  const { runDroppedConnections } = await importTest('lifecycle/dropped-connections.js');
  try {
    for (const engine of ['native', 'javascript']) {
      await runDroppedConnections(engine, DROPPED_CONNECTIONS, say);
    }
    say('connection soak: nothing was wrong');
    return 0;
  } catch (error) {
    say(`connection soak: FAILED: ${error.message}`);
    return 1;
  }
}

function importTest(file) {
  return import(pathToFileURL(inRoot(OUTPUT, 'test', file)));
}

async function buildNative() {
  const { built, reason } = await buildAddon();
  if (!built) throw new Error(`no native engine: ${reason}`);
}

async function compile() {
  say('compiling the tests');
  rmSync(inRoot(OUTPUT), { recursive: true, force: true });
  const { code, output } = await runNode([
    ENTRY.tsc,
    '-p',
    'tsconfig.tests.json',
    '--outDir',
    OUTPUT,
  ]);
  if (code !== 0) throw new Error(`the tests do not compile\n${tail(output)}`);
}
