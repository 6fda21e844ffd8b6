/** What a client of a WebSocket sends, in whatever pieces it comes. */

import test from 'ava';
import fc from 'fast-check';

import { type ClientFrame, ClientFrames } from '../../lib/transport/web-socket-frames.js';

const OPCODES = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

interface Sent {
  readonly opcode: keyof typeof OPCODES;
  readonly payload: Uint8Array;
  readonly mask: Uint8Array;
}

const control = fc.record({
  opcode: fc.constantFrom('ping' as const, 'pong' as const),
  payload: fc.uint8Array({ maxLength: 125 }),
  mask: fc.uint8Array({ minLength: 4, maxLength: 4 }),
});
const data = fc.record({
  opcode: fc.constantFrom('text' as const, 'binary' as const),
  payload: fc
    .constantFrom(0, 1, 125, 126, 127, 65_535, 65_536, 70_000)
    .map((length) => new Uint8Array(length).fill(0x89)),
  mask: fc.uint8Array({ minLength: 4, maxLength: 4 }),
});

test('every ping comes out as it was sent, wherever the bytes are cut', (t) => {
  const frames = fc.array(fc.oneof(control, data), { maxLength: 8 });
  const cuts = fc.array(fc.nat({ max: 5_000 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(frames, cuts, (sent, sizes) => {
      const bytes = Buffer.concat(sent.map(encode));
      const expected = sent
        .filter(({ opcode }) => opcode === 'ping')
        .map(({ payload }) => ({ type: 'ping', payload }));
      t.deepEqual(received(bytes, sizes), expected);
    }),
    { numRuns: 200 },
  );
});

for (const [payload, status] of [
  [[], 1_000],
  [[0x03, 0xe9, 0x62, 0x79, 0x65], 1_001],
  [[0x0b, 0xb8], 3_000],
  [[0x13, 0x87], 4_999],
  [[0x03], 1_002],
  [[0x03, 0xed], 1_002],
  [[0x03, 0xe7], 1_002],
  [[0x13, 0x88], 1_002],
] as const) {
  test(`a close with [${payload.join(' ')}] is answered with ${status}, and is the end`, (t) => {
    const mask = Uint8Array.of(1, 2, 3, 4);
    const close = encode({ opcode: 'close', payload: Uint8Array.from(payload), mask });
    const ping = encode({ opcode: 'ping', payload: new Uint8Array(0), mask });
    t.deepEqual(received(Buffer.concat([close, ping]), [3]), [{ type: 'close', status }]);
  });
}

function received(bytes: Uint8Array, sizes: readonly number[]): ClientFrame[] {
  const frames = new ClientFrames();
  const all: ClientFrame[] = [];
  for (let at = 0, turn = 0; at < bytes.byteLength; turn++) {
    const size = sizes[turn % sizes.length]! + 1;
    all.push(...frames.add(bytes.subarray(at, at + size)));
    at += size;
  }
  return all;
}

function encode({ opcode, payload, mask }: Sent): Uint8Array {
  const { length } = payload;
  const head = [0x80 | OPCODES[opcode]];
  if (length <= 125) head.push(0x80 | length);
  else if (length <= 65_535) head.push(0x80 | 126, length >> 8, length & 0xff);
  else head.push(0x80 | 127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 0xff, length & 0xff);
  const masked = payload.map((byte, at) => byte ^ mask[at % 4]!);
  return Buffer.concat([Uint8Array.from(head), mask, masked]);
}
