/** Answers are read as `@bufbuild/protobuf` reads them, whatever they hold. */

import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type MessageShape,
} from '@bufbuild/protobuf';
import test, { type ExecutionContext } from 'ava';

import * as answers from '../../../lib/storage/etcd/client/answers.js';
import { WireReader } from '../../../lib/storage/etcd/client/wire-reader.js';
import { TxnResponseSchema } from '../../../lib/storage/etcd/rpc/kv_pb.js';
import { PutResponseSchema, RangeResponseSchema } from '../../../lib/storage/etcd/rpc/range_pb.js';
import { WatchResponseSchema } from '../../../lib/storage/etcd/rpc/watch_pb.js';
import { Chance, drawSeed, SEED_VARIABLE } from '../../chance.js';

const ROUNDS = 300;
const seed = drawSeed();
const chance = new Chance(seed);

const NUMBERS = [
  0n,
  1n,
  127n,
  128n,
  2n ** 32n,
  2n ** 48n,
  2n ** 49n - 1n,
  2n ** 49n,
  2n ** 53n + 1n,
];
const signed = (): bigint => chance.of([...NUMBERS, -1n, 2n ** 63n - 1n, -(2n ** 63n)]);
const unsigned = (): bigint => chance.of([...NUMBERS, 2n ** 64n - 1n]);
const bytes = (): Uint8Array => new Uint8Array(chance.of([0, 1, 127, 128, 20_000])).fill(7);
const maybe = <Value>(make: () => Value): Value | undefined =>
  chance.holds(0.7) ? make() : undefined;
const some = <Value>(make: () => Value): Value[] => Array.from({ length: chance.below(4) }, make);

const header = (): object => ({
  clusterId: unsigned(),
  memberId: unsigned(),
  revision: signed(),
  raftTerm: unsigned(),
});
const keyValue = (): object => ({
  key: bytes(),
  createRevision: signed(),
  modRevision: signed(),
  version: signed(),
  value: bytes(),
  lease: signed(),
});
const put = (): object => ({ header: maybe(header), prevKv: maybe(keyValue) });
const range = (): object => ({
  header: maybe(header),
  kvs: some(keyValue),
  more: chance.holds(0.5),
  count: signed(),
});
const txn = (): object => ({
  header: maybe(header),
  succeeded: chance.holds(0.5),
  responses: some(() => ({
    response: chance.of([
      { case: undefined },
      { case: 'responseRange', value: range() },
      { case: 'responsePut', value: put() },
      {
        case: 'responseDeleteRange',
        value: { header: maybe(header), deleted: signed(), prevKvs: some(keyValue) },
      },
    ]),
  })),
});
const watch = (): object => ({
  header: maybe(header),
  watchId: signed(),
  created: chance.holds(0.5),
  canceled: chance.holds(0.5),
  compactRevision: signed(),
  cancelReason: chance.of(['', 'compacted', 'ü'.repeat(200)]),
  fragment: chance.holds(0.5),
  events: some(() => ({ type: chance.below(2), kv: maybe(keyValue), prevKv: maybe(keyValue) })),
});

function compare<Desc extends DescMessage>(
  t: ExecutionContext,
  schema: Desc,
  read: (bytes: Uint8Array) => MessageShape<Desc>,
  make: () => object,
): void {
  for (let round = 0; round < ROUNDS; round++) {
    const message = create(schema, make() as never);
    const written = toBinary(schema, message);
    // What is undefined there is absent here, and is so for everybody.
    t.deepEqual(
      plain(read(written)),
      plain(fromBinary(schema, written)),
      `${SEED_VARIABLE}=${seed}`,
    );
  }
}

const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, part: unknown) => {
      if (typeof part === 'bigint') return `${part}n`;
      return part instanceof Uint8Array ? Buffer.from(part).toString('hex') : part;
    }),
  );

test('ranges', (t) => compare(t, RangeResponseSchema, answers.readRangeResponse, range));
test('writes', (t) => compare(t, PutResponseSchema, answers.readPutResponse, put));
test('transactions', (t) => compare(t, TxnResponseSchema, answers.readTxnResponse, txn));
test('watches', (t) => compare(t, WatchResponseSchema, answers.readWatchResponse, watch));

test('fields that are not known are passed over', (t) => {
  // 100: varint, 101: eight bytes, 102: bytes, 103: four bytes; then `more`.
  const unknown = [0xa0, 0x06, 0x80, 0x01, 0xa9, 0x06, 1, 2, 3, 4, 5, 6, 7, 8];
  const more = [0xb2, 0x06, 2, 9, 9, 0xbd, 0x06, 1, 2, 3, 4, 0x18, 1];
  t.true(answers.readRangeResponse(Uint8Array.from([...unknown, ...more])).more);
});

test('what ends too early is refused', (t) => {
  const kvs = [{ key: Uint8Array.of(1, 2, 3), value: Uint8Array.of(4), modRevision: 5n }];
  const whole = toBinary(RangeResponseSchema, create(RangeResponseSchema, { kvs, count: 300n }));
  t.is(answers.readRangeResponse(whole).count, 300n);
  for (const length of [1, 2, 5, whole.byteLength - 1]) {
    t.throws(() => answers.readRangeResponse(whole.subarray(0, length)), {
      instanceOf: RangeError,
    });
  }
  t.throws(() => new WireReader(Uint8Array.of(0x80)).uint(), { message: /ends too early/ });
});
