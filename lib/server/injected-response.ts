/**
 * What a request without a socket is answered: easy to assert on. An answer with an end is there
 * whole; a watch, which has none, is read event by event until it is closed.
 */

import type { LocalAnswer } from '../transport/index.js';

/** An event of a watch as clients get it. */
export interface InjectedEvent<T = unknown> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  /** An object, a table where one was asked for, or the Status of an ERROR. */
  readonly object: T;
}

export class InjectedResponse {
  readonly status: number;
  /** By lower-case name; a header that is repeated is an array. */
  readonly headers: { readonly [name: string]: string | readonly string[] };
  /** Whether it comes bit by bit, as a watch does: `events` and `chunks` have what comes. */
  readonly isStreaming: boolean;
  readonly #answer: LocalAnswer;
  readonly #whole: Uint8Array | undefined;

  private constructor(answer: LocalAnswer, whole: Uint8Array | undefined) {
    this.status = answer.status;
    this.headers = headersByName(answer.headers);
    this.isStreaming = answer.isStreaming;
    this.#answer = answer;
    this.#whole = whole;
  }

  /** Reads an answer to its end, if it has one. */
  static async of(answer: LocalAnswer): Promise<InjectedResponse> {
    if (answer.isStreaming) return new InjectedResponse(answer, undefined);
    const chunks: Uint8Array[] = [];
    for await (const chunk of answer.body) chunks.push(chunk);
    return new InjectedResponse(answer, Uint8Array.from(Buffer.concat(chunks)));
  }

  /** The body. Throws a TypeError for a streaming answer, as `text` and `json` do. */
  get bytes(): Uint8Array {
    if (this.#whole !== undefined) return this.#whole;
    throw new TypeError('a watch has no body that is ever whole: read events() or chunks()');
  }

  /** First value of a header, whatever the case of its name. */
  header(name: string): string | undefined {
    return [this.headers[name.toLowerCase()] ?? []].flat()[0];
  }

  /** The body as text. */
  text(): string {
    return new TextDecoder().decode(this.bytes);
  }

  /**
   * The body as JSON.parse reads it (integers above 2^53 lose digits: `text` has them all). Throws
   * a SyntaxError when it is none.
   */
  json<T = unknown>(): T {
    return JSON.parse(this.text()) as T;
  }

  /**
   * The events of a watch as they come; ends when the watch does. To be read once; leaving the loop
   * closes the watch.
   */
  async *events<T = unknown>(): AsyncGenerator<InjectedEvent<T>, void, undefined> {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of this.chunks()) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield JSON.parse(line) as InjectedEvent<T>;
    }
  }

  /** The bytes of a streaming answer as they come; of a whole one, its body. */
  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#whole === undefined) yield* this.#answer.body;
    else if (this.#whole.byteLength > 0) yield this.#whole;
  }

  /** Leaves: a watch ends, and who waits for its next event gets none. */
  close(): void {
    this.#answer.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

function headersByName(headers: LocalAnswer['headers']): InjectedResponse['headers'] {
  const byName: { [name: string]: string | string[] } = {};
  for (const [given, value] of headers) {
    const name = given.toLowerCase();
    const present = byName[name];
    byName[name] = present === undefined ? value : [present, value].flat();
  }
  return byName;
}
