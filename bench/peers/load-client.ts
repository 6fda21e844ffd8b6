/**
 * The client of a server under measurement, as the server's process sees it: a process of its own
 * that does one thing after the other (load.c for HTTP/1.1, h2-client.ts for HTTP/2).
 */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';

import { ROOT } from '../machine.js';

const FOLDER = join(ROOT, 'build-load');
const PROGRAM = join(FOLDER, 'load');

/** Why there is no client for HTTP/1.1 here, or undefined. */
export function loadClientProblem(): string | undefined {
  if (existsSync(PROGRAM)) return undefined;
  const report = join(FOLDER, 'reason.txt');
  const reason = existsSync(report) ? readFileSync(report, 'utf8') : 'it was not built';
  return `no client to measure with: ${reason}`;
}

export type Protocol = 'http' | 'h2';

export interface ClientOptions {
  readonly protocol: Protocol;
  readonly port: number;
  readonly connections: number;
  /** Of HTTP/2, on each connection. Default 1. */
  readonly streams?: number;
  /** Paths with their queries; asked for in turn, or the first one by every watch. */
  readonly targets: readonly string[];
  /** With it, every stream is a watch that is held against it. */
  readonly log?: string;
  /** Of HTTP/1.1: each connection is a watch of one of the targets, and its events are noted. */
  readonly isRecording?: boolean;
}

/** An event that a watch was sent. */
export interface Recorded {
  /** By `process.hrtime`: when its last byte was read from the socket. */
  readonly arrivedNs: bigint;
  readonly revision: bigint;
  /** From 0; it has the target of that place. */
  readonly connection: number;
  /** FNV-1a, 32 bits, of its line without the newline. */
  readonly hash: number;
}

/** What was answered in a time. */
export interface Ran {
  readonly requests: number;
  readonly bodyBytes: number;
  readonly us: number;
}

export interface Latencies {
  readonly count: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

const RECORDS = 'records';
const RECORD_BYTES = 24;

/** Any token: servers under measurement know nobody else. */
export const TOKEN = 'bench';

export class LoadClient {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: Interface;
  readonly #folder: string;
  #said = '';

  private constructor(child: ChildProcessWithoutNullStreams, folder: string) {
    this.#child = child;
    this.#folder = folder;
    this.#lines = createInterface({ input: child.stdout });
    child.stderr.on('data', (text) => (this.#said += text));
    // What it says when it ends is what went wrong; a broken pipe is not.
    child.stdin.on('error', () => undefined);
  }

  /** Resolves when all connections are open, and all watches answered. */
  static async start(options: ClientOptions): Promise<LoadClient> {
    const folder = mkdtempSync(join(tmpdir(), 'shardwatch-bench-'));
    const file = join(folder, 'requests');
    writeFileSync(file, requestsText(options));
    const client = new LoadClient(spawn(...commandOf(options, folder)), folder);
    const remove = (): void => rmSync(folder, { recursive: true, force: true });
    if (options.isRecording === true) client.#child.once('close', remove);
    try {
      await client.#next('ready');
    } finally {
      if (options.isRecording === true) rmSync(file);
      else remove();
    }
    return client;
  }

  /** Sends requests on every connection for that long, each when the one before was answered. */
  async run(durationMs: number): Promise<Ran> {
    const [requests = 0, bodyBytes = 0, us = 0] = await this.#ask(`run ${durationMs}`, 'ran');
    return { requests, bodyBytes, us };
  }

  /**
   * Resolves when every watch has had that many events; where they are noted, when there are so
   * many in all since they were asked for last.
   */
  async reach(events: number): Promise<void> {
    await this.#ask(`reach ${events}`, 'reached');
  }

  /** Of the events that were delivered since it was asked last. */
  async latencies(): Promise<Latencies> {
    const figures = await this.#ask('latencies', 'latencies');
    const [count = 0, p50Us = 0, p99Us = 0, maxUs = 0] = figures;
    return { count, p50Us, p99Us, maxUs };
  }

  /** Those since it was asked last, in the order in which they came. */
  async records(): Promise<readonly Recorded[]> {
    const [count = 0] = await this.#ask('records', 'records');
    const bytes = readFileSync(join(this.#folder, RECORDS));
    return Array.from({ length: count }, (_, index) => {
      const at = index * RECORD_BYTES;
      return {
        arrivedNs: bytes.readBigUInt64LE(at),
        revision: bytes.readBigUInt64LE(at + 8),
        connection: bytes.readUInt32LE(at + 16),
        hash: bytes.readUInt32LE(at + 20),
      };
    });
  }

  /** Ends it; resolves when it has ended. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill();
    await ended;
  }

  #ask(command: string, answer: string): Promise<readonly number[]> {
    this.#child.stdin.write(`${command}\n`);
    return this.#next(answer);
  }

  #next(answer: string): Promise<readonly number[]> {
    return new Promise((resolve, reject) => {
      const settle = (work: () => void): void => {
        this.#lines.off('line', onLine);
        this.#child.off('close', onEnd).off('error', onError);
        work();
      };
      const onLine = (line: string): void => {
        const [word, ...numbers] = line.split(' ');
        if (word === answer) settle(() => resolve(numbers.map(Number)));
        else settle(() => reject(new Error(`the client said ${line}`)));
      };
      const onError = (error: Error): void => settle(() => reject(error));
      const onEnd = (): void =>
        settle(() => reject(new Error(`the client has ended: ${this.#said.trim()}`)));
      this.#lines.on('line', onLine);
      this.#child.on('close', onEnd).on('error', onError);
    });
  }
}

function commandOf(options: ClientOptions, folder: string): [string, string[]] {
  const { protocol, port, connections, streams = 1, isRecording = false } = options;
  const log = isRecording ? join(folder, RECORDS) : options.log;
  const mode = isRecording ? 'records' : log === undefined ? 'requests' : 'watches';
  const which = [
    mode,
    String(port),
    String(connections),
    join(folder, 'requests'),
    ...(log === undefined ? [] : [log]),
  ];
  if (protocol === 'http') return [PROGRAM, which];
  const program = join(import.meta.dirname, 'h2-client.js');
  return [process.execPath, [program, String(streams), ...which]];
}

function requestsText({ protocol, port, targets }: ClientOptions): string {
  if (protocol === 'h2') return targets.join('\n');
  return targets
    .map((target) => {
      const head = [
        `GET ${target} HTTP/1.1`,
        `Host: 127.0.0.1:${port}`,
        'Accept: application/json',
        `Authorization: Bearer ${TOKEN}`,
      ];
      const text = `${head.join('\r\n')}\r\n\r\n`;
      return `${text.length}\n${text}`;
    })
    .join('');
}
