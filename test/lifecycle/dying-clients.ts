/**
 * Clients that open watches, stop reading, send requests by halves and are killed, over and over:
 * what their server holds afterwards, and what it may hold.
 *
 * A process grows to its size first: V8 its young generation, the allocator its arena. The rounds
 * in which it does are not counted; from then on every round asks the same of it, and it is to have
 * at the end what it had at the beginning.
 */

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import type { EngineKind } from '../../lib/engine/index.js';
import { start } from '../witness/command.js';
import { assertFlat } from './flat.js';

/** What clients do, in each round. */
export interface DyingLoad {
  readonly rounds: number;
  /** Rounds in which the process grows to its size; of `rounds`. */
  readonly roundsToWarmUp: number;
  /** Four fifths of them by connections of their own, the others by HTTP/2 over TLS. */
  readonly watches: number;
  /** Further watches that stop reading in the middle of 8 MB: so many each way. */
  readonly stalled: number;
  /** Connections that stop within the head of a request, and as many within a body. */
  readonly halves: number;
}

/** What the server holds after a round. */
export interface RoundReport {
  readonly anonymousBytes: number;
  readonly fileBytes: number;
  readonly heapBytes: number;
  /** While the clients were there, and did not read: over what there was before. */
  readonly heldBytes: number;
  readonly watches: number;
  readonly groups: number;
  /** The most watches at once. */
  readonly opened: number;
}

const CHILD = fileURLToPath(new URL('dying-clients-child.js', import.meta.url));

/** The young generation is as large as V8 likes: small, so that it is not what is measured. */
const NODE_FLAGS = ['--expose-gc', '--max-semi-space-size=4'];
/** By all who are there: a connection, its TLS and stream, its watch, and what waits to be read. */
const HELD_BYTES_A_WATCH_MAX = 64 * 1024;
/** For one that stops reading: a write under way, and what Node holds of the one before. */
const HELD_BYTES_A_STALLED_MAX = 2 * 1024 * 1024;

/** Runs the rounds in a process of their own, and throws what is wrong with them. */
export async function runDyingClients(
  engine: EngineKind,
  load: DyingLoad,
  say: (text: string) => void,
): Promise<void> {
  const args = [...NODE_FLAGS, CHILD, engine, JSON.stringify(load)];
  const server = start(process.execPath, args);
  const reports: RoundReport[] = [];
  let line = '';
  server.child.stdout!.on('data', (text: string) => {
    const lines = (line + text).split('\n');
    line = lines.pop()!;
    for (const each of lines) {
      reports.push(JSON.parse(each) as RoundReport);
      say(`${engine}: ${describe(reports.at(-1)!)}`);
    }
  });
  await server.ended;
  assert.equal(server.child.exitCode, 0, `${engine}: ${server.stderr()}`);
  assert.equal(reports.length, load.rounds);
  check(reports, load);
}

function check(reports: readonly RoundReport[], load: DyingLoad): void {
  const { watches: wanted, stalled, roundsToWarmUp } = load;
  for (const { opened, watches, groups, heldBytes } of reports) {
    assert.equal(opened, wanted + 2 * stalled);
    assert.deepEqual({ watches, groups }, { watches: 0, groups: 0 });
    const heldMax = wanted * HELD_BYTES_A_WATCH_MAX + 2 * stalled * HELD_BYTES_A_STALLED_MAX;
    assert.ok(heldBytes < heldMax, `${heldBytes} bytes held, of ${heldMax}`);
  }
  assertFlat(reports, roundsToWarmUp);
}

function describe({
  anonymousBytes,
  fileBytes,
  heapBytes,
  heldBytes,
  opened,
}: RoundReport): string {
  const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  return (
    `${opened} watches held ${mebibytes(heldBytes)}; left are ${mebibytes(anonymousBytes)} ` +
    `anonymous, ${mebibytes(fileBytes)} of files, ${mebibytes(heapBytes)} heap`
  );
}
