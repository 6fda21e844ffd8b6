/**
 * The requests of the soak's readers: pages, and watches whose lines are read as slowly as wished,
 * over HTTPS with a connection for each.
 */

import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request, type RequestOptions } from 'node:https';
import { createInterface } from 'node:readline';

import { parse } from 'yaml';

import type { ItemList } from '../informers/items.js';
import { PATH } from '../informers/items.js';

/** What a watch's line holds. */
export interface WatchLine {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: {
    readonly code?: number;
    readonly message?: string;
    readonly metadata: { readonly name?: string; readonly resourceVersion?: string };
  };
}

/** An answer that is no success. */
export class RefusedError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

interface Kubeconfig {
  readonly clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }];
  readonly users: [{ user: { 'client-certificate-data': string; 'client-key-data': string } }];
}

export class ItemsClient {
  readonly #url: string;
  readonly #credentials: RequestOptions;

  private constructor(url: string, credentials: RequestOptions) {
    this.#url = url;
    this.#credentials = credentials;
  }

  static async open(kubeconfig: string): Promise<ItemsClient> {
    const config = parse(await readFile(kubeconfig, 'utf8')) as Kubeconfig;
    const { cluster } = config.clusters[0];
    const { user } = config.users[0];
    return new ItemsClient(cluster.server, {
      ca: Buffer.from(cluster['certificate-authority-data'], 'base64'),
      cert: Buffer.from(user['client-certificate-data'], 'base64'),
      key: Buffer.from(user['client-key-data'], 'base64'),
      agent: false,
    });
  }

  /** Rejects with a RefusedError, or with what the connection failed of. */
  async list(query: Readonly<Record<string, string>> = {}): Promise<ItemList> {
    const response = await this.#get(query, undefined);
    response.setEncoding('utf8');
    let text = '';
    for await (const chunk of response) text += chunk as string;
    if (response.statusCode !== 200) throw refused(response, text);
    return JSON.parse(text) as ItemList;
  }

  /** The lines of a watch, taken one at a time; it ends when the server ends it. */
  async *watch(
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): AsyncGenerator<WatchLine> {
    const response = await this.#get({ ...query, watch: 'true' }, signal);
    if (response.statusCode !== 200) {
      response.resume();
      throw refused(response, 'the watch was refused');
    }
    const lines = createInterface({ input: response });
    const failure = new Promise<never>((_, reject) => response.once('error', reject));
    failure.catch(() => undefined);
    const iterator = lines[Symbol.asyncIterator]();
    for (;;) {
      const next = await Promise.race([iterator.next(), failure]);
      if (next.done === true) break;
      // A connection that was cut may leave half a line.
      if (response.complete || next.value.endsWith('}')) yield JSON.parse(next.value) as WatchLine;
    }
  }

  #get(
    query: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<IncomingMessage> {
    const url = `${this.#url}${PATH}?${new URLSearchParams(query)}`;
    const options = { ...this.#credentials, ...(signal === undefined ? {} : { signal }) };
    return new Promise((resolve, reject) => {
      request(url, options, resolve).on('error', reject).end();
    });
  }
}

function refused(response: IncomingMessage, text: string): RefusedError {
  const status = response.statusCode ?? 0;
  return new RefusedError(status, `${status}: ${text}`);
}
