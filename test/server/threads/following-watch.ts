/** A list and a watch that goes on from where it was, whenever its connection ends. */

import assert from 'node:assert/strict';
import http from 'node:http';

import type { Widget } from './module.js';

interface Event {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: Widget;
}

export class FollowingWatch {
  readonly #url: string;
  readonly #state = new Map<string, number>();
  #revision = 0;
  #isStopped = false;
  #request: http.ClientRequest | undefined;
  #wake: () => void = () => undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** Follows until it is stopped. */
  async run(): Promise<void> {
    while (!this.#isStopped) await this.#follow();
  }

  stop(): void {
    this.#isStopped = true;
    this.#request?.destroy();
  }

  async reached(revision: number): Promise<void> {
    while (this.#revision < revision) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  state(): readonly (readonly [string, number])[] {
    return [...this.#state].sort();
  }

  #follow(): Promise<void> {
    const from = this.#revision === 0 ? '' : `&resourceVersion=${this.#revision}`;
    return new Promise((resolve) => {
      let rest = '';
      const options = { agent: false } as const;
      const request = http.get(`${this.#url}?watch=true${from}`, options, (response) => {
        assert.equal(response.statusCode, 200);
        response.setEncoding('utf8').on('data', (chunk: string) => {
          const lines = (rest + chunk).split('\n');
          // What a thread was sending when it ended: not whole, and not counted.
          rest = lines.pop() ?? '';
          for (const line of lines) this.#take(JSON.parse(line) as Event, from === '');
        });
        response.on('error', () => undefined);
        response.on('close', () => resolve());
      });
      request.on('error', () => resolve());
      this.#request = request;
    });
  }

  #take({ type, object }: Event, isFromState: boolean): void {
    if (type === 'BOOKMARK') return;
    const { name, resourceVersion } = object.metadata;
    const revision = Number(resourceVersion);
    assert.notEqual(type, 'ERROR');
    // The initial state comes in the order of the names.
    if (!isFromState) assert.ok(revision > this.#revision, `${revision} > ${this.#revision}`);
    this.#revision = Math.max(this.#revision, revision);
    if (type === 'DELETED') this.#state.delete(name);
    else this.#state.set(name, object.spec.value);
    this.#wake();
  }
}
