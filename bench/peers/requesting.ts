/** What a contender offers whose server answers requests: a digest of answers, and their cost. */

import { createHash } from 'node:crypto';
import { get } from 'node:http';
import { connect } from 'node:http2';

import { cpuSince } from '../kernel.js';
import type { Operation, Setup } from '../trials/contract.js';
import { type ClientOptions, LoadClient, type Protocol, TOKEN } from './load-client.js';

/** Answers that are compared before anything is timed. */
const COMPARED_MAX = 64;

export interface RequestOptions {
  readonly protocol: Protocol;
  readonly port: number;
  readonly targets: readonly string[];
  readonly connections: number;
  /** On each connection of HTTP/2. Default 1. */
  readonly streams?: number;
  /** Answers until the compiler has seen everything: earlier it is its work that is measured. */
  readonly warmUp: number;
  /** What all answers have in common, to be counted: bytes of one body. */
  readonly bodyBytes: number;
}

/**
 * `wallUs` between two answers, and `cpuUs` of the server's process for one, with the kernel's time
 * for its sockets: the client is a process of its own.
 */
export function requestOperation(setup: Setup, options: RequestOptions): Operation {
  const { protocol, port, targets, connections, streams = 1, bodyBytes, warmUp } = options;
  const clientOptions: ClientOptions = { protocol, port, targets, connections, streams };
  let client: Promise<LoadClient> | undefined;
  setup.onEnd?.(async () => (await client)?.close());
  return {
    digest: async () => {
      const hash = createHash('sha256');
      for (const target of targets.slice(0, COMPARED_MAX))
        hash.update(await fetchBody(options, target));
      return hash.digest('hex');
    },
    sample: async (budgetMs) => {
      if (client === undefined) {
        client = LoadClient.start(clientOptions);
        for (let answers = 0; answers < warmUp;) {
          answers += (await (await client).run(budgetMs)).requests;
        }
      }
      const before = process.cpuUsage();
      const ran = await (await client).run(budgetMs);
      const cpuUs = cpuSince(before);
      if (ran.bodyBytes !== ran.requests * bodyBytes) {
        throw new Error(`${ran.requests} answers had ${ran.bodyBytes} bytes`);
      }
      return { wallUs: ran.us / ran.requests, cpuUs: cpuUs / ran.requests };
    },
  };
}

function fetchBody({ protocol, port }: RequestOptions, path: string): Promise<Buffer> {
  return protocol === 'http' ? fetchHttp(port, path) : fetchHttp2(port, path);
}

function fetchHttp(port: number, path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${TOKEN}`, accept: 'application/json' };
    const request = get({ port, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks));
        else reject(new Error(`${path}: status ${response.statusCode}`));
      });
    });
    request.on('error', reject);
  });
}

function fetchHttp2(port: number, path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
    session.on('error', reject);
    const headers = { authorization: `Bearer ${TOKEN}`, accept: 'application/json' };
    const stream = session.request({ ':path': path, ...headers });
    const chunks: Buffer[] = [];
    let status: number | undefined;
    stream.on('response', (answer) => (status = answer[':status']));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
    stream.on('end', () => {
      session.close();
      if (status === 200) resolve(Buffer.concat(chunks));
      else reject(new Error(`${path}: status ${status}`));
    });
  });
}
