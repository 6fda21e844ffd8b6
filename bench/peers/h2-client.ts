/**
 * The client of servers that speak HTTP/2 over TLS, as load.c is that of HTTP/1.1: the same command
 * line, commands and answers.
 *
 *   h2-client STREAMS requests|watches PORT CONNECTIONS FILE [LOG]
 *
 * A line of the file is a path. Every connection has that many streams at a time. It costs more
 * than a server does, so rates say more about it than about the server; the server's CPU time does
 * not.
 */

import { openSync, readFileSync, readSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { createInterface } from 'node:readline';

import { BYTES_AT } from './event-log.js';
import { TOKEN } from './load-client.js';

const [streamsText = '', mode, port, connectionsText = '', file = '', log] = process.argv.slice(2);
const streams = Number(streamsText);
const connections = Number(connectionsText);
const targets = readFileSync(file, 'utf8').split('\n');

/** Windows of the client: a list is not to wait for them. */
const WINDOW_BYTES = 16 * 1024 * 1024;

const SILENCE_MS = 30_000;

const headersOf = (path: string) => ({
  ':path': path,
  accept: 'application/json',
  authorization: `Bearer ${TOKEN}`,
});

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function open(): Promise<ClientHttp2Session> {
  return new Promise((resolve) => {
    const session = connect(`https://127.0.0.1:${port}`, {
      rejectUnauthorized: false,
      settings: { initialWindowSize: WINDOW_BYTES },
      maxSessionMemory: 128,
    });
    session.on('error', (error) => fail(`a connection broke: ${error.message}`));
    session.on('close', () => fail('the server ended a connection'));
    session.once('remoteSettings', () => {
      session.setLocalWindowSize(WINDOW_BYTES);
      resolve(session);
    });
  });
}

/** The log as far as it has been read: it only grows. */
class LogReader {
  readonly #file = openSync(log ?? '', 'r');
  #bytes = Buffer.alloc(1024 * 1024);
  #length = 0;

  /** Whether these are the bytes that stand there. */
  has(bytes: Buffer, at: number): boolean {
    const end = at + bytes.length;
    if (end > this.#length) this.#readUntil(end);
    return this.#bytes.compare(bytes, 0, bytes.length, at, end) === 0;
  }

  #readUntil(end: number): void {
    while (this.#bytes.length < end) {
      this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#bytes.length)]);
    }
    readSync(this.#file, this.#bytes, this.#length, end - this.#length, BYTES_AT + this.#length);
    this.#length = end;
  }
}

const NEWLINE = 0x0a;

/** All watches, and how far they are. */
class Watches {
  readonly #log = new LogReader();
  readonly #events: number[] = [];
  #target = 0;
  #behind = 0;
  #reached: () => void = () => undefined;

  async start(sessions: readonly ClientHttp2Session[]): Promise<void> {
    const path = targets[0] ?? '';
    for (const session of sessions) {
      const opening = Array.from({ length: streams }, () => this.#watch(session, path));
      await Promise.all(opening);
    }
  }

  reach(target: number): Promise<void> {
    this.#target = target;
    this.#behind = this.#events.filter((events) => events < target).length;
    if (this.#behind === 0) return Promise.resolve();
    return new Promise((resolve) => (this.#reached = resolve));
  }

  #watch(session: ClientHttp2Session, path: string): Promise<void> {
    const number = this.#events.push(0) - 1;
    let position = 0;
    return new Promise((resolve) => {
      const stream = session.request(headersOf(path));
      stream.on('response', (headers) => {
        if (headers[':status'] !== 200) fail(`a watch was refused: ${headers[':status']}`);
        resolve();
      });
      stream.on('data', (bytes: Buffer) => {
        if (!this.#log.has(bytes, position)) {
          fail(`watch ${number}, byte ${position} of its body: not what was to come`);
        }
        position += bytes.length;
        for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) {
          this.#had(number);
        }
      });
      stream.on('close', () => fail('a watch has ended'));
    });
  }

  #had(number: number): void {
    const events = (this.#events[number] ?? 0) + 1;
    this.#events[number] = events;
    if (events === this.#target && --this.#behind === 0) this.#reached();
  }
}

let nextTarget = 0;

/** Requests one behind the other on each stream, until then; the number and bytes of answers. */
async function run(
  sessions: readonly ClientHttp2Session[],
  deadlineMs: number,
): Promise<{ requests: number; bytes: number }> {
  const ran = { requests: 0, bytes: 0 };
  const work = async (session: ClientHttp2Session): Promise<void> => {
    do {
      const length = await fetchLength(session, targets[nextTarget++ % targets.length] ?? '');
      ran.bytes += length;
      ran.requests++;
    } while (performance.now() < deadlineMs);
  };
  await Promise.all(
    sessions.flatMap((session) => Array.from({ length: streams }, () => work(session))),
  );
  return ran;
}

function fetchLength(session: ClientHttp2Session, path: string): Promise<number> {
  return new Promise((resolve) => {
    const stream = session.request(headersOf(path), { endStream: true });
    let length = 0;
    stream.on('response', (headers) => {
      if (headers[':status'] !== 200) fail(`status ${headers[':status']}`);
    });
    stream.on('data', (bytes: Buffer) => (length += bytes.length));
    stream.on('error', (error) => fail(`a request broke: ${error.message}`));
    stream.on('end', () => resolve(length));
  });
}

const sessions = await Promise.all(Array.from({ length: connections }, open));
const watches = mode === 'watches' ? new Watches() : undefined;
await watches?.start(sessions);
process.stdout.write('ready\n');

for await (const line of createInterface({ input: process.stdin })) {
  const silence = setTimeout(() => fail(`${line} took more than ${SILENCE_MS} ms`), SILENCE_MS);
  const [command, number = 0] = line.split(' ').map((word, at) => (at === 0 ? word : Number(word)));
  if (command === 'reach' && watches !== undefined) {
    await watches.reach(Number(number));
    process.stdout.write(`reached ${number}\n`);
  } else if (command === 'run') {
    const startedMs = performance.now();
    const { requests, bytes } = await run(sessions, startedMs + Number(number));
    const us = Math.round((performance.now() - startedMs) * 1e3);
    process.stdout.write(`ran ${requests} ${bytes} ${us}\n`);
  } else {
    fail(`no such command: ${line}`);
  }
  clearTimeout(silence);
}
process.exit(0);
