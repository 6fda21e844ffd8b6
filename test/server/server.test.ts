/** The server put together: readiness, endpoints, metrics, compression, log, and its end. */

import http from 'node:http';
import { gunzipSync } from 'node:zlib';
import test from 'ava';
import type { Authenticator } from '../../lib/auth/index.js';
import { defineResource } from '../../lib/rest/index.js';
import { createServer, silentLogger, type LogFields, type Logger } from '../../lib/server/index.js';
import { MemoryStorage, type Storage } from '../../lib/storage/index.js';
import { ManualClock } from '../clock.js';

const PATH = '/apis/example.com/v1/namespaces/shop/widgets';

const widgets = defineResource({ group: 'example.com', version: 'v1', kind: 'Widget' });

const everybody: Authenticator = {
  authenticate: async () => ({
    username: 'ana',
    uid: '',
    groups: ['system:authenticated'],
    extra: {},
  }),
};

interface Answered {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  text(): string;
}

function ask(url: string, options: http.RequestOptions = {}, body?: string): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { agent: false, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const whole = Buffer.concat(chunks);
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, body: whole, text: () => whole.toString() });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const exposition = async (url: string): Promise<string> => (await ask(`${url}/metrics`)).text();

const widget = (name: string, filler = ''): string =>
  JSON.stringify({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name }, filler });

test('a server needs resources, and no two that claim one name', (t) => {
  t.throws(() => createServer({ resources: [] }), { instanceOf: RangeError });
  const error = t.throws(() => createServer({ resources: [widgets, widgets] }));
  t.regex(error?.message ?? '', /widgets/);
});

for (const [groups, status] of [
  [[], 200],
  [['dev'], 200],
  [['system:unauthenticated'], 403],
] as const) {
  test(`a user whom the authenticator puts in [${groups}] gets ${status}`, async (t) => {
    const user = { username: 'ana', uid: '', groups, extra: {} };
    const server = createServer({
      resources: [widgets],
      authenticator: { authenticate: async () => user },
    });
    t.teardown(() => server.close());
    const { url } = await server.listen();
    t.is((await ask(`${url}/version`)).status, status);
  });
}

test('readiness fails until the caches are filled, and again while the server stops', async (t) => {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const memory = new MemoryStorage();
  const storage = new Proxy<Storage>(memory, {
    get(target, property) {
      if (property === 'list') {
        return async (...args: Parameters<Storage['list']>) => {
          await opened;
          return target.list(...args);
        };
      }
      const value = Reflect.get(target, property, target) as unknown;
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const server = createServer({ resources: [widgets], storage });
  const { url } = await server.listen();
  const early = await ask(`${url}/readyz`);
  t.is(early.status, 500);
  t.regex(early.text(), /\[-\]informer-sync failed/);
  t.is((await ask(`${url}/livez`)).status, 200);
  open();
  await server.ready();
  t.is((await ask(`${url}/readyz`)).text(), 'ok');
  await server.close();
  t.is((await server.inject({ path: PATH })).status, 503);
  t.is(await memory.committedRevision(), 1n, 'a storage that was given is not closed');
  await memory.close();
});

test('endpoints that are no resources', async (t) => {
  const server = createServer({ resources: [widgets], authenticator: everybody });
  const { url } = await server.listen();
  const version = JSON.parse((await ask(`${url}/version`)).text()) as { [name: string]: string };
  t.is(version['major'], '1');
  t.regex(version['gitVersion'] ?? '', /^v1\.\d+\.\d+\+shardwatch-\d/);
  const index = JSON.parse((await ask(`${url}/`)).text()) as { paths: string[] };
  for (const path of ['/apis', '/apis/example.com/v1', '/healthz', '/openapi/v3', '/version']) {
    t.true(index.paths.includes(path), path);
    t.is((await ask(url + path)).status, 200, path);
  }
  const missing = await ask(`${url}/nowhere`);
  t.is(missing.status, 404);
  t.is(missing.text(), '404 page not found\n');
  for (const path of ['/version', '/metrics', '/healthz', '/']) {
    const refused = await ask(url + path, { method: 'POST' });
    t.is(refused.status, 405);
    t.is(refused.headers.allow, 'GET, HEAD');
    t.regex(refused.text(), /the server does not allow this method on the requested resource/);
  }
  const namespace = await ask(`${url}/api/v1/namespaces/shop`);
  t.like(JSON.parse(namespace.text()), { kind: 'Namespace', metadata: { name: 'shop' } });
  t.is((await ask(`${url}/api/v1/namespaces/Not_One`)).status, 404);
  await server.close({ graceMs: 0 });
});

test('metrics count requests by their type, and nothing that clients make up', async (t) => {
  const clock = new ManualClock();
  const server = createServer({ resources: [widgets], authenticator: everybody, clock });
  await server.ready();
  const { url } = await server.listen();
  const headers = { 'content-type': 'application/json' };
  await ask(url + PATH, { method: 'POST', headers }, widget('w'));
  await ask(url + PATH);
  const watching = ask(`${url}${PATH}?watch=1&timeoutSeconds=1&resourceVersion=1`);
  while (server.cache('widgets.example.com')?.stats().watches !== 1) await turn();
  while (!(await exposition(url)).includes('apiserver_watch_events_total{')) await turn();
  clock.advance(1_000);
  await watching;
  await ask(`${url}/apis/made-up.example.com/v1/things`);
  const text = await exposition(url);
  const count = (pattern: string): string | undefined =>
    new RegExp(`^${pattern} (\\S+)$`, 'm').exec(text)?.[1];
  const type = 'group="example.com",version="v1",resource="widgets",subresource=""';
  const requests = (verb: string, scope: string, code: number): string | undefined =>
    count(
      `apiserver_request_total{verb="${verb}",dry_run="",${type},scope="${scope}",` +
        `component="apiserver",code="${code}"}`,
    );
  t.is(requests('POST', 'resource', 201), '1');
  t.is(requests('LIST', 'namespace', 200), '1');
  t.is(requests('WATCH', 'namespace', 200), '1');
  const watched = 'group="example.com",version="v1",resource="widgets"';
  t.is(count(`apiserver_watch_events_total{${watched}}`), '1');
  t.is(
    count(
      `apiserver_longrunning_requests{verb="WATCH",${type},scope="namespace",component="apiserver"}`,
    ),
    '0',
  );
  t.is(count('apiserver_resource_objects{group="example.com",resource="widgets"}'), '1');
  t.notRegex(text, /made-up/);
  await server.close({ graceMs: 0 });
});

test('a big list is compressed for who takes it, a small one is not', async (t) => {
  const server = createServer({ resources: [widgets], authenticator: everybody });
  await server.ready();
  for (let number = 0; number < 40; number++) {
    const body = widget(`w-${number}`, 'x'.repeat(5_000));
    const headers = { 'content-type': 'application/json' };
    t.is((await server.inject({ method: 'POST', path: PATH, headers, body })).status, 201);
  }
  const { url } = await server.listen();
  const headers = { 'accept-encoding': 'gzip' };
  const plain = await ask(url + PATH);
  const zipped = await ask(url + PATH, { headers });
  t.is(zipped.headers['content-encoding'], 'gzip');
  t.is(gunzipSync(zipped.body).toString(), plain.text());
  t.true(zipped.body.length < plain.body.length / 10);
  const small = await ask(`${url}${PATH}?limit=2`, { headers });
  t.is(small.headers['content-encoding'], undefined);
  await server.close({ graceMs: 0 });
});

test('every request is logged for debugging, and what is a bug as an error', async (t) => {
  const lines: [string, string, LogFields][] = [];
  const at =
    (level: string) =>
    (fields: LogFields, message: string): void =>
      void lines.push([level, message, fields]);
  const logger: Logger = { ...silentLogger, debug: at('debug'), error: at('error') };
  const failing: Authenticator = {
    authenticate: async (request) => {
      if (request.path === '/version') throw new TypeError('a bug');
      return everybody.authenticate(request);
    },
  };
  const server = createServer({ resources: [widgets], authenticator: failing, logger });
  await server.ready();
  const { url } = await server.listen();
  await ask(`${url}${PATH}/none`);
  t.like(lines.at(-1)?.[2], { verb: 'get', path: `${PATH}/none`, code: 404 });
  await ask(`${url}/version`);
  t.deepEqual(
    lines.map(([level, message]) => `${level} ${message}`),
    ['debug answered', 'error request failed', 'debug answered'],
  );
  await server.close({ graceMs: 0 });
});
