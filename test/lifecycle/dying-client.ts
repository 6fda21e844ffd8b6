/**
 * A client that opens many watches, sends some requests by halves, never reads on, and waits to be
 * killed. Its standard input is a DyingClientPlan as JSON. Prints a line when all has been sent and
 * every watch has begun.
 */

import http2 from 'node:http2';
import net from 'node:net';
import { json } from 'node:stream/consumers';

/** What it opens; paths are of watches. */
export interface DyingClientPlan {
  /** Of the plain HTTP listener. */
  readonly port: number;
  /** Of the HTTPS listener. */
  readonly securePort: number;
  /** From which its connections come: ports of those that have just died stay taken for a while. */
  readonly localAddress: string;
  /** Each by a connection of its own. */
  readonly paths: readonly string[];
  /** By HTTP/2, on connections of a hundred streams. */
  readonly streamPaths: readonly string[];
  /** Connections that stop within the head of a request, and as many within its body. */
  readonly halves: number;
}

interface Request {
  readonly text: string;
  /** Whether there is an answer to wait for. */
  readonly isWhole: boolean;
}

const STREAMS_PER_CONNECTION = 100;
/** Each waits for the answer to one request before it sends the next: a backlog is finite. */
const SENDERS = 100;
const BEGUN = 'HTTP/1.1 200 ';

const plan = (await json(process.stdin)) as DyingClientPlan;
const waiting = requests(plan).values();
await Promise.all([...Array.from({ length: SENDERS }, sendNext), openStreams(plan)]);
process.stdout.write('sent\n');
setInterval(() => undefined, 1_000_000);

function requests({ paths, halves }: DyingClientPlan): Request[] {
  const head = (method: string, path: string): string =>
    `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n`;
  const [collection = ''] = (paths[0] ?? '').split('?');
  const parts = [
    head('GET', collection),
    `${head('POST', collection)}Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{`,
  ];
  return [
    ...paths.map((path) => ({ text: `${head('GET', path)}\r\n`, isWhole: true })),
    ...parts.flatMap((text) => Array.from({ length: halves }, () => ({ text, isWhole: false }))),
  ];
}

async function sendNext(): Promise<void> {
  for (const request of waiting) await send(request);
}

function send({ text, isWhole }: Request): Promise<void> {
  const { port, localAddress } = plan;
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1', localAddress }, () => {
      socket.write(text, () => {
        if (!isWhole) resolve();
      });
    });
    if (!isWhole) {
      // The server does not wait for the rest for ever.
      socket.on('error', () => undefined);
      return;
    }
    socket.on('error', fail).on('close', () => fail('the connection was closed'));
    // The head has come; what follows is left in the socket.
    socket.once('readable', () => {
      const begin = String(socket.read(BEGUN.length));
      if (begin !== BEGUN) fail(begin);
      resolve();
    });
  });
}

async function openStreams({ securePort, streamPaths }: DyingClientPlan): Promise<void> {
  const opened: Promise<void>[] = [];
  for (let start = 0; start < streamPaths.length; start += STREAMS_PER_CONNECTION) {
    const session = http2.connect(`https://127.0.0.1:${securePort}`, { rejectUnauthorized: false });
    session.on('error', fail).on('close', () => fail('the session was closed'));
    for (const path of streamPaths.slice(start, start + STREAMS_PER_CONNECTION)) {
      const stream = session.request({ ':path': path });
      stream.on('error', fail).on('close', () => fail('the stream was closed'));
      opened.push(
        new Promise((resolve) => {
          stream.once('response', ({ ':status': status }) => {
            if (status !== 200) fail(status);
            resolve();
          });
        }),
      );
    }
  }
  await Promise.all(opened);
}

// A watch is to last until its client dies.
function fail(cause: unknown): never {
  throw new Error('a watch has ended', { cause });
}
