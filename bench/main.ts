/**
 * `npm run bench`: runs what the command line asks for.
 *
 * Rows go to standard output, progress to standard error. Exit codes: 0; 1 where results differed,
 * a contender failed, `--check` found a goal that is not reached, or a file holds no results; 2 for
 * a wrong command line.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { isNamed, parseCommand, type ResultsCommand, type RunCommand, USAGE } from './command.js';
import { compareResults, formatChanges } from './compare.js';
import { launchProcess } from './contender.js';
import { type Goal, goalText, judge, parseGoals } from './goals.js';
import { readLoad } from './load.js';
import { describeMachine, machineText, ROOT } from './machine.js';
import { writeReport } from './report.js';
import { readResults, saveResults } from './results.js';
import { isMeasured, type Row } from './row.js';
import { run } from './run.js';
import { formatSummary, formatTable, formatVerdicts } from './table.js';
import { TRIALS } from './trials/index.js';

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let command;
  try {
    command = parseCommand(args);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  switch (command.type) {
    case 'help':
      console.log(USAGE);
      return 0;
    case 'compare':
    case 'charts':
      try {
        await showResults(command);
        return 0;
      } catch (error) {
        console.error((error as Error).message);
        return 1;
      }
    case 'list':
      console.log(listText(goalsNamed(command.names)));
      return 0;
    case 'run':
      return measureAndPrint(command);
  }
}

async function showResults(command: ResultsCommand): Promise<void> {
  if (command.type === 'charts') {
    for (const path of await writeReport(command.results, readGoals())) console.log(path);
    return;
  }
  const changes = compareResults(readResults(command.before), readResults(command.after));
  if (command.json) for (const change of changes) console.log(JSON.stringify(change));
  else console.log(formatChanges(changes));
}

async function measureAndPrint(command: RunCommand): Promise<number> {
  const { names, quick, json, save, engine, othersMax } = command;
  const goals = goalsNamed(names);
  const hasRows = TRIALS.some(({ rows }) => rows.some((plan) => isNamed(plan.case, names)));
  // A goal may be there before its rows, and rows may be without a goal.
  if (goals.length === 0 && !hasRows) {
    console.error(`no case begins with ${names.join(' or ')}`);
    return 2;
  }
  const measuredAt = new Date().toISOString();
  const machine = describeMachine();
  let saved: string | undefined;
  const { rows } = await run({
    trials: TRIALS,
    names,
    quick,
    engine,
    othersMax,
    machine: machineText(machine),
    launch: launchProcess,
    readLoad,
    say: (text) => void process.stderr.write(`${text}\n`),
    onRows: (rows) => {
      if (json) for (const row of rows) console.log(JSON.stringify(row));
    },
    // After every trial, so that a run that is interrupted keeps what it had.
    onResult: (result) => {
      if (save !== undefined) saved = saveResults(save, { measuredAt, machine, quick, ...result });
    },
  });
  if (!json) {
    console.log(`${machineText(machine)}\n\n${formatTable(rows, goals)}\n\n${formatSummary(rows)}`);
  }
  if (saved !== undefined) process.stderr.write(`${saved}\n`);
  const isChecked = !command.check || check(goals, rows, command);
  return isChecked && !rows.some(isBroken) ? 0 : 1;
}

function check(goals: readonly Goal[], rows: readonly Row[], { engine }: RunCommand): boolean {
  const verdicts = judge(goals, rows, engine).filter(({ result }) => result !== 'reached');
  if (verdicts.length > 0) process.stderr.write(`\n${formatVerdicts(verdicts)}\n`);
  return verdicts.every(({ result }) => result !== 'short');
}

function isBroken(row: Row): boolean {
  return !isMeasured(row) && (row.status === 'refused' || row.status === 'failed');
}

function goalsNamed(names: readonly string[]): readonly Goal[] {
  return readGoals().filter((goal) => isNamed(goal.case, names));
}

function readGoals(): readonly Goal[] {
  return parseGoals(readFileSync(join(ROOT, 'bench', 'goals.tsv'), 'utf8'));
}

function listText(goals: readonly Goal[]): string {
  const cases = new Set(TRIALS.flatMap((trial) => trial.rows.map((plan) => plan.case)));
  return goals
    .map((goal) => {
      const { case: name, against, meaning } = goal;
      const missing = cases.has(name) ? '' : ' (not there yet)';
      const about = meaning === '' ? '' : `: ${meaning}`;
      return `${name} against ${against}, ${goalText(goal)}${missing}${about}`;
    })
    .join('\n');
}
