/** A contender as the command sees it: a fresh process that is asked and answers. */

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

import type { EngineKind } from '../lib/engine/index.js';
import type { Answer, Question } from './protocol.js';
import type { Sample, TrialSize } from './trials/contract.js';

/** Which contender of which trial. */
export interface ContenderSpec {
  readonly trial: string;
  readonly contender: string;
  readonly engine: EngineKind;
  readonly size: TrialSize;
  readonly seed: number;
}

export interface Contender {
  /** 0 where it is no process. */
  readonly pid: number;
  /** Names of the operations it offers. */
  readonly operations: readonly string[];
  digest(operation: string): Promise<string | undefined>;
  sample(operation: string, budgetMs: number): Promise<Sample>;
  close(): void;
}

/** Starts contenders; injected where no process is wanted. */
export type Launch = (spec: ContenderSpec) => Promise<Contender>;

/** Half a million parsed objects need more than a default heap. */
const EXEC_ARGV = ['--expose-gc', '--max-old-space-size=8192'];

/** Starts the process and lets it prepare itself. Rejects with what went wrong there. */
export const launchProcess: Launch = async (spec) => {
  const child = fork(join(import.meta.dirname, 'child.js'), [], { execArgv: EXEC_ARGV });
  try {
    const prepared = await ask(child, { type: 'prepare', ...spec }, 'prepared');
    return new ContenderProcess(child, prepared.operations);
  } catch (error) {
    child.kill();
    throw new Error(`${spec.trial}: ${spec.contender} (${spec.engine})`, { cause: error });
  }
};

class ContenderProcess implements Contender {
  readonly operations: readonly string[];
  readonly #child: ChildProcess;

  constructor(child: ChildProcess, operations: readonly string[]) {
    this.#child = child;
    this.operations = operations;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async digest(operation: string): Promise<string | undefined> {
    return (await ask(this.#child, { type: 'digest', operation }, 'digest')).digest;
  }

  async sample(operation: string, budgetMs: number): Promise<Sample> {
    return (await ask(this.#child, { type: 'sample', operation, budgetMs }, 'sample')).sample;
  }

  close(): void {
    this.#child.kill();
  }
}

function ask<Type extends Answer['type']>(
  child: ChildProcess,
  question: Question,
  expected: Type,
): Promise<Extract<Answer, { type: Type }>> {
  return new Promise((resolve, reject) => {
    const settle = (work: () => void): void => {
      child.off('message', onMessage).off('exit', onExit).off('error', reject);
      work();
    };
    const onMessage = (answer: Answer): void => {
      if (answer.type === expected) settle(() => resolve(answer as never));
      else settle(() => reject(new Error('message' in answer ? answer.message : answer.type)));
    };
    const onExit = (code: number | null, signal: string | null): void => {
      settle(() => reject(new Error(`the process ended (${signal ?? code})`)));
    };
    child.on('message', onMessage).on('exit', onExit).on('error', reject);
    child.send(question);
  });
}
