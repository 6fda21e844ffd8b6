/**
 * Metrics of an etcd that keeps the objects: what the storage asks of it and what goes over the
 * wire under upstream's names, labels and buckets (kube-apiserver 1.37; the calls are those of
 * go-grpc-prometheus), members and connections under names of our own.
 *
 *     const metrics = new EtcdMetrics(registry);
 *     const client = { endpoints, observer: metrics.calls };
 *     const storage = await EtcdStorage.open({ client, onRequest: metrics.requested });
 *     metrics.follow(() => storage.client.stats());
 */

import type { BucketCounts } from './buckets.js';
import type { Family, MetricsRegistry, NumberSeries, Sample } from './registry.js';
import { DURATION_BUCKETS_SECONDS } from './requests.js';

/** What a storage has asked of etcd. */
export interface EtcdRequest {
  /** `get`, `list`, `create`, `update`, `delete`, `getCurrentResourceVersion`. */
  readonly operation: string;
  readonly group: string;
  /** Plural, without the group; empty where it is about no type. */
  readonly resource: string;
  readonly durationMs: number;
  readonly hasFailed: boolean;
}

/** Of one member, as an EtcdClient's `stats()` has them. */
export interface EtcdEndpointSample {
  readonly endpoint: string;
  /** `closed`, `open` or `half-open`. */
  readonly circuit: string;
  readonly connections: number;
  readonly outstanding: number;
}

export interface EtcdPoolSample {
  readonly endpoints: readonly EtcdEndpointSample[];
  readonly connectionsOpened: number;
  readonly connectionsClosed: number;
  readonly connectionsReplaced: number;
}

/** `service` and `method` by their names in the .proto; `type` is `unary` or `bidi_stream`. */
export type OnCall = (service: string, method: string, type: string) => void;

/** Told of each attempt of each call; an EtcdClient takes it as its `observer`. */
export interface EtcdCalls {
  readonly onStarted: OnCall;
  /** `code` is gRPC's number. */
  readonly onHandled: (service: string, method: string, type: string, code: number) => void;
  readonly onSent: OnCall;
  readonly onReceived: OnCall;
}

export class EtcdMetrics {
  /** The observer of a client. */
  readonly calls: EtcdCalls;
  /** Counts what a storage has asked. */
  readonly requested: (request: EtcdRequest) => void;
  readonly #registry: MetricsRegistry;

  /** Throws an Error where the registry has such metrics already. */
  constructor(registry: MetricsRegistry) {
    this.#registry = registry;
    this.calls = callMetrics(registry);
    this.requested = requestMetrics(registry);
  }

  /** Members and connections: `stats` is called on every scrape. Once only. */
  follow(stats: () => EtcdPoolSample): void {
    for (const [type, name, help, value] of POOL_COLUMNS) {
      const collect = (): Sample[] => [{ labels: [], value: value(stats()) }];
      this.#registry.observed(type, { name, help }, collect);
    }
    for (const [name, help, value] of ENDPOINT_COLUMNS) {
      this.#registry.observed('gauge', { name, help, labels: ['endpoint'] }, () =>
        stats().endpoints.map((member) => ({ labels: [member.endpoint], value: value(member) })),
      );
    }
    const circuits = {
      name: 'shardwatch_etcd_circuit_state',
      help: 'Whether a member of etcd is used: 1 for the state that its circuit is in.',
      labels: ['endpoint', 'state'],
    };
    this.#registry.observed('gauge', circuits, () => stats().endpoints.flatMap(circuitSamples));
  }
}

function requestMetrics(registry: MetricsRegistry): (request: EtcdRequest) => void {
  const labels = ['operation', 'group', 'resource'];
  const durations: Family<BucketCounts> = registry.histogram({
    name: 'etcd_request_duration_seconds',
    help: 'How long requests to etcd took, in seconds, repetitions included.',
    labels,
    buckets: DURATION_BUCKETS_SECONDS,
  });
  const total: Family<NumberSeries> = registry.counter({
    name: 'etcd_requests_total',
    help: 'Requests to etcd.',
    labels,
  });
  const errors: Family<NumberSeries> = registry.counter({
    name: 'etcd_request_errors_total',
    help: 'Requests to etcd that failed.',
    labels,
  });
  return ({ operation, group, resource, durationMs, hasFailed }) => {
    durations.with(operation, group, resource).observe(durationMs / 1_000);
    total.with(operation, group, resource).value++;
    if (hasFailed) errors.with(operation, group, resource).value++;
  };
}

function callMetrics(registry: MetricsRegistry): EtcdCalls {
  const labels = ['grpc_type', 'grpc_service', 'grpc_method'];
  const counting = (name: string, help: string): OnCall => {
    const family = registry.counter({ name, help, labels });
    return (service, method, type) => void family.with(type, service, method).value++;
  };
  const handled = registry.counter({
    name: 'grpc_client_handled_total',
    help: 'Calls that are over, by the code they ended with.',
    labels: [...labels, 'grpc_code'],
  });
  return {
    onStarted: counting('grpc_client_started_total', 'Calls that were begun.'),
    onSent: counting('grpc_client_msg_sent_total', 'Messages that were sent.'),
    onReceived: counting('grpc_client_msg_received_total', 'Messages that were received.'),
    onHandled: (service, method, type, code) => {
      handled.with(type, service, method, GRPC_CODES[code] ?? `Code(${code})`).value++;
    },
  };
}

function circuitSamples({ endpoint, circuit }: EtcdEndpointSample): Sample[] {
  return CIRCUIT_STATES.map((state) => ({
    labels: [endpoint, state],
    value: state === circuit ? 1 : 0,
  }));
}

const CIRCUIT_STATES = ['closed', 'open', 'half-open'];

const POOL_COLUMNS: readonly (readonly [
  type: 'counter',
  name: string,
  help: string,
  value: (pool: EtcdPoolSample) => number,
])[] = [
  [
    'counter',
    'shardwatch_etcd_connections_opened_total',
    'Connections to etcd that were opened.',
    (pool) => pool.connectionsOpened,
  ],
  [
    'counter',
    'shardwatch_etcd_connections_closed_total',
    'Connections to etcd that were closed, or broke.',
    (pool) => pool.connectionsClosed,
  ],
  [
    'counter',
    'shardwatch_etcd_connections_replaced_total',
    'Connections to etcd that kept failing and were replaced.',
    (pool) => pool.connectionsReplaced,
  ],
];

const ENDPOINT_COLUMNS: readonly (readonly [
  name: string,
  help: string,
  value: (member: EtcdEndpointSample) => number,
])[] = [
  [
    'shardwatch_etcd_connections',
    'Connections to a member of etcd that stand.',
    (member) => member.connections,
  ],
  [
    'shardwatch_etcd_outstanding_calls',
    'Calls and streams to a member of etcd that are under way.',
    (member) => member.outstanding,
  ],
];

// As Go's gRPC spells them, by their numbers.
const GRPC_CODES = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];
