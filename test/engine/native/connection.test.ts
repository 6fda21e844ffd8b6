/** How ready watches are called, over exports that the test answers. */

import test from 'ava';

import type { Addon } from '../../../lib/engine/native/addon.js';
import { Connection, type Wakeable } from '../../../lib/engine/native/connection.js';
import { HEAD_LANE, LIMIT, STATUS } from '../../../lib/engine/wire.js';

/** A connection whose addon says what is ready, and a loop that runs when the test says so. */
class Bench {
  readonly connection: Connection;
  readonly tasks: (() => void)[] = [];
  ready: number[] = [];
  wake!: () => void;

  constructor() {
    const exports: Partial<Addon> = {
      connect: (_, wake) => {
        this.wake = wake;
        return 7;
      },
      takeReady: () => {
        const taken = this.ready.splice(0, LIMIT.readyMax);
        this.connection.numbers.set(taken, LIMIT.headLanes);
        return taken.length;
      },
    };
    this.connection = new Connection(exports as Addon, (task) => this.tasks.push(task));
  }

  /** Runs what was scheduled so far; tells what it throws. */
  turn(): unknown[] {
    const errors: unknown[] = [];
    for (const task of this.tasks.splice(0)) {
      try {
        task();
      } catch (error) {
        errors.push(error);
      }
    }
    return errors;
  }
}

function wakeable(call: () => void): Wakeable {
  let isReady = false;
  return {
    markReady: () => {
      isReady = true;
    },
    callWake: () => {
      if (isReady) call();
      isReady = false;
    },
  };
}

test('what a call made ready is woken on a turn of its own, in one go', (t) => {
  const bench = new Bench();
  const { connection } = bench;
  const woken: number[] = [];
  for (const handle of [1, 2, 3])
    connection.add(
      handle,
      wakeable(() => woken.push(handle)),
    );
  connection.noteReady();
  t.is(bench.tasks.length, 0, 'the exchange says that nothing is ready');
  connection.numbers[HEAD_LANE.ownReady] = 1;
  connection.noteReady();
  connection.noteReady();
  t.is(bench.tasks.length, 1);
  bench.ready = [3, 1, 99];
  t.deepEqual(woken, []);
  t.deepEqual(bench.turn(), []);
  t.deepEqual(woken, [3, 1], 'what is not held is passed over');
  connection.scheduleReady();
  t.is(bench.tasks.length, 1, 'and the next turn is its own');
});

test('what another thread made ready is woken when the addon calls', (t) => {
  const bench = new Bench();
  const woken: number[] = [];
  bench.connection.add(
    1,
    wakeable(() => woken.push(1)),
  );
  bench.connection.add(
    5,
    wakeable(() => woken.push(-5)),
  );
  bench.ready = [1, -6];
  bench.wake();
  t.deepEqual(woken, [1, -5], 'a cache is told below zero');
  bench.connection.remove(1);
  bench.ready = [1];
  bench.wake();
  t.is(woken.length, 2);
  t.is(bench.connection.wakeableCount, 1);
});

test('more than the exchange holds is taken in several goes', (t) => {
  const bench = new Bench();
  const count = 2 * LIMIT.readyMax + 5;
  let woken = 0;
  for (let handle = 0; handle < count; handle++) {
    bench.connection.add(
      handle,
      wakeable(() => woken++),
    );
  }
  bench.ready = Array.from({ length: count }, (_, handle) => handle);
  bench.wake();
  t.is(woken, count);
});

test('a wake that throws keeps no other from being called, and is thrown on its own turn', (t) => {
  const bench = new Bench();
  const { connection } = bench;
  const error = new Error('of the user');
  const woken: number[] = [];
  connection.add(
    1,
    wakeable(() => {
      throw error;
    }),
  );
  connection.add(
    2,
    wakeable(() => woken.push(2)),
  );
  bench.ready = [1, 2];
  t.notThrows(() => bench.wake());
  t.deepEqual(woken, [2]);
  t.deepEqual(bench.turn(), [error]);
});

test('a watch is told that it is ready before any is called', (t) => {
  const bench = new Bench();
  const told: string[] = [];
  for (const handle of [1, 2]) {
    bench.connection.add(handle, {
      markReady: () => told.push(`mark ${handle}`),
      callWake: () => told.push(`call ${handle}`),
    });
  }
  bench.ready = [1, 2];
  bench.wake();
  t.deepEqual(told, ['mark 1', 'mark 2', 'call 1', 'call 2']);
});

test('an environment that refuses the connection is an error', (t) => {
  const exports: Partial<Addon> = { connect: () => STATUS.outOfMemory };
  t.throws(() => new Connection(exports as Addon), { message: /no memory/ });
});
