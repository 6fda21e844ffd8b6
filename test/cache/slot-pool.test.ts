import test from 'ava';

import { SLOT_BYTES, SlotPool, SLOTS_KEPT_MAX } from '../../lib/cache/slot-pool.js';

test('a released slot is taken again, the last one first', (t) => {
  const pool = new SlotPool();
  const first = pool.take();
  const second = pool.take();
  t.is(first.bytes.length, SLOT_BYTES);
  t.not(first.bytes.buffer, second.bytes.buffer);
  first.release();
  second.release();
  t.is(pool.take().bytes, second.bytes);
  t.is(pool.take().bytes, first.bytes);
  t.is(pool.made, 2);
  t.is(pool.kept, 0);
});

test('a second release of a slot does not touch its next user', (t) => {
  const pool = new SlotPool();
  const slot = pool.take();
  slot.release();
  const next = pool.take();
  t.is(next.bytes, slot.bytes);
  slot.release();
  t.is(pool.kept, 0);
  t.not(pool.take().bytes, next.bytes);
});

test('a pool keeps a bounded number of slots', (t) => {
  const pool = new SlotPool();
  const slots = Array.from({ length: SLOTS_KEPT_MAX + 3 }, () => pool.take());
  for (const slot of slots) slot.release();
  t.is(pool.made, SLOTS_KEPT_MAX + 3);
  t.is(pool.kept, SLOTS_KEPT_MAX);
});
