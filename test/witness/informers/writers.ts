/**
 * Lanes that each create, patch and delete an object of their own, through restarts: a request
 * whose answer is lost is not repeated, the lane looks what has become of its object.
 */

import { setTimeout as pause } from 'node:timers/promises';

import { type ApiAnswer, type ApiClient, apiClient } from '../api-client.js';
import { type Item, item, type ItemList, PATH } from './items.js';

const LANES = 32;
/** A lane deletes its object after so many steps. */
const STEPS = 6;
/** Between attempts while the server is away. */
const RETRY_MS = 25;

export class Writers {
  readonly #kubeconfig: string;
  #client: Promise<ApiClient> | undefined;
  // What each lane does next; unknown at first, and where an answer was lost.
  readonly #steps: (number | undefined)[] = [];
  #made = 0;
  #acknowledged = 0;

  constructor(kubeconfig: string) {
    this.#kubeconfig = kubeconfig;
  }

  /** Changes that were answered, or may have been made. */
  get made(): number {
    return this.#made;
  }

  /** The highest revision that a writer was told. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Makes changes until there were so many, and waits for their answers. */
  async make(changes: number): Promise<void> {
    const lane = async (number: number): Promise<void> => {
      const path = `${PATH}/item-${number}`;
      while (this.#made < changes) {
        this.#made++;
        const step = this.#steps[number] ?? ((await this.#isThere(path)) ? 1 : 0);
        try {
          await this.#change(number, path, step);
          this.#steps[number] = (step + 1) % STEPS;
        } catch {
          this.#steps[number] = undefined;
        }
      }
    };
    await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
  }

  /** All there is, at one revision. */
  async list(): Promise<ItemList> {
    const answer = await this.#insist('GET', PATH);
    return answer.json<ItemList>();
  }

  async close(): Promise<void> {
    (await this.#client)?.close();
  }

  async #change(number: number, path: string, step: number): Promise<void> {
    const client = await this.#connected();
    const type = 'application/merge-patch+json';
    const answer = await (step === 0
      ? client.request('POST', PATH, item(number))
      : step === STEPS - 1
        ? client.request('DELETE', path)
        : client.request('PATCH', path, { spec: { step } }, type));
    if (answer.status >= 300) throw new Error(answer.text);
    const { resourceVersion = '0' } = answer.json<Partial<Item>>().metadata ?? {};
    this.#acknowledged = Math.max(this.#acknowledged, Number(resourceVersion));
  }

  async #isThere(path: string): Promise<boolean> {
    return (await this.#insist('GET', path)).status === 200;
  }

  async #insist(method: string, path: string): Promise<ApiAnswer> {
    for (;;) {
      try {
        const answer = await (await this.#connected()).request(method, path);
        if (answer.status === 200 || answer.status === 404) return answer;
      } catch {
        // The connection went with the server; the next one may find another.
        this.#client = undefined;
      }
      await pause(RETRY_MS);
    }
  }

  #connected(): Promise<ApiClient> {
    this.#client ??= apiClient(this.#kubeconfig);
    return this.#client;
  }
}
