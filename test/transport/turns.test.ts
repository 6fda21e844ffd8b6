import test from 'ava';

import { TurnQueue } from '../../lib/transport/turns.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('deferred tasks run in the next turn, in order', async (t) => {
  const turns = new TurnQueue();
  const ran: number[] = [];
  turns.defer(() => ran.push(1));
  turns.defer(() => {
    ran.push(2);
    turns.defer(() => ran.push(3));
  });
  t.deepEqual(ran, []);
  await turn();
  t.deepEqual(ran, [1, 2]);
  await turn();
  t.deepEqual(ran, [1, 2, 3]);
});

test('of very many tasks a turn runs a part, and none is lost', async (t) => {
  const turns = new TurnQueue();
  const ran: number[] = [];
  for (let index = 0; index < 2_500; index++) turns.defer(() => ran.push(index));
  await turn();
  t.is(ran.length, 1_024);
  await turn();
  await turn();
  t.deepEqual(
    ran,
    Array.from({ length: 2_500 }, (_, index) => index),
  );
});
