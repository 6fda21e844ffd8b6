/** A TCP port of loopback for a program that can't tell which one it took. */

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * A port that nobody listens on. It lies below the ports that systems give to outgoing connections
 * (Linux: from 32 768, RFC 6335: from 49 152), since one of those may be taken by any connection
 * before the program listens, or while it is down between two starts.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, END_OF_PORTS);
    if (!given.has(port) && (await isFree(port))) {
      given.add(port);
      return port;
    }
  }
}

const FIRST_PORT = 12_000;
const END_OF_PORTS = 32_000;

/** What this process has given away: two programs may ask before the first of them listens. */
const given = new Set<number>();

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
