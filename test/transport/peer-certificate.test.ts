/** Client certificates are read without anything being left of them. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { get, type RequestOptions } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import test from 'ava';

import { issue, keyOf } from '../auth/authority.js';

const CHILD = fileURLToPath(new URL('peer-certificate-child.js', import.meta.url));
/** From here on Node keeps a copy of every peer's chain, whichever way it is asked for. */
const LEAKING_NODE = 24;

/** An authority's certificate of some 30 KB: what is left of one is easily seen. */
const HOSTS = 1_000;
/** Until the process has its size. */
const CONNECTIONS_TO_WARM_UP = 100;
const CONNECTIONS = 200;

if (Number.parseInt(process.versions.node, 10) < LEAKING_NODE) {
  test('the certificates of a client that were read are gone with its connection', async (t) => {
    t.timeout(120_000);
    const hosts = Array.from({ length: HOSTS }, (_, index) => `host-${index}.client.example.com`);
    const around = Date.now();
    const issuer = await issue({ subject: 'CN=root', authority: true, hosts, around });
    const issued = await issue({ subject: 'CN=ana', issuer, around });
    const cert = `${issued.pem}\n${issuer.pem}\n`;
    const credentials = { cert, key: await keyOf(issued), rejectUnauthorized: false };
    const server = fork(CHILD, { execArgv: ['--expose-gc', '--max-semi-space-size=4'] });
    t.teardown(() => server.kill());
    const port = await told(server);
    const options = { ...credentials, host: '127.0.0.1', port, agent: false };

    for (let count = 0; count < CONNECTIONS_TO_WARM_UP; count++) await ask(options);
    const before = await measure(server);
    for (let count = 0; count < CONNECTIONS; count++) {
      t.deepEqual(await ask(options), Buffer.from(issuer.raw));
    }
    const grown = (await measure(server)) - before;
    const shown = CONNECTIONS * issuer.raw.byteLength;
    t.log(`${grown} bytes more, behind certificates of ${shown}`);
    t.true(grown < shown);
  });
}

async function ask(options: RequestOptions): Promise<Buffer> {
  const [response] = await once(get(options), 'response');
  return buffer(response);
}

function measure(server: ChildProcess): Promise<number> {
  const answer = told(server);
  server.send('measure');
  return answer;
}

async function told(server: ChildProcess): Promise<number> {
  const [number] = await once(server, 'message');
  return number as number;
}
