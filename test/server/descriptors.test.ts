/** A server that runs out of descriptors: it accepts no more until there are some again. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import test, { type ExecutionContext } from 'ava';

import { duplicateListener, engineReport } from '../../lib/engine/index.js';

const PROGRAM = fileURLToPath(new URL('./threads/few-descriptors.js', import.meta.url));
const SCARCE = 'hardly any descriptors are left for connections';
const ENOUGH = 'there are descriptors for connections again';
/** What the process may have; a server of two threads has about fifty when nobody is connected. */
const LIMIT = 128;
const CONNECTIONS = 200;

/** Whether sockets can be duplicated, without which accepting does not pause. */
const canPause = ((): boolean => {
  try {
    duplicateListener(-1);
  } catch (error) {
    return (error as { readonly code: string }).code === 'invalid-descriptor';
  }
  return true;
})();

interface Child {
  readonly port: number;
  readonly lines: readonly string[];
  until(condition: () => boolean): Promise<void>;
}

async function start(t: ExecutionContext, threads: number): Promise<Child> {
  const command = `ulimit -n ${LIMIT} && exec "$0" "$@"`;
  const child = spawn('bash', ['-c', command, process.execPath, PROGRAM, String(threads)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  t.teardown(async () => {
    child.stdin.end();
    await ended;
  });
  const lines: string[] = [];
  let wake = (): void => undefined;
  createInterface(child.stdout).on('line', (line) => {
    lines.push(line);
    wake();
  });
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise<void>((resolve) => (wake = resolve));
  };
  await until(() => lines.some((line) => line.startsWith('http:')));
  const url = lines.find((line) => line.startsWith('http:'))!;
  return { port: Number(new URL(url).port), lines, until };
}

/** A connection, and what it is told. */
class Line {
  readonly socket: Socket;
  #text = '';

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.setEncoding('utf8').on('data', (text: string) => (this.#text += text));
    this.socket.on('error', () => undefined);
  }

  /** The head of the answer to a request. */
  async get(path: string): Promise<string> {
    this.#text = '';
    this.socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    while (!this.#text.includes('\r\n\r\n')) await once(this.socket, 'data');
    return this.#text.slice(0, this.#text.indexOf('\r\n'));
  }
}

for (const threads of engineReport().kind === 'native' ? [1, 2] : [1]) {
  test.serial(`${threads} threads: accepting pauses, says so once, and goes on`, async (t) => {
    const { port, lines, until } = await start(t, threads);
    const told = (message: string): number => lines.filter((line) => line === message).length;
    const early = new Line(port);
    t.is(await early.get('/readyz'), 'HTTP/1.1 200 OK');
    const crowd = Array.from({ length: CONNECTIONS }, () => new Line(port));
    t.teardown(() => [early, ...crowd].forEach(({ socket }) => socket.destroy()));
    await until(() => told(SCARCE) >= 1);
    t.is(await early.get('/readyz'), 'HTTP/1.1 200 OK', 'who is there is served');
    const late = new Line(port);
    t.teardown(() => late.socket.destroy());
    const waiting = late.get('/readyz');
    waiting.catch(() => undefined);
    crowd.forEach(({ socket }) => socket.destroy());
    await until(() => told(ENOUGH) === told(SCARCE));
    if (canPause) t.is(await waiting, 'HTTP/1.1 200 OK', 'who has waited is served');
    const after = new Line(port);
    t.is(await after.get('/readyz'), 'HTTP/1.1 200 OK');
    after.socket.destroy();
    t.true(told(SCARCE) <= threads, lines.join('\n'));
    t.is(told('a serving thread has ended, and is replaced'), 0);
  });
}
