/** What the trials about etcd find where something is lost, doubled or out of order. */

import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';

import test from 'ava';

import { DroppedConnections } from '../../bench/peers/dropped-connections.js';
import type { Recorded } from '../../bench/peers/load-client.js';
import type { Acknowledged } from '../../bench/peers/paced-writer.js';
import { faultOf } from '../../bench/peers/stored-writes.js';
import { checkDeliveries } from '../../bench/peers/watched-etcd.js';
import { fnv1a, modifiedLine, smallPod } from '../../bench/workload/small-pods.js';

const writes: readonly Acknowledged[] = [
  { pod: 1, revision: '12', atNs: '0', hash: 120 },
  { pod: 0, revision: '11', atNs: '0', hash: 110 },
  { pod: 1, revision: '101', atNs: '0', hash: 1010 },
];
const told = (connection: number, revision: bigint, hash = Number(revision) * 10): Recorded => ({
  arrivedNs: 0n,
  connection,
  revision,
  hash,
});
const ALL = [11n, 12n, 101n];

test('deliveries as they were written pass, in any order of connections', (t) => {
  const all = [1, 0].flatMap((connection) => ALL.map((revision) => told(connection, revision)));
  t.notThrows(() => checkDeliveries(all, writes, 'all', 2));
  const own = [told(1, 12n), told(0, 11n), told(1, 101n)];
  t.notThrows(() => checkDeliveries(own, writes, 'own', 2));
});

for (const [title, records, message] of [
  ['a gap', [told(0, 11n), told(0, 101n)], /watch 0 was told 2 of 3/],
  ['a double', [...ALL, 101n].map((revision) => told(0, revision)), /watch 0 was told 4 of 3/],
  ['another order', [12n, 11n, 101n].map((revision) => told(0, revision)), /12 in the place of 11/],
  ['other bytes', [told(0, 11n), told(0, 12n, 7), told(0, 101n)], /12 in the place of 12/],
] as const) {
  test(`deliveries with ${title} are refused`, (t) => {
    t.throws(() => checkDeliveries(records, writes, 'all', 1), { message });
  });
}

test("another watch's event is refused", (t) => {
  const records = [told(1, 12n), told(1, 11n), told(1, 101n)];
  t.throws(() => checkDeliveries(records, writes, 'own', 2), {
    message: /watch 0 was told 0 of 1/,
  });
});

test('what a key was told is held against what was acknowledged', (t) => {
  t.is(faultOf({ acknowledged: [1n, 3n], told: [1n, 3n], unknown: 0 }), undefined);
  t.is(faultOf({ acknowledged: [1n, 3n], told: [1n, 2n, 3n], unknown: 1 }), undefined);
  t.regex(faultOf({ acknowledged: [1n, 3n], told: [1n], unknown: 0 })!, /not know of 3/);
  t.regex(faultOf({ acknowledged: [1n, 3n], told: [1n, 3n, 3n], unknown: 0 })!, /doubled/);
  t.regex(faultOf({ acknowledged: [1n, 3n], told: [3n, 1n], unknown: 0 })!, /out of order/);
  t.regex(faultOf({ acknowledged: [1n], told: [1n, 2n], unknown: 0 })!, /1 more than/);
});

test('connections to the port are dropped, the oldest first, and no others', async (t) => {
  const listen = async (): Promise<number> => {
    const server = createServer((socket) => socket.on('error', () => undefined)).listen(0);
    t.teardown(() => server.close());
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const [port, otherPort] = [await listen(), await listen()];
  const drops = new DroppedConnections(`http://127.0.0.1:${port}`);
  t.teardown(() => drops.close());
  const opened = [];
  for (const to of [otherPort, port, port]) {
    const socket = connect(to, '127.0.0.1');
    t.teardown(() => socket.destroy());
    await once(socket, 'connect');
    opened.push(socket);
  }
  const [other, first, second] = opened;
  drops.start(1);
  await once(first!, 'close');
  if (!second!.destroyed) await once(second!, 'close');
  drops.stop();
  t.is(drops.dropped, 2);
  t.false(other!.destroyed);
});

test('a small pod has the same length whatever its revision, and is canonical', (t) => {
  const stored = smallPod(7, 'x', 1_024);
  const told = smallPod(7, 'x', 1_024, '42');
  t.is(told.length - stored.length, ',"resourceVersion":"42"'.length);
  t.deepEqual(JSON.parse(told), {
    ...JSON.parse(stored),
    metadata: { ...JSON.parse(stored).metadata, resourceVersion: '42' },
  });
  t.true(Math.abs(told.length - 1_024) < 8);
  t.is(fnv1a(''), 0x811c9dc5);
  t.is(fnv1a('a'), 0xe40c292c);
  t.is(modifiedLine('{}'), '{"type":"MODIFIED","object":{}}');
});
