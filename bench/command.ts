/** The command line of the benchmarks. */

import { parseArgs } from 'node:util';

import type { EngineKind } from '../lib/engine/index.js';

export const USAGE = `npm run bench -- [NAME...] [options]
npm run bench -- compare BEFORE.json AFTER.json
npm run bench -- charts bench/results/NAME.json...

NAME is a case or how cases begin: list/full-10k, list/, 'list/*'. None: all.

  --quick           fewer objects, fewer and shorter rounds; minutes instead of an hour
  --engine ENGINE   native or javascript alone
  --json            one JSON object a line instead of the table
  --check           tell which goals of bench/goals.tsv are not reached; exit 1 if any
  --save NAME       write the results, with all samples, to bench/results/NAME.json
  --list            the cases there are, with their goals
  --others-max N    count rounds in which other programs used up to N cores (default 0.25)
  --help            this text
`;

export interface RunCommand {
  readonly type: 'run' | 'list';
  readonly names: readonly string[];
  readonly quick: boolean;
  readonly json: boolean;
  readonly check: boolean;
  /** The name of the results' file; undefined where none is written. */
  readonly save: string | undefined;
  readonly engine: EngineKind | undefined;
  readonly othersMax: number | undefined;
}

/** What is done with saved results. */
export type ResultsCommand =
  | {
      readonly type: 'compare';
      readonly before: string;
      readonly after: string;
      readonly json: boolean;
    }
  | { readonly type: 'charts'; readonly results: readonly string[] };

export type Command = RunCommand | ResultsCommand | { readonly type: 'help' };

/** Throws an Error that says what is wrong. */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      save: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      engine: { type: 'string' },
      'others-max': { type: 'string' },
    },
  });
  const { quick, json, check, save, list, help, engine } = values;
  if (help) return { type: 'help' };
  if (positionals[0] === 'compare') {
    const [, before, after, ...more] = positionals;
    if (before === undefined || after === undefined || more.length > 0) {
      throw new Error('compare needs two files');
    }
    return { type: 'compare', before, after, json };
  }
  if (positionals[0] === 'charts') {
    const results = positionals.slice(1);
    if (results.length === 0) throw new Error('charts needs a file');
    return { type: 'charts', results };
  }
  if (save !== undefined && !/^\w[\w.-]*$/.test(save)) {
    throw new Error(`--save takes a name of letters, digits, dots and hyphens, not ${save}`);
  }
  if (engine !== undefined && engine !== 'native' && engine !== 'javascript') {
    throw new Error(`there is no engine ${engine}: native or javascript`);
  }
  const othersMax = parseCores(values['others-max']);
  const type = list ? 'list' : 'run';
  return { type, names: positionals, quick, json, check, save, engine, othersMax };
}

/** Whether a case is meant by the names; no names mean all. */
export function isNamed(name: string, names: readonly string[]): boolean {
  return names.length === 0 || names.some((prefix) => name.startsWith(prefix.replace(/\*$/, '')));
}

function parseCores(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const cores = Number(text);
  if (text.trim() === '' || !(cores >= 0)) throw new Error('--others-max is a number of cores');
  return cores;
}
