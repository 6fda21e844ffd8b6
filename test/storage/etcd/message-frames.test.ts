/** Frames of gRPC as a connection brings them: in any pieces. */

import test from 'ava';

import { FrameReader, frameOf } from '../../../lib/storage/etcd/client/message-frames.js';

const MESSAGES = ['', 'a', 'bc'.repeat(40_000), '', 'the last'].map((text) => Buffer.from(text));
const STREAM = Buffer.concat(MESSAGES.map(frameOf));

for (const size of [1, 3, 5, 7, 16_384, STREAM.byteLength]) {
  test(`messages are put together out of pieces of ${size} bytes`, (t) => {
    const reader = new FrameReader();
    const read: Buffer[] = [];
    for (let start = 0; start < STREAM.byteLength; start += size) {
      read.push(...reader.push(STREAM.subarray(start, start + size)));
    }
    t.deepEqual(read, MESSAGES);
    // Whoever keeps one message keeps no other.
    for (const message of read) t.is(message.buffer.byteLength, message.byteLength);
  });
}

test('a compressed message is refused', (t) => {
  const frame = frameOf(Buffer.from('a'));
  frame[0] = 1;
  t.throws(() => new FrameReader().push(frame), { message: /compressed/ });
});
