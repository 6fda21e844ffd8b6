/** One request and its answer, on a connection that can't take it any more. */

import test from 'ava';

import { textAnswer } from '../../lib/request/index.js';
import type { RequestRecord } from '../../lib/request/index.js';
import { Exchange } from '../../lib/transport/exchange.js';
import type { AnswerStream } from '../../lib/transport/stream.js';
import { TurnQueue } from '../../lib/transport/turns.js';
import { ManualClock, TestSource } from './fixture.js';

class DeadStream implements AnswerStream {
  closed = false;
  headSent = false;
  resets = 0;

  whole(): void {
    throw new Error('the stream is gone');
  }

  head(): void {
    throw new Error('the stream is gone');
  }

  write(): boolean {
    return false;
  }

  end(): void {}

  reset(): void {
    this.resets++;
  }
}

function fails(): never {
  throw new Error('a bug');
}

for (const [what, handler] of [
  ['bytes', async () => textAnswer(200, 'ok')],
  ['bytes at once', () => textAnswer(200, 'ok')],
  ['a pulled body', async () => ({ status: 200, headers: [], source: new TestSource(true) })],
  ['a fault', () => Promise.reject(new Error('a bug'))],
  ['a fault at once', fails],
] as const) {
  test(`${what} for a stream that takes nothing ends in a reset, not in a rejection`, async (t) => {
    const stream = new DeadStream();
    const errors: unknown[] = [];
    const context = {
      handler,
      turns: new TurnQueue(),
      clock: new ManualClock(),
      onError: (error: unknown) => void errors.push(error),
      streaming: new Set<never>(),
      closing: false,
    };
    const request = { method: 'GET' } as RequestRecord;
    const exchange = new Exchange(context, { request, stream, connect: undefined });
    await t.notThrowsAsync(async () => exchange.run());
    t.is(stream.resets, 1);
    t.is(errors.length, 2);
  });
}
