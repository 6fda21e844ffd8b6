import test from 'ava';

import {
  BucketCounts,
  CacheActivityMetrics,
  InflightRequests,
  lastingMetrics,
  mergedExposition,
  MetricsRegistry,
  registerCacheMetrics,
  registerProcessMetrics,
  RequestMetrics,
  requestVerb,
  type RequestKind,
} from '../../lib/metrics/index.js';
import type { CacheSample, RequestLabels } from '../../lib/metrics/index.js';

async function linesOf(registry: MetricsRegistry, name: string): Promise<string[]> {
  const text = await registry.exposition();
  return text.split('\n').filter((line) => line.startsWith(name) && !line.startsWith('#'));
}

test('counters and gauges are exposed with their labels, help and type', async (t) => {
  const registry = new MetricsRegistry();
  const family = registry.counter({ name: 'things_total', help: 'Things.', labels: ['a', 'b'] });
  const series = family.with('x', 'y "quoted"');
  series.value++;
  series.value += 2;
  t.is(family.with('x', 'y "quoted"'), series);
  registry.gauge({ name: 'level', help: 'Level.' }).with().value = -1.5;
  const text = await registry.exposition();
  t.true(text.includes('# HELP things_total Things.\n# TYPE things_total counter\n'));
  t.true(text.includes('things_total{a="x",b="y \\"quoted\\""} 3\n'));
  t.true(text.includes('# TYPE level gauge\nlevel -1.5\n'));
  t.is(registry.contentType, 'text/plain; version=0.0.4; charset=utf-8');
});

test('registries are independent, and a name is taken once in each', (t) => {
  const definition = { name: 'things_total', help: 'Things.' };
  const registry = new MetricsRegistry();
  registry.counter(definition);
  t.notThrows(() => new MetricsRegistry().counter(definition));
  t.throws(() => registry.gauge(definition), { message: /things_total/ });
});

test('a series with the wrong number of labels is a mistake', (t) => {
  const family = new MetricsRegistry().counter({ name: 'a_total', help: '', labels: ['x', 'y'] });
  t.throws(() => family.with('one'), { instanceOf: RangeError });
});

test('an observation counts in every bucket at or above it', (t) => {
  const counts = new BucketCounts([1, 2, 5]);
  for (const value of [0, 1, 1.5, 2, 5, 6, 1000]) counts.observe(value);
  t.deepEqual(counts.cumulative(), [
    ['1', 2],
    ['2', 4],
    ['5', 5],
    ['+Inf', 7],
  ]);
  t.is(counts.count, 7);
  t.is(counts.sum, 1015.5);
});

test('a histogram is exposed with buckets, sum and count', async (t) => {
  const registry = new MetricsRegistry();
  const family = registry.histogram({
    name: 'sizes',
    help: 'Sizes.',
    labels: ['a'],
    buckets: [1, 10],
  });
  family.with('x').observe(3);
  t.deepEqual(await linesOf(registry, 'sizes'), [
    'sizes_bucket{a="x",le="1"} 0',
    'sizes_bucket{a="x",le="10"} 1',
    'sizes_bucket{a="x",le="+Inf"} 1',
    'sizes_sum{a="x"} 3',
    'sizes_count{a="x"} 1',
  ]);
});

test('label values can not fill the memory: the rest is counted, not kept', async (t) => {
  const registry = new MetricsRegistry();
  const family = registry.counter({ name: 'things_total', help: '', labels: ['name'] });
  for (let index = 0; index < 20_010; index++) family.with(String(index)).value++;
  t.is((await linesOf(registry, 'things_total')).length, 20_000);
  t.deepEqual(await linesOf(registry, 'shardwatch_metrics_dropped_series_total'), [
    'shardwatch_metrics_dropped_series_total 10',
  ]);
});

const LABELS: RequestLabels = {
  verb: 'LIST',
  dryRun: '',
  group: 'example.com',
  version: 'v1',
  resource: 'widgets',
  subresource: '',
  scope: 'namespace',
};
const TYPE = 'group="example.com",version="v1",resource="widgets"';
const SCOPE = `${TYPE},subresource="",scope="namespace",component="apiserver"`;

test('a request is counted by labels, time and size, under the usual names', async (t) => {
  const registry = new MetricsRegistry();
  const metrics = new RequestMetrics(registry);
  metrics.answered(LABELS, 200, 0.03, 5_000);
  metrics.answered(LABELS, 200, 90);
  metrics.answered({ ...LABELS, verb: 'POST', dryRun: 'All' }, 201, 0.001, 5_000);
  t.deepEqual(await linesOf(registry, 'apiserver_request_total'), [
    `apiserver_request_total{verb="LIST",dry_run="",${SCOPE},code="200"} 2`,
    `apiserver_request_total{verb="POST",dry_run="All",${SCOPE},code="201"} 1`,
  ]);
  const durations = await linesOf(registry, 'apiserver_request_duration_seconds');
  const labels = `verb="LIST",dry_run="",${SCOPE}`;
  for (const [bound, count] of [
    ['0.025', 0],
    ['0.05', 1],
    ['60', 1],
    ['+Inf', 2],
  ] as const) {
    const line = `apiserver_request_duration_seconds_bucket{${labels},le="${bound}"} ${count}`;
    t.true(durations.includes(line), line);
  }
  t.is(durations.filter((line) => line.includes('LIST')).length, 26);
  const sizes = await linesOf(registry, 'apiserver_response_sizes_count');
  t.deepEqual(sizes, [`apiserver_response_sizes_count{verb="LIST",${SCOPE}} 1`]);
});

test('a long-running request counts until it ends, once', async (t) => {
  const registry = new MetricsRegistry();
  const metrics = new RequestMetrics(registry);
  const end = metrics.longRunning({ ...LABELS, verb: 'WATCH' });
  const value = async (): Promise<string | undefined> =>
    (await linesOf(registry, 'apiserver_longrunning_requests'))[0]?.split(' ').at(-1);
  t.is(await value(), '1');
  end();
  end();
  t.is(await value(), '0');
});

test('watch events are counted with their sizes', async (t) => {
  const registry = new MetricsRegistry();
  const events = new RequestMetrics(registry).watchEvents('example.com', 'v1', 'widgets');
  for (const bytes of [100, 1024, 2000, 1_000_000]) events.sent(bytes);
  t.deepEqual(await linesOf(registry, 'apiserver_watch_events_total'), [
    `apiserver_watch_events_total{${TYPE}} 4`,
  ]);
  const sizes = await linesOf(registry, 'apiserver_watch_events_sizes');
  t.is(sizes.length, 8 + 1 + 2);
  t.true(sizes.includes(`apiserver_watch_events_sizes_bucket{${TYPE},le="1024"} 2`));
  t.true(sizes.includes(`apiserver_watch_events_sizes_bucket{${TYPE},le="131072"} 3`));
});

for (const [verb, isApply, label] of [
  ['get', false, 'GET'],
  ['list', false, 'LIST'],
  ['watch', false, 'WATCH'],
  ['create', false, 'POST'],
  ['post', false, 'POST'],
  ['update', false, 'PUT'],
  ['patch', false, 'PATCH'],
  ['patch', true, 'APPLY'],
  ['delete', false, 'DELETE'],
  ['deletecollection', false, 'DELETECOLLECTION'],
  ['connect', false, 'CONNECT'],
  ['', false, 'OTHER'],
  ['propfind', false, 'OTHER'],
] as const) {
  const what = `${JSON.stringify(verb)}${isApply ? ' of an apply' : ''}`;
  test(`the verb ${what} is counted as ${label}`, (t) => {
    t.is(requestVerb(verb, isApply), label);
  });
}

const SAMPLE: CacheSample = {
  group: 'example.com',
  resource: 'widgets',
  objects: 3,
  resourceVersion: '41',
  bytesLive: 100,
  bytesRetained: 20,
  bytesFree: 5,
  logEntries: 7,
  eventsReceived: 9,
  eventsDispatched: 12,
  eventsReplayed: 5,
  roots: 2,
  watches: 4,
  watchGroups: 1,
  watchesTerminated: { expired: 5, replaced: 6 },
};

test("caches are asked on every scrape, under kube-apiserver's names", async (t) => {
  const registry = new MetricsRegistry();
  let caches = [SAMPLE];
  registerCacheMetrics(registry, () => caches);
  t.deepEqual(await linesOf(registry, 'apiserver_storage_objects'), [
    'apiserver_storage_objects{resource="widgets.example.com"} 3',
  ]);
  caches = [{ ...SAMPLE, group: '', resource: 'configmaps', objects: 8, resourceVersion: '42' }];
  t.deepEqual(await linesOf(registry, 'apiserver_storage_objects'), [
    'apiserver_storage_objects{resource="configmaps"} 8',
  ]);
  const labels = '{group="",resource="configmaps"}';
  const text = await registry.exposition();
  for (const line of [
    `apiserver_resource_objects${labels} 8`,
    `apiserver_resource_size_estimate_bytes${labels} 100`,
    `apiserver_watch_cache_resource_version${labels} 42`,
    `apiserver_watch_cache_events_received_total${labels} 9`,
    `apiserver_watch_cache_events_dispatched_total${labels} 12`,
    `apiserver_init_events_total${labels} 5`,
    `shardwatch_watch_cache_history_events${labels} 7`,
    `shardwatch_watch_cache_retained_bytes${labels} 20`,
    `shardwatch_watch_cache_free_bytes${labels} 5`,
    `shardwatch_watch_cache_roots${labels} 2`,
    `shardwatch_watches${labels} 4`,
    `shardwatch_watch_groups${labels} 1`,
    'apiserver_terminated_watchers_total{group="",resource="configmaps",reason="expired"} 5',
    'apiserver_terminated_watchers_total{group="",resource="configmaps",reason="replaced"} 6',
  ]) {
    t.true(text.includes(`${line}\n`), line);
  }
});

test('revisions that a double does not hold are told by their last fifteen digits', async (t) => {
  const registry = new MetricsRegistry();
  registerCacheMetrics(registry, () => [{ ...SAMPLE, resourceVersion: '18446744073709551615' }]);
  t.deepEqual(await linesOf(registry, 'apiserver_watch_cache_resource_version'), [
    'apiserver_watch_cache_resource_version{group="example.com",resource="widgets"} 744073709551615',
  ]);
});

test('what caches do is counted, with upstream’s buckets', async (t) => {
  const registry = new MetricsRegistry();
  const activity = new CacheActivityMetrics(registry).of('example.com', 'widgets');
  const lines = (name: string): Promise<string[]> => linesOf(registry, name);
  const labels = 'group="example.com",resource="widgets"';
  t.deepEqual(await lines('apiserver_watch_cache_initializations_total'), [
    `apiserver_watch_cache_initializations_total{${labels}} 0`,
  ]);
  activity.filled(0.07);
  activity.filled(700);
  activity.fillFailed();
  activity.waited(0);
  activity.waited(2.5);
  activity.consistentRead(true, 'false');
  activity.consistentRead(false, 'skipped');
  activity.consistentRead(true, 'false');
  activity.compared('failure');
  t.deepEqual(
    [
      ...(await lines('apiserver_watch_cache_initializations_total')),
      ...(await lines('apiserver_watch_cache_initialization_errors_total')),
      ...(await lines('apiserver_watch_cache_consistent_read_total')),
      ...(await lines('apiserver_storage_consistency_checks_total')),
    ],
    [
      `apiserver_watch_cache_initializations_total{${labels}} 2`,
      `apiserver_watch_cache_initialization_errors_total{${labels}} 1`,
      `apiserver_watch_cache_consistent_read_total{${labels},success="true",fallback="false"} 2`,
      `apiserver_watch_cache_consistent_read_total{${labels},success="false",fallback="skipped"} 1`,
      `apiserver_storage_consistency_checks_total{${labels},status="failure"} 1`,
    ],
  );
  const fills = 'apiserver_watch_cache_initialization_duration_seconds';
  t.true((await lines(fills)).includes(`${fills}_bucket{${labels},le="0.1"} 1`));
  t.true((await lines(fills)).includes(`${fills}_bucket{${labels},le="600"} 1`));
  const waits = 'apiserver_watch_cache_read_wait_seconds';
  t.true((await lines(waits)).includes(`${waits}_bucket{${labels},le="0.005"} 1`));
  t.true((await lines(waits)).includes(`${waits}_bucket{${labels},le="3"} 2`));
});

test('requests in flight are told as the most there were in the last second', async (t) => {
  const registry = new MetricsRegistry();
  let now = 1_000_000;
  const counts = { readOnly: 0, mutating: 0 };
  const inflight = new InflightRequests(
    registry,
    () => now,
    (kind) => counts[kind],
  );
  const enter = (kind: RequestKind): void => inflight.entered(kind, ++counts[kind]);
  const leave = (kind: RequestKind): void => {
    inflight.leaving(kind);
    counts[kind]--;
  };
  const values = async (): Promise<number[]> =>
    (await linesOf(registry, 'apiserver_current_inflight_requests')).map((line) =>
      Number(line.split(' ').at(-1)),
    );
  t.deepEqual(await values(), [0, 0]);
  for (let count = 0; count < 3; count++) enter('readOnly');
  enter('mutating');
  for (let count = 0; count < 2; count++) leave('readOnly');
  t.deepEqual(await values(), [3, 1]);
  now += 1_000;
  leave('mutating');
  t.deepEqual(await values(), [3, 1], 'a second ago');
  now += 1_000;
  t.deepEqual(await values(), [1, 1], 'the mutating one ended within the second before');
  now += 1_000;
  t.deepEqual(await values(), [1, 0]);
  now += 3_600_000;
  leave('readOnly');
  t.deepEqual(await values(), [1, 0]);
  now += 2_000;
  t.deepEqual(await values(), [0, 0]);
});

test('the process is described by finite numbers', async (t) => {
  const registry = new MetricsRegistry();
  const stop = registerProcessMetrics(registry);
  t.teardown(stop);
  for (const name of [
    'process_cpu_seconds_total',
    'process_start_time_seconds',
    'process_resident_memory_bytes',
    'nodejs_heap_size_used_bytes',
    'nodejs_external_memory_bytes',
    'nodejs_eventloop_lag_mean_seconds',
    'nodejs_eventloop_lag_p99_seconds',
  ]) {
    const [line] = await linesOf(registry, name);
    const value = Number(line?.split(' ')[1]);
    t.true(Number.isFinite(value) && value >= 0, line);
  }
});

test('a collector that fails fails the scrape, and only that', async (t) => {
  const registry = new MetricsRegistry();
  let broken = true;
  registry.observed('gauge', { name: 'level', help: '' }, () => {
    if (broken) throw new Error('a bug');
    return [{ labels: [], value: 1 }];
  });
  await t.throwsAsync(registry.exposition(), { message: 'a bug' });
  broken = false;
  t.deepEqual(await linesOf(registry, 'level'), ['level 1']);
});

/** The registry of a thread that has counted, measured and observed `count` times. */
function threadRegistry(count: number): MetricsRegistry {
  const registry = new MetricsRegistry();
  const of = (verb: string) => ({ name: `${verb}_total`, help: 'Requests.', labels: ['verb'] });
  const requests = registry.counter(of('requests'));
  requests.with('GET').value = count;
  if (count > 2) requests.with('PUT').value = 1;
  registry.gauge({ name: 'level', help: 'Level.' }).with().value = count;
  registry.gauge({ name: 'lag', help: 'Lag.', over: 'max' }).with().value = count;
  registry.observed('gauge', { name: 'objects', help: 'Objects.', over: 'first' }, () => [
    { labels: [], value: 7 * count },
  ]);
  const sizes = registry.histogram({ name: 'sizes', help: 'Sizes.', buckets: [1, 10] });
  for (let index = 0; index < count; index++) sizes.with().observe(5);
  return registry;
}

const samplesOf = (text: string): string[] =>
  text.split('\n').filter((line) => line !== '' && !/^#|dropped/.test(line));

test('metrics of several threads become one text, each in its own way', async (t) => {
  const snapshots = await Promise.all([2, 3].map((count) => threadRegistry(count).snapshot()));
  // As they come out of a message.
  const text = await mergedExposition(structuredClone(snapshots));
  t.deepEqual(samplesOf(text), [
    'requests_total{verb="GET"} 5',
    'requests_total{verb="PUT"} 1',
    'level 5',
    'lag 3',
    'objects 14',
    'sizes_bucket{le="1"} 0',
    'sizes_bucket{le="10"} 5',
    'sizes_bucket{le="+Inf"} 5',
    'sizes_sum 25',
    'sizes_count 5',
  ]);
  t.true(text.includes('# HELP sizes Sizes.\n# TYPE sizes histogram\n'));
});

test('what a thread counted stays when it has ended, what it measured does not', async (t) => {
  const [main, ...ended] = await Promise.all(
    [2, 3, 4].map((count) => threadRegistry(count).snapshot()),
  );
  const lasting = await lastingMetrics(ended);
  const samples = samplesOf(await mergedExposition([main!, structuredClone(lasting)]));
  t.deepEqual(samples.slice(0, 5), [
    'requests_total{verb="GET"} 9',
    'requests_total{verb="PUT"} 2',
    'level 2',
    'lag 2',
    'objects 14',
  ]);
  t.is(samples.at(-1), 'sizes_count 9');
});
