/** Who gets into a served API, over real TLS and plain HTTP: certificate, token, or 401. */

import { readFile, writeFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import test from 'ava';
import { generateCertificates } from '../../lib/auth/index.js';
import { systemClock } from '../../lib/storage/index.js';
import { start } from '../witness/command.js';
import { exampleFile, startServer, type ServerProcess } from '../witness/server-process.js';

const PATHS = [
  '/apis/platform.example.com/v1/teams',
  '/apis/platform.example.com/v1/teams?watch=1',
  '/apis',
  '/openapi/v3',
  '/metrics',
  '/version',
  '/nowhere',
];

interface Answered {
  readonly status: number;
  readonly text: string;
}

let server: ServerProcess;

test.before(async () => {
  server = await startServer([
    ...['--store', 'memory', '--crd', exampleFile('crds'), '--load', exampleFile('objects')],
    ...['--token-auth-file', await tokenFile()],
  ]);
});

test.after.always(() => server.stop());

async function tokenFile(): Promise<string> {
  const file = join(process.env['TMPDIR'] ?? '/tmp', `shardwatch-tokens-${process.pid}.csv`);
  await writeFile(file, 'secret-token,ana,1,"team-a,team-b"\n', { mode: 0o600 });
  return file;
}

function ask(url: string, options: https.RequestOptions = {}): Promise<Answered> {
  const send = url.startsWith('https') ? https.get : http.get;
  return new Promise((resolve, reject) => {
    const request = send(url, { agent: false, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}

const pki = async (name: string): Promise<Buffer> =>
  readFile(join(server.folder, 'data', 'pki', name));

test('without credentials everything but probes is answered 401, and no data', async (t) => {
  const ca = await pki('ca.crt');
  for (const path of PATHS) {
    const answer = await ask(server.url + path, { ca });
    t.is(answer.status, 401, path);
    t.like(JSON.parse(answer.text), { kind: 'Status', reason: 'Unauthorized', code: 401 });
  }
  t.is((await ask(`${server.url}/readyz`, { ca })).text, 'ok');
});

test('a certificate of the generated authority is let in', async (t) => {
  const [ca, cert, key] = await Promise.all([pki('ca.crt'), pki('client.crt'), pki('client.key')]);
  const answer = await ask(server.url + (PATHS[0] as string), { ca, cert, key });
  t.is(answer.status, 200);
  t.like(JSON.parse(answer.text), { kind: 'TeamList' });
});

test('a certificate of another authority is not', async (t) => {
  const directory = join(server.folder, 'other-pki');
  const { client } = await generateCertificates({ directory, clock: systemClock });
  const ca = await pki('ca.crt');
  const { cert, key } = client;
  const answer = await ask(server.url + (PATHS[0] as string), { ca, cert, key });
  t.is(answer.status, 401);
});

test('a token of the file is let in, any other is not', async (t) => {
  const ca = await pki('ca.crt');
  const withToken = (token: string): Promise<Answered> =>
    ask(server.url + (PATHS[0] as string), { ca, headers: { authorization: `Bearer ${token}` } });
  t.is((await withToken('secret-token')).status, 200);
  t.is((await withToken('another')).status, 401);
  t.is((await withToken('')).status, 401);
});

test('plain HTTP takes tokens and nothing else', async (t) => {
  const plain = await startServer([
    ...['--store', 'memory', '--crd', exampleFile('crds'), '--insecure-port', '0'],
    ...['--token-auth-file', await tokenFile()],
  ]);
  const url = plain.urls.find((candidate) => candidate.startsWith('http:')) as string;
  t.is((await ask(url + (PATHS[0] as string))).status, 401);
  const headers = { authorization: 'Bearer secret-token' };
  t.is((await ask(url + (PATHS[0] as string), { headers })).status, 200);
  await plain.stop();
});

test('the private files are readable by their owner alone', async (t) => {
  const listed = start('stat', [
    ...['-c', '%a', server.kubeconfig],
    ...['ca.key', 'client.key', 'serving.key'].map((name) =>
      join(server.folder, 'data', 'pki', name),
    ),
  ]);
  await listed.ended;
  t.deepEqual(listed.stdout().trim().split('\n'), ['600', '600', '600', '600']);
});
