/**
 * `npm run profile -- CASE`: where one contender of a case spends its time.
 *
 * Prepares the contender in this process, measures once to warm it up, and records a CPU profile of
 * a second time: as a flame graph for https://www.speedscope.app (in build-profile/) and, on
 * standard output, the functions that took most by themselves.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { type EngineKind, engineReport } from '../lib/engine/index.js';
import { heaviest, toSpeedscope } from './flame-graph.js';
import { ROOT } from './machine.js';
import type { Operation, Trial } from './trials/contract.js';
import { TRIALS } from './trials/index.js';

const USAGE = `npm run profile -- CASE [options]

CASE is a case of npm run bench -- --list: http/get-2k.

  --contender NAME   a rival of the case; default: our side
  --engine ENGINE    native or javascript; default: what loads
  --seconds N        how long it is measured; default 5
  --top N            functions that are printed; default 30
`;

const INTERVAL_US = 200;
const SEED = 20_240_501;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    contender: { type: 'string', default: 'engine' },
    engine: { type: 'string', default: engineReport().kind },
    seconds: { type: 'string', default: '5' },
    top: { type: 'string', default: '30' },
  },
});
const name = positionals[0] ?? '';
const found = TRIALS.flatMap((trial) =>
  trial.rows.filter((row) => row.case === name).map(({ operation }) => ({ trial, operation })),
)[0];
if (found === undefined) {
  console.error(`${name === '' ? 'no case is named' : `there is no case ${name}`}\n\n${USAGE}`);
  process.exit(2);
}
await profile(found.trial, found.operation);
process.exit(0);

async function profile(trial: Trial, operationName: string): Promise<void> {
  const { contender } = values;
  const prepare = contender === 'engine' ? trial.engine : trial.rivals[contender];
  if (prepare === undefined) throw new Error(`${trial.name} has no contender ${contender}`);
  const engine = values.engine as EngineKind;
  const operations = await prepare({ engine, size: trial.full.size, seed: SEED });
  const operation = operations[operationName];
  if (operation === undefined) throw new Error(`${contender} has no operation ${operationName}`);
  const { recorded, sample } = await record(operation, Number(values.seconds) * 1_000);
  const file = `${[...name.split('/'), contender, engine].join('-')}.speedscope.json`;
  const folder = join(ROOT, 'build-profile');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, file), JSON.stringify(toSpeedscope(recorded, name)));
  for (const { share, place } of heaviest(recorded, Number(values.top))) {
    console.log(`${(share * 100).toFixed(1).padStart(5)} %  ${place}`);
  }
  console.log(`\n${JSON.stringify(sample)}\nbuild-profile/${file}`);
}

async function record(operation: Operation, budgetMs: number) {
  await operation.sample(budgetMs);
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: INTERVAL_US });
  await session.post('Profiler.start');
  const sample = await operation.sample(budgetMs);
  const { profile: recorded } = await session.post('Profiler.stop');
  session.disconnect();
  return { recorded, sample };
}
