/** How serving threads end, by accident and on purpose, and what takes their place. */

import http2 from 'node:http2';
import { connect } from 'node:net';
import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';

import test, { type ExecutionContext } from 'ava';

import { generateCertificates, type GeneratedCertificates } from '../../../lib/auth/index.js';
import { engineReport } from '../../../lib/engine/index.js';
import { createServer } from '../../../lib/server/index.js';
import { systemClock } from '../../../lib/storage/index.js';
import { makeFolder } from '../../storage/folder.js';
import { run } from '../../witness/command.js';
import { Line, linesToThreads, MODULE, threaded, until, widget, WIDGETS } from './fixture.js';
import { serverOptions } from './module.js';

function threadTest(title: string, run: (t: ExecutionContext) => Promise<void>): void {
  if (engineReport().kind === 'native') test.serial(title, run);
}

threadTest('a thread that crashes is replaced, and the others go on', async (t) => {
  const { server, url, logged } = await threaded(t, 2);
  const [first, second] = await ordered(t, url);
  await first.request(WIDGETS, 'POST', widget('a', 1));
  await second.request('/apis/example.com/v1/probes/crash').catch(() => undefined);
  await until(() => server.threads[0]?.restarts === 1);
  t.is((await first.request(`${WIDGETS}/a`)).status, 200);
  await until(() => server.threads[0]?.state === 'serving');
  const anew = await linesToThreads(t, url, 2);
  for (const line of anew) t.is((await line.request(`${WIDGETS}/a`)).status, 200);
  t.true(logged.includes('a serving thread has ended, and is replaced'));
  const { text } = await anew[0]!.request('/metrics');
  t.regex(text, /^shardwatch_thread_restarts_total 1$/m);
  t.regex(text, /^shardwatch_serving_threads 2$/m);
  await t.throwsAsync(() => server.replaceThread(3), { instanceOf: RangeError });
});

const HOLD = '/apis/example.com/v1/probes/hold';

/** Lines to the first thread, whose identifier is the lower one, and to the second. */
async function ordered(t: ExecutionContext, url: string): Promise<readonly [Line, Line]> {
  const [one, other] = (await linesToThreads(t, url, 2)) as [Line, Line];
  return (await one.thread()) < (await other.thread()) ? [one, other] : [other, one];
}

threadTest('limits are of all threads, and a thread that ends gives its seats back', async (t) => {
  // As many as `linesToThreads` asks at once.
  const { server, url } = await threaded(t, 2, { maxRequestsInflight: 16 });
  const [first, second] = await ordered(t, url);
  const holders = [...(await ordered(t, url)), ...Array.from({ length: 14 }, () => new Line(url))];
  const holding = holders.map((line) => line.request(HOLD).then(({ status }) => status));
  const ended = Promise.allSettled(holding);
  const isFull = async (line: Line): Promise<boolean> =>
    (await line.request(WIDGETS)).status === 429;
  await until(() => isFull(first));
  t.true(await isFull(second));
  const created = await second.request(WIDGETS, 'POST', widget('a', 1));
  t.is(created.status, 201, 'writes have seats of their own');
  await server.replaceThread(2);
  await until(() => server.threads[0]?.restarts === 1);
  t.is((await first.request(`${WIDGETS}/a`)).status, 200);
  t.is((await first.request('/apis/example.com/v1/probes/all', 'DELETE')).status, 200);
  const results = await ended;
  t.is(results[0]?.status, 'fulfilled');
  t.is(results[1]?.status, 'rejected');
  const { text } = await first.request('/metrics');
  t.regex(text, /^apiserver_request_terminations_total\{.*code="429"\} [1-9]/m);
  holders.forEach((line) => line.close());
});

threadTest('a server that is closed while its threads start leaves none', async (t) => {
  const server = createServer({ ...serverOptions(), threads: { count: 3, module: MODULE } });
  const ready = t.throwsAsync(() => server.ready(), { code: 'closed' });
  await server.close();
  await ready;
  t.deepEqual(
    server.threads.map(({ state }) => state),
    ['closed', 'closed'],
  );
});

interface Session {
  readonly session: http2.ClientHttp2Session;
  /** SHA-256 of the certificate that the server showed. */
  readonly fingerprint: string;
  readonly isGone: () => boolean;
}

async function open(url: string, ca: string): Promise<Session> {
  const session = http2.connect(url, { ca });
  let isGone = false;
  session.on('goaway', () => (isGone = true));
  session.on('error', () => undefined);
  await once(session, 'connect');
  const socket = session.socket as TLSSocket;
  return {
    session,
    fingerprint: socket.getPeerX509Certificate()!.fingerprint256,
    isGone: () => isGone,
  };
}

function get({ session }: Session, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': path });
    let text = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    stream.on('error', reject).on('end', () => resolve(text));
  });
}

const threadOf = async (session: Session): Promise<number> => {
  const text = await get(session, '/apis/example.com/v1/probes/me');
  return (JSON.parse(text) as { spec: { thread: number } }).spec.thread;
};

/** Sessions with two threads. */
async function sessions(url: string, ca: string): Promise<readonly Session[]> {
  const found = new Map<number, Session>();
  while (found.size < 2) {
    const batch = await Promise.all(Array.from({ length: 8 }, () => open(url, ca)));
    for (const session of batch) {
      const thread = await threadOf(session);
      if (found.has(thread)) session.session.destroy();
      else found.set(thread, session);
    }
  }
  return [...found.values()];
}

async function certificates(t: ExecutionContext): Promise<GeneratedCertificates> {
  const directory = await makeFolder(t);
  return generateCertificates({ directory, hosts: ['127.0.0.1'], clock: systemClock });
}

threadTest('another certificate is served by all threads, and by those that come', async (t) => {
  const [one, other] = [await certificates(t), await certificates(t)];
  const ca = `${one.authority.cert}\n${other.authority.cert}`;
  const { server } = await threaded(t, 2);
  const listening = await server.listen({ tls: one.serving });
  const before = await sessions(listening.url, ca);
  const [{ fingerprint: shown }] = before as [Session];
  t.deepEqual(
    before.map(({ fingerprint }) => fingerprint),
    [shown, shown],
  );
  listening.setCertificates(other.serving);
  t.throws(() => listening.setCertificates({ cert: 'none', key: 'none' }), {
    code: 'bad-certificate',
  });
  const showsOther = async (): Promise<boolean> => {
    const after = await sessions(listening.url, ca);
    after.forEach(({ session }) => session.destroy());
    return after.every(({ fingerprint }) => fingerprint !== shown);
  };
  await until(showsOther);
  t.true(before.every(({ session }) => !session.closed));
  await server.replaceThread(2);
  await until(() => server.threads[0]?.state === 'serving');
  t.true(await showsOther());
  before.forEach(({ session }) => session.destroy());
});

threadTest('certificates that change under load break no request', async (t) => {
  const [one, other] = [await certificates(t), await certificates(t)];
  const ca = `${one.authority.cert}\n${other.authority.cert}`;
  const { server } = await threaded(t, 2);
  const listening = await server.listen({ tls: one.serving });
  const kept = await sessions(listening.url, ca);
  const shown = new Set<string>();
  let asked = 0;
  const load = { isOver: false };
  const stay = async (session: Session): Promise<void> => {
    for (; !load.isOver; asked++) await threadOf(session);
  };
  const come = async (): Promise<void> => {
    for (; !load.isOver; asked++) {
      const session = await open(listening.url, ca);
      shown.add(session.fingerprint);
      await threadOf(session);
      session.session.destroy();
    }
  };
  const clients = Promise.all([...kept.map(stay), come(), come(), come(), come()]);
  for (let change = 1; change <= 20; change++) {
    const before = asked;
    listening.setCertificates(change % 2 === 1 ? other.serving : one.serving);
    await Promise.race([clients, until(() => asked > before + 16)]);
  }
  load.isOver = true;
  await clients;
  t.is(shown.size, 2);
  t.true(kept.every(({ session }) => !session.closed));
  kept.forEach(({ session }) => session.destroy());
});

threadTest('closing says goodbye at every thread, and watches end cleanly', async (t) => {
  const { authority, serving } = await certificates(t);
  const { server } = await threaded(t, 2);
  const { url, port } = await server.listen({ tls: serving });
  const both = await sessions(url, authority.cert);
  const watches = both.map((session) => get(session, `${WIDGETS}?watch=true&resourceVersion=1`));
  await until(() => server.cache('widgets.example.com')!.stats().watches === 2);
  await server.close({ graceMs: 10_000 });
  t.deepEqual(await Promise.all(watches), ['', '']);
  await until(() => both.every(({ isGone }) => isGone()));
  const refused = connect(port, '127.0.0.1');
  const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
  t.is(error.code, 'ECONNREFUSED');
  t.deepEqual(
    server.threads.map(({ state }) => state),
    ['closed'],
  );
});

threadTest('a listener that is closed is closed in all threads', async (t) => {
  const { server, url } = await threaded(t, 2);
  const second = await server.listen();
  await second.close({ graceMs: 1_000 });
  const refused = connect(second.port, '127.0.0.1');
  const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
  t.is(error.code, 'ECONNREFUSED');
  const line = new Line(url);
  t.is((await line.request('/readyz')).status, 200);
  line.close();
});

threadTest('threads that end under load lose nothing for clients that reconcile', async (t) => {
  const program = fileURLToPath(new URL('./chaos.js', import.meta.url));
  const { code, stdout, stderr } = await run(process.execPath, [program, '20']);
  t.is(code, 0, stderr);
  t.is(stdout, 'memory: nothing is lost\n');
});
