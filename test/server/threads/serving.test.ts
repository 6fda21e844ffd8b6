/** Several threads that serve one store: what is written at one is there at all, at once. */

import test, { type ExecutionContext } from 'ava';

import { engineReport } from '../../../lib/engine/index.js';
import { createServer, ServerError } from '../../../lib/server/index.js';
import { MemoryStorage } from '../../../lib/storage/index.js';
import { openShop, serverOptions, type Widget } from './module.js';
import {
  Line,
  linesToThreads,
  MODULE,
  startThreaded,
  threaded,
  until,
  widget,
  widgetsIn,
  WIDGETS,
  Watching,
  type Threaded,
} from './fixture.js';

interface WidgetList {
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
}

const isNative = engineReport().kind === 'native';
/** Only the native engine's caches are shared by threads. */
function threadTest(title: string, run: (t: ExecutionContext) => Promise<void>): void {
  if (isNative) test.serial(title, run);
}

/** One server for the tests that leave it as it is; each has a namespace of its own. */
let shared: Threaded;

test.before(async () => {
  if (isNative) shared = await startThreaded(3);
});

test.after.always(() => shared?.server.close({ graceMs: 0 }));

test('more than one thread on the JavaScript engine is refused, with the reason', (t) => {
  const options = { ...serverOptions(), engine: 'javascript' as const };
  const threads = { count: 2, module: MODULE };
  const error = t.throws(() => createServer({ ...options, threads }), { code: 'not-shareable' });
  t.regex(error.message, /2 serving threads need the native engine.*it was asked for/);
  const alone = createServer({ ...options, threads: { count: 1, module: MODULE } });
  t.deepEqual(alone.threads, []);
  return alone.close();
});

for (const count of [0, 1.5, 65, Number.NaN]) {
  test(`a count of ${count} threads is refused`, (t) => {
    const threads = { count, module: MODULE };
    const make = (): unknown => createServer({ ...serverOptions(), threads });
    t.throws(make, { instanceOf: RangeError, message: /1 to 64/ });
  });
}

test('a module that is no file is refused', (t) => {
  const threads = { count: 2, module: './module.js' };
  const make = (): unknown => createServer({ ...serverOptions(), threads });
  t.throws(make, { instanceOf: TypeError, message: /absolute path: "\.\/module\.js"/ });
});

threadTest('a write at any thread is read at any other at once', async (t) => {
  const { server, url } = shared;
  const widgets = widgetsIn('at-once');
  t.deepEqual(
    server.threads.map(({ thread, state, restarts }) => [thread, state, restarts]),
    [
      [2, 'serving', 0],
      [3, 'serving', 0],
    ],
  );
  const lines = await linesToThreads(t, url, 3);
  let last = '';
  for (let round = 0; round < 30; round++) {
    const writer = lines[round % 3]!;
    const created = await writer.request(widgets, 'POST', widget(`w${round}`, round));
    t.is(created.status, 201, created.text);
    const answers = await Promise.all(
      lines.flatMap((line) => [
        line.request(widgets),
        line.request(`${widgets}/w${round}`),
        line.request(`${widgets}?limit=5`),
      ]),
    );
    for (const { status } of answers) t.is(status, 200);
    for (const list of [answers[0]!, answers[3]!, answers[6]!]) {
      const { items, metadata } = list.json<WidgetList>();
      t.is(items.length, round + 1);
      last = metadata.resourceVersion;
    }
  }
  const bodies = await Promise.all(
    lines.map((line) => line.request(`${widgets}?resourceVersion=${last}`)),
  );
  t.is(new Set(bodies.map(({ text }) => text)).size, 1);
});

threadTest('pages begun at one thread go on at another', async (t) => {
  const { url } = shared;
  const widgets = widgetsIn('pages');
  const [first, second] = await linesToThreads(t, url, 2);
  for (let index = 0; index < 10; index++) {
    await first!.request(widgets, 'POST', widget(`w${index}`, index));
  }
  const names: string[] = [];
  let next: string | undefined = '';
  for (let page = 0; next !== undefined; page++) {
    const line = page % 2 === 0 ? first! : second!;
    const reply = await line.request(`${widgets}?limit=3&continue=${encodeURIComponent(next)}`);
    const { items, metadata }: WidgetList = reply.json<WidgetList>();
    names.push(...items.map((item) => item.metadata.name));
    next = metadata.continue;
  }
  t.deepEqual(
    names,
    Array.from({ length: 10 }, (_, index) => `w${index}`),
  );
});

threadTest('watches of every thread see every write, in one order', async (t) => {
  const { url } = shared;
  const widgets = widgetsIn('watched');
  const lines = await linesToThreads(t, url, 2);
  // Enough that each thread has some of them.
  const watching = Array.from({ length: 12 }, () => new Watching(`${url}${widgets}?watch=true`));
  t.teardown(() => watching.forEach((each) => each.close()));
  const expected: string[] = [];
  for (let index = 0; index < 20; index++) {
    const line = lines[index % 2]!;
    await line.request(widgets, 'POST', widget(`w${index}`, index));
    expected.push(`ADDED w${index} ${index}`);
  }
  for (const each of watching) {
    await each.until(() => each.events.length >= expected.length);
    t.deepEqual(each.events, expected);
  }
});

threadTest('conflicts, hooks and refusals are those of one server', async (t) => {
  const { url } = shared;
  const widgets = widgetsIn('conflicts');
  const lines = await linesToThreads(t, url, 2);
  const created = await lines[0]!.request(widgets, 'POST', widget('a', 0));
  const { metadata } = created.json<Widget>();
  // Each thread has read the same version; one of the writers wins.
  const put = (line: Line, value: number) =>
    line.request(`${widgets}/a`, 'PUT', widget('a', value, metadata.resourceVersion));
  const replies = await Promise.all(lines.map((line, index) => put(line, index + 1)));
  t.deepEqual(replies.map(({ status }) => status).sort(), [200, 409]);
  for (const line of lines) {
    t.is((await line.request(widgets, 'POST', widget('a', 0))).status, 409);
    t.is((await line.request(`${widgets}/none`)).status, 404);
    t.is((await line.request(widgets, 'POST', widget('b', -1))).status, 422);
  }
});

threadTest('a module that fails, or serves something else, is told by ready', async (t) => {
  const CASES = [
    ['throws', /thread 2 did not start: no such vault/],
    ['other-types', /probes\.example\.com .* is missing/],
    ['has-storage', /gives a storage/],
  ] as const;
  for (const [fails, says] of CASES) {
    const threads = { count: 2, module: MODULE, data: { fails } };
    const server = createServer({ ...serverOptions(), threads });
    const error = await t.throwsAsync(() => server.ready(), { instanceOf: ServerError });
    t.is(error.code, 'thread-failed');
    t.regex(error.message, says);
    await server.close();
    t.is(server.threads[0]?.state, 'closed');
  }
});

threadTest('metrics of any thread are those of all of them', async (t) => {
  const { url, server } = await threaded(t, 2);
  const lines = await linesToThreads(t, url, 2);
  for (const line of lines) {
    for (let index = 0; index < 5; index++) t.is((await line.request(WIDGETS)).status, 200);
  }
  await lines[0]!.request(WIDGETS, 'POST', widget('a', 0));
  const total = /^apiserver_request_total\{verb="LIST",.*resource="widgets".*\} (\d+)$/m;
  const objects = /^apiserver_resource_objects\{group="example.com",resource="widgets"\} (\d+)$/m;
  const cpu = /^process_cpu_seconds_total \S+$/gm;
  for (const line of lines) {
    const { text } = await line.request('/metrics');
    t.is(total.exec(text)?.[1], '10');
    t.is(objects.exec(text)?.[1], '1');
    t.is(text.match(cpu)?.length, 1);
  }
  // What a thread has counted stays when it has gone.
  await server.replaceThread(2);
  await until(() => server.threads[0]?.restarts === 1 && server.threads[0].state === 'serving');
  const alone = new Line(url);
  t.is(total.exec((await alone.request('/metrics')).text)?.[1], '10');
  alone.close();
});

threadTest('what only the first thread can check fails the probes of all', async (t) => {
  const vault: { problem?: string } = {};
  const check = (): string | undefined => vault.problem;
  const healthChecks = [{ name: 'vault', endpoints: ['readyz' as const], check }];
  const { url } = await threaded(t, 2, { healthChecks });
  const lines = await linesToThreads(t, url, 2);
  for (const line of lines) t.is((await line.request('/readyz')).status, 200);
  vault.problem = 'sealed';
  for (const line of lines) {
    const { status, text } = await line.request('/readyz');
    t.is(status, 500);
    t.regex(text, /\[-\]vault failed/);
    t.is((await line.request('/livez')).status, 200);
  }
});

threadTest('what can not be read is told by every thread alike', async (t) => {
  const storage = new MemoryStorage();
  for (const [name, value] of [
    ['bad', '{'],
    ['good', JSON.stringify({ metadata: { name: 'good', namespace: 'shop' } })],
  ] as const) {
    const key = `/example.com/widgets/shop/${name}`;
    await storage.write({ key, expected: 0n, value: Buffer.from(value) });
  }
  const threads = { count: 2, module: MODULE };
  const server = createServer({ ...serverOptions(), storage, threads });
  t.teardown(() => server.close({ graceMs: 0 }));
  await server.settled();
  const { url } = await server.listen();
  const lines = await linesToThreads(t, url, 2);
  for (const path of [WIDGETS, `${WIDGETS}/bad`, `${WIDGETS}?limit=10`, `${WIDGETS}?watch=1`]) {
    const [one, other] = await Promise.all(lines.map((line) => line.request(path)));
    t.is(one!.status, path.endsWith('watch=1') ? 429 : 500, path);
    t.is(other!.status, one!.status, path);
    t.deepEqual(other!.json(), one!.json(), path);
  }
  const told = (await lines[1]!.request(WIDGETS)).json<{
    reason: string;
    details: { causes: { field: string }[] };
  }>();
  t.is(told.reason, 'StorageReadError');
  t.deepEqual(
    told.details.causes.map(({ field }) => field),
    ['/example.com/widgets/shop/bad'],
  );
  for (const line of lines) t.is((await line.request(`${WIDGETS}/good`)).status, 200);
  await lines[1]!.request(
    `${WIDGETS}/bad?ignoreStoreReadErrorWithClusterBreakingPotential=true`,
    'DELETE',
  );
  await server.ready();
  for (const line of lines) t.is((await line.request(WIDGETS)).status, 200);
});

threadTest('what any thread writes to another system is read at all, at once', async (t) => {
  const shop = 'shop of threads';
  const rows = new Set(['lamp']);
  t.teardown(openShop(shop, rows));
  const data = { shop };
  const { url } = await threaded(t, 2, {
    ...serverOptions(data, rows),
    threads: { count: 2, module: MODULE, data },
  });
  const lines = await linesToThreads(t, url, 2);
  const goods = '/apis/example.com/v1/goods';
  for (const [index, line] of lines.entries()) {
    const metadata = { name: `good-${index}` };
    const good = { apiVersion: 'example.com/v1', kind: 'Good', metadata };
    const created = await line.request(goods, 'POST', good);
    t.is(created.status, 201, created.text);
    for (const reader of lines) {
      const { items } = (await reader.request(goods)).json<WidgetList>();
      t.is(items.length, index + 2);
    }
  }
});
