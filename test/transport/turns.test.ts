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

test('a task may be a part of the turn while it has run few and none waits', async (t) => {
  const turns = new TurnQueue();
  t.true(turns.takePart());
  turns.defer(() => undefined);
  t.false(turns.takePart());
  await turn();
  for (let index = 0; index < 1_024; index++) t.true(turns.takePart());
  t.false(turns.takePart());
  await turn();
  t.true(turns.takePart());
});

test('what a turn shares is given up with it, when its tasks have run at once, too', async (t) => {
  const turns = new TurnQueue();
  t.true(turns.takePart());
  const bytes = Buffer.from('x');
  const framed = turns.sharing.chunk(bytes);
  t.is(turns.sharing.chunk(bytes), framed);
  await turn();
  t.not(turns.sharing.chunk(bytes), framed);
});
