/**
 * A server over lmdb that is restarted, killed and compacted, and whose clients' connections are
 * cut. Its clients keep one address: that of a proxy.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { generateCertificates, writeKubeconfig } from '../../../lib/auth/index.js';
import { systemClock } from '../../../lib/storage/index.js';
import { Proxy } from './proxy.js';

const CHILD = fileURLToPath(new URL('./server-child.js', import.meta.url));

/** What the server has, after its garbage is collected. */
export interface ServerMeasure {
  /** Resident memory that is the process's own. */
  readonly anonymousBytes: number;
  /** Resident pages of files: the program's, and those of lmdb's map that were touched. */
  readonly fileBytes: number;
  readonly heapBytes: number;
  /** Buffers and what else is outside of the heap that JavaScript holds. */
  readonly externalBytes: number;
  /** What the cache has allocated. */
  readonly reservedBytes: number;
  readonly watches: number;
  readonly watchGroups: number;
  readonly logEntries: number;
}

/** What the server's process is asked for. */
export type ServerOrder = 'compact' | 'measure';

/** What the server's process tells. */
export type ServerMessage =
  | { readonly type: 'ready'; readonly port: number }
  | { readonly type: 'compacted' }
  | ({ readonly type: 'measured' } & ServerMeasure)
  /** Somebody asked for the initial state as a stream (KEP-3157). */
  | { readonly type: 'streamed' };

export class TroubledServer {
  /** How often an initial state was asked for as a stream. */
  streamed = 0;
  /** Through the proxy whose connections are cut. */
  readonly kubeconfig: string;
  /** Through one that only restarts cut: for whoever writes. */
  readonly writersKubeconfig: string;
  readonly followers: Proxy;
  readonly writers: Proxy;
  readonly folder: string;
  #child: ChildProcess | undefined;

  private constructor(folder: string, followers: Proxy, writers: Proxy) {
    this.folder = folder;
    this.followers = followers;
    this.writers = writers;
    this.kubeconfig = join(folder, 'followers.kubeconfig');
    this.writersKubeconfig = join(folder, 'writers.kubeconfig');
  }

  static async start(): Promise<TroubledServer> {
    const folder = await mkdtemp(join(tmpdir(), 'shardwatch-informers-'));
    const directory = join(folder, 'pki');
    const { authority, client } = await generateCertificates({ directory, clock: systemClock });
    const proxies = [await Proxy.listen(), await Proxy.listen()] as const;
    const made = new TroubledServer(folder, ...proxies);
    for (const [file, proxy] of [
      [made.kubeconfig, made.followers],
      [made.writersKubeconfig, made.writers],
    ] as const) {
      const server = `https://127.0.0.1:${proxy.port}`;
      writeKubeconfig(file, { server, ca: authority.cert, ...client });
    }
    await made.#begin();
    return made;
  }

  /** Ends the server's process by the signal, and begins another one over the same store. */
  async restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#end(signal);
    await this.#begin();
  }

  /** Drops all history that the store has. */
  async compact(): Promise<void> {
    await this.#ask('compact', 'compacted');
  }

  measure(): Promise<ServerMeasure> {
    return this.#ask('measure', 'measured');
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    await Promise.all([this.followers.close(), this.writers.close()]);
    await rm(this.folder, { recursive: true, force: true });
  }

  async #ask<Type extends ServerMessage['type']>(
    order: ServerOrder,
    type: Type,
  ): Promise<MessageOf<Type>> {
    const answer = messageOf(this.#child!, type);
    this.#child!.send(order);
    return answer;
  }

  async #begin(): Promise<void> {
    // How much of a large young generation is resident at a moment says nothing.
    const child = fork(CHILD, [this.folder], {
      execArgv: ['--expose-gc', '--max-semi-space-size=4'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`the server ended with ${String(code)} before it was ready`);
    });
    child.on('message', ({ type }: ServerMessage) => void (type === 'streamed' && this.streamed++));
    const { port } = await Promise.race([messageOf(child, 'ready'), ended]);
    // From now on an end is what somebody has asked for.
    ended.catch(() => undefined);
    this.followers.targetPort = this.writers.targetPort = port;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.followers.targetPort = this.writers.targetPort = undefined;
    const exited = once(this.#child!, 'exit');
    this.#child!.kill(signal);
    await exited;
  }
}

type MessageOf<Type> = Extract<ServerMessage, { readonly type: Type }>;

/** The next message of that type. */
function messageOf<Type extends ServerMessage['type']>(
  child: ChildProcess,
  type: Type,
): Promise<MessageOf<Type>> {
  return new Promise((resolve) => {
    const hear = (message: ServerMessage): void => {
      if (message.type !== type) return;
      child.off('message', hear);
      resolve(message as MessageOf<Type>);
    };
    child.on('message', hear);
  });
}
