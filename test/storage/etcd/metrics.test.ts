/**
 * The metrics of etcd: those that docs/metrics.md lists, upstream's buckets and codes, and that
 * each moves when what it counts happens.
 */

import test, { type ExecutionContext } from 'ava';

import { EtcdMetrics, MetricsRegistry } from '../../../lib/metrics/index.js';
import { EtcdClient, EtcdStorage, keyBytes } from '../../../lib/storage/etcd/index.js';
import { listedMetrics, parseExposition } from '../../metrics/exposition.js';
import { put, remove } from '../conformance/subject.js';
import { record } from '../recorder.js';
import { startCluster } from './member.js';

test('what goes to etcd is counted under upstream names, by operation and type', async (t) => {
  const { endpoints } = await startCluster(t);
  const { registry, storage } = await open(t, endpoints);
  const key = '/example.com/widgets/shop/a';
  const recorder = record(storage, '/', await storage.committedRevision());
  await put(storage, key, '1');
  await put(storage, key, '2');
  await recorder.reached(await remove(storage, key));
  await storage.list('/core/pods/');
  t.false((await storage.write({ key, expected: 7n, value: keyBytes('3') })).ok);
  await t.throwsAsync(storage.list('/core/pods/', { revision: 1_000_000n }));
  const lines = (await registry.exposition()).split('\n');
  const widgets = 'group="example.com",resource="widgets"';
  for (const line of [
    `etcd_requests_total{operation="get",${widgets}} 3`,
    `etcd_requests_total{operation="create",${widgets}} 1`,
    // The one that met another revision is no error.
    `etcd_requests_total{operation="update",${widgets}} 2`,
    `etcd_requests_total{operation="delete",${widgets}} 1`,
    'etcd_requests_total{operation="list",group="",resource="pods"} 2',
    'etcd_request_errors_total{operation="list",group="",resource="pods"} 1',
    `etcd_request_duration_seconds_count{operation="create",${widgets}} 1`,
    `etcd_request_duration_seconds_bucket{operation="create",${widgets},le="60"} 1`,
    'grpc_client_handled_total{grpc_type="unary",grpc_service="etcdserverpb.KV",' +
      'grpc_method="Range",grpc_code="OutOfRange"} 1',
    'grpc_client_started_total{grpc_type="unary",grpc_service="etcdserverpb.KV",grpc_method="Txn"} 3',
    'grpc_client_msg_sent_total{grpc_type="unary",grpc_service="etcdserverpb.KV",grpc_method="Txn"} 3',
    // Of the storage's changes and of compactions.
    'grpc_client_msg_sent_total{grpc_type="bidi_stream",grpc_service="etcdserverpb.Watch",' +
      'grpc_method="Watch"} 2',
    `shardwatch_etcd_circuit_state{endpoint="${endpoints[0]}",state="closed"} 1`,
    `shardwatch_etcd_circuit_state{endpoint="${endpoints[0]}",state="open"} 0`,
  ]) {
    t.true(lines.includes(line), line);
  }
  const errors = lines.filter((line) => line.startsWith('etcd_request_errors_total{'));
  t.is(errors.length, 1);
});

test('the page lists the metrics of etcd, and each of them moves', async (t) => {
  const { endpoints, members } = await startCluster(t);
  const { registry, storage } = await open(t, endpoints);
  const idle = parseExposition(await registry.exposition());
  await put(storage, '/g/r/a', '1');
  const standing = parseExposition(await registry.exposition());
  t.true(standing.get('shardwatch_etcd_connections')!.total > 1);
  t.true(standing.get('shardwatch_etcd_outstanding_calls')!.total >= 2);
  await members[0]?.kill();
  const write = { key: '/g/r/b', expected: 0n, value: keyBytes('1') };
  while (storage.problem() === undefined) await t.throwsAsync(storage.write(write));
  await members[0]?.start();
  while (storage.problem() !== undefined) await storage.get('/g/r/a').catch(() => undefined);
  while (storage.client.stats().connectionsReplaced === 0) {
    await storage.get('/g/r/a').catch(() => undefined);
  }
  const moved = parseExposition(await registry.exposition());
  const listed = await listedMetrics('etcd');
  const own = [...moved.keys()].filter(
    (name) => name !== 'shardwatch_metrics_dropped_series_total',
  );
  t.deepEqual(own.toSorted(), [...listed.keys()].toSorted());
  const levels = new Set([
    'shardwatch_etcd_connections',
    'shardwatch_etcd_outstanding_calls',
    'shardwatch_etcd_circuit_state',
  ]);
  for (const [name, { type, labels }] of listed) {
    const metric = moved.get(name)!;
    t.deepEqual([metric.type, metric.labels], [type, labels], name);
    t.true(levels.has(name) || metric.total > (idle.get(name)?.total ?? 0), name);
  }
  t.deepEqual(moved.get('etcd_request_duration_seconds')?.bounds, [
    ...['0.005', '0.025', '0.05', '0.1', '0.2', '0.4', '0.6', '0.8', '1', '1.25', '1.5', '2', '3'],
    ...['4', '5', '6', '8', '10', '15', '20', '30', '45', '60', '+Inf'],
  ]);
});

test('codes are told as Go spells them, and one that nobody knows by its number', async (t) => {
  const registry = new MetricsRegistry();
  const { calls } = new EtcdMetrics(registry);
  for (const code of [0, 1, 14, 16, 99]) calls.onHandled('S', 'M', 'unary', code);
  const text = await registry.exposition();
  for (const code of ['OK', 'Canceled', 'Unavailable', 'Unauthenticated', 'Code(99)']) {
    t.true(text.includes(`grpc_code="${code}"} 1\n`), code);
  }
});

async function open(
  t: ExecutionContext,
  endpoints: readonly string[],
): Promise<{ readonly registry: MetricsRegistry; readonly storage: EtcdStorage }> {
  const registry = new MetricsRegistry();
  const metrics = new EtcdMetrics(registry);
  const client = { endpoints, observer: metrics.calls, connections: 2, timeoutMs: 500 };
  const storage = await EtcdStorage.open({ client, onRequest: metrics.requested });
  t.teardown(() => storage.close());
  t.true(storage.client instanceof EtcdClient);
  metrics.follow(() => storage.client.stats());
  return { registry, storage };
}
