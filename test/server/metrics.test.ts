/**
 * What `/metrics` of a live server says: the names, types and labels that docs/metrics.md lists,
 * upstream's buckets, and that each metric moves when what it counts happens.
 */

import http from 'node:http';

import test, { type ExecutionContext } from 'ava';

import { MetricsRegistry } from '../../lib/metrics/index.js';
import { defineResource, readThrough } from '../../lib/rest/index.js';
import { createServer, type ApiServer } from '../../lib/server/index.js';
import { StorageError, type ListOptions, type StoredList } from '../../lib/storage/index.js';
import { AskedStorage } from '../cache/asked-storage.js';
import { ManualClock } from '../clock.js';
import { listedMetrics, parseExposition, type ScrapedMetric } from '../metrics/exposition.js';

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await turn();
}

/** A storage whose first list fails, once it is told to. */
class LateStorage extends AskedStorage {
  fail: (error: Error) => void = () => undefined;
  #isFirst = true;

  override list(prefix: string, options?: ListOptions): Promise<StoredList> {
    if (!this.#isFirst) return super.list(prefix, options);
    this.#isFirst = false;
    return new Promise((_resolve, reject) => void (this.fail = reject));
  }
}

const WIDGETS = '/apis/example.com/v1/namespaces/shop/widgets';

const WATCH_LIST =
  'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';

const widgets = defineResource({ group: 'example.com', version: 'v1', kind: 'Widget' });

const reviews = defineResource({
  group: 'example.com',
  version: 'v1',
  kind: 'Review',
  handlers: {
    list: () => {
      throw new Error('a bug');
    },
    get: () => new Promise<never>(() => undefined),
  },
});

/** Rows of another system; the first poll waits until `poll` is given. */
function goodsOf(poll: () => Promise<readonly { name: string }[]>) {
  return defineResource({
    group: 'example.com',
    version: 'v1',
    kind: 'Good',
    readThrough: readThrough({
      poll: { everyMs: 5_000, list: poll },
      key: ({ name }: { name: string }) => ({ namespace: 'shop', name }),
      object: ({ name }) => ({ metadata: { namespace: 'shop', name } }),
    }),
  });
}

interface Scene {
  readonly server: ApiServer;
  readonly url: string;
  readonly clock: ManualClock;
  readonly storage: LateStorage;
  /** What the other system answers. */
  readonly polls: ((rows: readonly { name: string }[] | Error) => void)[];
}

async function scene(t: ExecutionContext): Promise<Scene> {
  const clock = new ManualClock();
  const storage = new LateStorage(() => clock.now());
  const polls: Scene['polls'] = [];
  const goods = goodsOf(
    () =>
      new Promise((resolve, reject) => {
        polls.push((rows) => (rows instanceof Error ? reject(rows) : resolve(rows)));
      }),
  );
  const metrics = new MetricsRegistry();
  const server = createServer({
    resources: [widgets, reviews, goods],
    storage,
    clock,
    metrics,
    random: () => 0,
    history: { windowMs: 0, entriesMin: 1, entriesMax: 1 },
    authenticator: {
      authenticate: async () => ({ username: 'ana', uid: '', groups: [], extra: {} }),
    },
  });
  t.teardown(() => server.close());
  const { url } = await server.listen();
  return { server, url, clock, storage, polls };
}

function ask(
  url: string,
  method = 'GET',
  body?: object,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const request = http.request(url, { method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const widget = (name: string, value: number, resourceVersion?: string): object => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
  spec: { value },
});

const scrape = async (url: string): Promise<Map<string, ScrapedMetric>> =>
  parseExposition((await ask(`${url}/metrics`)).text);

/** Reads under way, this one included. */
async function inflight(url: string): Promise<number> {
  const gauge = (await ask(`${url}/metrics`)).text;
  return Number(/inflight_requests\{request_kind="readOnly"\} (\d+)/.exec(gauge)?.[1]);
}

/** Lets everything happen that a metric counts. `release` ends what is still under way. */
async function everything(
  t: ExecutionContext,
  { server, url, clock, storage, polls }: Scene,
): Promise<{ release: () => Promise<void> }> {
  storage.fail(new StorageError('unavailable', 'no leader'));
  await until(() => polls.length === 1);
  clock.advance(1_000);
  polls[0]!([{ name: 'lamp' }]);
  await server.ready();
  await until(async () => (await ask(`${url}/readyz`)).status === 200);
  clock.advance(10_000);
  await until(() => polls.length === 2);
  polls[1]!(new Error('no route to host'));

  const late = ask(`${url}/apis/example.com/v1/namespaces/shop/reviews/a?timeout=1s`);
  await until(async () => (await inflight(url)) === 2);
  clock.advance(1_000);
  t.is((await late).status, 504);

  const cache = server.cache('widgets.example.com')!;
  const slow = (await cache.watch()).source();
  const at = `${url}${WIDGETS}`;
  t.is((await ask(at, 'POST', widget('a', 0))).status, 201);
  const stream = http.get(`${at}?${WATCH_LIST}`, { agent: false });
  let seen = '';
  stream.on('response', (response) => {
    response.on('data', (chunk: Buffer) => (seen += chunk.toString()));
  });
  stream.on('error', () => undefined);
  await until(() => seen.includes('ADDED') && seen.includes('initial-events-end'));
  t.is((await ask(`${at}/a`, 'PUT', widget('a', 1, '2'))).status, 200);
  await until(() => seen.includes('MODIFIED'));
  t.is((await ask(`${at}/a`)).status, 200);
  t.is((await ask(at)).status, 200);
  t.is((await ask(`${url}/apis/example.com/v1/namespaces/shop/reviews`)).status, 500);
  t.deepEqual(slow.drain(1), { type: 'end', reason: 'expired' });
  t.is((await cache.checkConsistency()).status, 'success');
  const snapshot = cache.snapshot();

  storage.isAnswering = false;
  await storage.write({ key: '/other/x', expected: 0n, value: Buffer.from('{}') });
  const waiting = Array.from({ length: 3 }, () => ask(at));
  await until(() => storage.requests.length > 0);
  for (let count = 0; count < 50; count++) await turn();
  clock.advance(3_000);
  for (const { status } of await Promise.all(waiting)) t.is(status, 200);
  return {
    release: async () => {
      snapshot.close();
      stream.destroy();
    },
  };
}

test.serial('names, types and labels are those of the list, and each moves', async (t) => {
  const list = await listedMetrics('server');
  t.true(list.size > 30);
  const set = await scene(t);
  const before = await scrape(set.url);
  const { release } = await everything(t, set);
  const after = await scrape(set.url);
  await release();
  t.deepEqual([...after.keys()].sort(), [...list.keys()].sort());
  for (const [name, { type, labels }] of list) {
    const scraped = after.get(name)!;
    t.is(scraped.type, type, name);
    t.deepEqual(scraped.labels, labels, name);
    if (!STEADY.has(name)) {
      t.not(scraped.total, before.get(name)?.total ?? 0, `${name} has not moved`);
    }
  }
});

/** What a server that works does not move; each has a test of its own. */
const STEADY: ReadonlySet<string> = new Set([
  'process_start_time_seconds',
  'shardwatch_metrics_dropped_series_total',
  'shardwatch_serving_threads',
  'shardwatch_thread_restarts_total',
]);

const DURATIONS = '0.05 0.1 0.2 0.4 0.6 0.8 1 1.25 1.5 2 3 4 5 6 8 10 15 20 30 45 60';

const BUCKETS: readonly (readonly [name: string, bounds: string])[] = [
  ['apiserver_request_duration_seconds', `0.005 0.025 ${DURATIONS}`],
  ['apiserver_request_sli_duration_seconds', DURATIONS],
  ['apiserver_response_sizes', '1000 10000 100000 1000000 10000000 100000000 1000000000'],
  ['apiserver_watch_events_sizes', '1024 2048 4096 8192 16384 32768 65536 131072'],
  ['apiserver_watch_list_duration_seconds', '0.05 0.1 0.2 0.4 0.6 0.8 1 2 4 6 8 10 15 20 30 45 60'],
  [
    'apiserver_watch_cache_initialization_duration_seconds',
    '0.05 0.1 0.25 0.5 1 2.5 5 10 30 60 180 600',
  ],
  [
    'apiserver_watch_cache_read_wait_seconds',
    '0.005 0.025 0.05 0.1 0.2 0.4 0.6 0.8 1 1.25 1.5 2 3',
  ],
];

test.serial('histograms have upstream’s buckets', async (t) => {
  const set = await scene(t);
  const { release } = await everything(t, set);
  const after = await scrape(set.url);
  await release();
  const histograms = [...after].filter(([, { type }]) => type === 'histogram');
  t.deepEqual(
    Object.fromEntries(histograms.map(([name, { bounds }]) => [name, bounds.join(' ')])),
    Object.fromEntries(BUCKETS.map(([name, bounds]) => [name, `${bounds} +Inf`])),
  );
});

/** Metrics with the labels by which cases are told apart. */
const SAMPLES: readonly string[] = [
  'apiserver_watch_cache_initializations_total{group="example.com",resource="widgets"} 1',
  'apiserver_watch_cache_initialization_errors_total{group="example.com",resource="widgets"} 1',
  'apiserver_watch_cache_consistent_read_total{group="example.com",resource="widgets",' +
    'success="true",fallback="true"} 3',
  'apiserver_storage_consistency_checks_total{group="example.com",resource="widgets",' +
    'status="success"} 1',
  'apiserver_watch_cache_events_received_total{group="example.com",resource="widgets"} 2',
  'apiserver_init_events_total{group="example.com",resource="widgets"} 1',
  'apiserver_terminated_watchers_total{group="example.com",resource="widgets",reason="expired"} 1',
  'apiserver_terminated_watchers_total{group="example.com",resource="widgets",reason="replaced"} 0',
  'apiserver_longrunning_requests{verb="WATCH",group="example.com",version="v1",' +
    'resource="widgets",subresource="",scope="namespace",component="apiserver"} 1',
  'apiserver_watch_list_duration_seconds_count{group="example.com",version="v1",' +
    'resource="widgets",scope="namespace"} 1',
  'apiserver_cache_list_total{group="example.com",resource="widgets",index=""} 1',
  'apiserver_cache_list_returned_objects_total{group="example.com",resource="widgets"} 1',
  'apiserver_request_terminations_total{verb="GET",group="example.com",version="v1",' +
    'resource="reviews",subresource="",scope="resource",component="apiserver",code="504"} 1',
  'apiserver_resource_objects{group="example.com",resource="goods"} 1',
];

test.serial('samples say which type and what became of it', async (t) => {
  const set = await scene(t);
  const { release } = await everything(t, set);
  const { text } = await ask(`${set.url}/metrics`);
  await release();
  const lines = new Set(text.split('\n'));
  for (const sample of SAMPLES) t.true(lines.has(sample), sample);
});
