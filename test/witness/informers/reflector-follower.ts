/**
 * client-go's reflector, in a program of its own (test/witness/client-go), with an account of what
 * it was told. It starts again by itself.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { Account, type Following } from './account.js';

type Told =
  | { readonly type: 'put' | 'delete'; readonly name: string; readonly revision: string }
  | {
      readonly type: 'replace';
      readonly revision: string;
      readonly state?: Readonly<Record<string, string>>;
    };

export interface ReflectorOptions {
  /** The program, built. */
  readonly program: string;
  /** Whether it asks for the initial state as a stream (KEP-3157), or lists. */
  readonly streamsState: boolean;
}

export class ReflectorFollower implements Following {
  readonly account: Account = new Account();
  readonly failures = 0;
  readonly #kubeconfig: string;
  readonly #options: ReflectorOptions;
  #child: ChildProcess | undefined;

  constructor(kubeconfig: string, options: ReflectorOptions) {
    this.#kubeconfig = kubeconfig;
    this.#options = options;
  }

  async start(): Promise<void> {
    const { program, streamsState } = this.#options;
    const child = spawn(program, [this.#kubeconfig], {
      env: { ...process.env, KUBE_FEATURE_WatchListClient: String(streamsState) },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.#child = child;
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => this.#hear(JSON.parse(line) as Told));
    await once(lines, 'line');
  }

  async stop(): Promise<void> {
    if (this.#child === undefined || this.#child.exitCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exited;
  }

  #hear(told: Told): void {
    const revision = Number(told.revision);
    if (told.type === 'replace') {
      const state = Object.entries(told.state ?? {});
      this.account.replaced(new Map(state.map(([name, one]) => [name, Number(one)])), revision);
    } else if (told.type === 'put') this.account.put(told.name, revision);
    else this.account.deleted(told.name, revision);
  }
}
