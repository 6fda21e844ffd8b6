/**
 * A store that one thread owns and that others ask by postMessage.
 *
 * Every read is a message of its own, as reads come one by one; many are on their way at once, so
 * that nobody waits for a message to go and come.
 */

import { createHash } from 'node:crypto';
import { MessageChannel, type MessagePort } from 'node:worker_threads';

import type { PodIdentity } from '../workload/pods.js';
import { type Interval, nowUs } from './clock.js';
import { Peer } from './peer.js';

/** Reads on their way at once, of each thread. */
const IN_FLIGHT = 64;

export interface OwnerSetup {
  readonly objects: number;
  readonly objectBytes: number;
  readonly updates: number;
  readonly seed: number;
  readonly ports: readonly MessagePort[];
}

export interface AskerSetup {
  readonly port: MessagePort;
  readonly keys: readonly PodIdentity[];
}

/** What a thread that reads is asked for. */
export type AskerJob =
  { readonly type: 'digest' } | { readonly type: 'read'; readonly interval: Interval };

/** Starts the owner, which grows the store, and tells the ports to ask it by. */
export async function startOwner(
  setup: Omit<OwnerSetup, 'ports'>,
  askers: number,
): Promise<readonly MessagePort[]> {
  const channels = Array.from({ length: askers }, () => new MessageChannel());
  const ports = channels.map(({ port2 }) => port2);
  await Peer.start('owner-thread.js', { ...setup, ports } satisfies OwnerSetup, ports);
  return channels.map(({ port1 }) => port1);
}

/** One thread's way to the owner. */
export class Asker {
  readonly #port: MessagePort;
  readonly #keys: readonly PodIdentity[];
  readonly #start: number;

  /** `start`: the first key that it reads. */
  constructor({ port, keys }: AskerSetup, start: number) {
    this.#port = port;
    this.#keys = keys;
    this.#start = start;
  }

  async digest(): Promise<string> {
    const hash = createHash('sha256');
    const keys = this.#keys.length;
    let answered = 0;
    const take = (answer: Uint8Array): boolean => {
      hash.update(answer);
      return ++answered + IN_FLIGHT <= keys;
    };
    await this.#ask(0, take);
    return hash.digest('hex');
  }

  /** How many reads were answered in the interval; never none. */
  async read({ fromUs, toUs }: Interval): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, (fromUs - nowUs()) / 1e3));
    let answered = 0;
    const take = (): boolean => {
      const isInTime = nowUs() < toUs;
      if (isInTime || answered === 0) answered++;
      return isInTime;
    };
    await this.#ask(this.#start, take);
    return answered;
  }

  // Keeps many questions on their way until `take` wants no more of them; takes the answers to all.
  #ask(start: number, take: (answer: Uint8Array) => boolean): Promise<void> {
    const port = this.#port;
    let turn = start;
    let waiting = 0;
    const send = (): void => {
      const { namespace, name } = this.#keys[turn++ % this.#keys.length]!;
      port.postMessage(`${namespace}/${name}`);
      waiting++;
    };
    return new Promise((resolve) => {
      const onAnswer = (answer: Uint8Array): void => {
        waiting--;
        if (take(answer)) send();
        if (waiting > 0) return;
        port.off('message', onAnswer).unref();
        resolve();
      };
      port.on('message', onAnswer);
      for (let count = 0; count < IN_FLIGHT; count++) send();
    });
  }
}
