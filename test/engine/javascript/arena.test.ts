import assert from 'node:assert/strict';

import test from 'ava';
import fc from 'fast-check';

import { Arena, SLAB_BYTES } from '../../../lib/engine/javascript/arena.js';
import type { Resident, Slab } from '../../../lib/engine/javascript/slab.js';

class Block implements Resident {
  readonly length: number;
  readonly mark: number;
  slab: Slab | undefined = undefined;
  slot = 0;
  offset = 0;

  constructor(length: number, mark: number) {
    this.length = length;
    this.mark = mark;
  }

  write(): void {
    this.slab!.bytes.fill(this.mark, this.offset, this.offset + this.length);
  }

  check(): void {
    const bytes = this.slab!.bytes.subarray(this.offset, this.offset + this.length);
    // First, last, and everything between at once.
    assert.equal(bytes.length, this.length);
    assert.ok(bytes.every((byte) => byte === this.mark));
  }
}

function add(arena: Arena, length: number, mark: number): Block {
  const block = new Block(length, mark);
  arena.add(block);
  block.write();
  return block;
}

test('blocks keep their bytes over any history, and all memory is accounted for', (t) => {
  const step = fc.oneof(
    fc.record({
      type: fc.constant('add' as const),
      length: fc.oneof(fc.integer({ min: 1, max: 40_000 }), fc.integer({ min: 1, max: 700_000 })),
      count: fc.integer({ min: 1, max: 20 }),
    }),
    fc.record({ type: fc.constant('remove' as const), pick: fc.nat(50), share: fc.nat(4) }),
    fc.record({ type: fc.constant('compact' as const), bytes: fc.nat(SLAB_BYTES) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 24, size: 'max' }), (steps) => {
      const arena = new Arena();
      let blocks: Block[] = [];
      let mark = 0;
      for (const next of steps) {
        if (next.type === 'add') {
          for (let times = 0; times < next.count; times++) {
            mark = (mark + 1) % 256;
            blocks.push(add(arena, next.length, mark));
          }
        } else if (next.type === 'remove') {
          const gone = blocks.filter((_, index) => (index + next.pick) % 5 <= next.share);
          blocks = blocks.filter((block) => !gone.includes(block));
          for (const block of gone) arena.remove(block);
        } else {
          arena.compact(next.bytes);
        }
        assert.equal(
          arena.live,
          blocks.reduce((sum, { length }) => sum + length, 0),
        );
        const slabs = new Set(blocks.map(({ slab }) => slab!));
        const used = [...slabs].reduce((sum, { capacity }) => sum + capacity, 0);
        assert.ok(arena.allocated >= used && arena.allocated >= arena.live);
      }
      for (const block of blocks) block.check();
      for (const block of blocks) arena.remove(block);
      assert.equal(arena.live, 0);
      assert.ok(
        arena.allocated <= 3 * SLAB_BYTES,
        'at most the pool and the current slab are kept',
      );
    }),
    { numRuns: 40 },
  );
  t.pass();
});

test('compaction leaves no slab less than half full but the current one and the pool', (t) => {
  const arena = new Arena();
  const blocks = Array.from({ length: 20_000 }, (_, index) => add(arena, 2_000, index % 256));
  const kept = blocks.filter((_, index) => index % 10 === 0);
  for (const block of blocks) if (!kept.includes(block)) arena.remove(block);
  t.true(arena.allocated > 8 * SLAB_BYTES);
  arena.compact(Infinity);
  t.is(arena.live, kept.length * 2_000);
  t.true(arena.allocated <= 4 * SLAB_BYTES);
  for (const block of kept) block.check();
});

test('compaction stops after the bytes that it may move', (t) => {
  const arena = new Arena();
  const blocks = Array.from({ length: 20_000 }, (_, index) => add(arena, 2_000, index % 256));
  for (const [index, block] of blocks.entries()) if (index % 10 > 0) arena.remove(block);
  const before = arena.allocated;
  arena.compact(1);
  const after = arena.allocated;
  t.true(after >= before - 2 * SLAB_BYTES, 'one slab at most was emptied');
  for (let times = 0; times < 20; times++) arena.compact(1);
  t.true(arena.allocated <= 4 * SLAB_BYTES, 'the next calls go on');
});

test('empty slabs are used again before memory is taken', (t) => {
  const arena = new Arena();
  for (let round = 0; round < 10; round++) {
    const blocks = Array.from({ length: 3_000 }, (_, index) => add(arena, 2_000, index % 256));
    for (const block of blocks) block.check();
    for (const block of blocks) arena.remove(block);
  }
  t.true(arena.allocated <= 3 * SLAB_BYTES);
});

test('an object larger than a slab has one of its own, which goes with it', (t) => {
  const arena = new Arena();
  const small = add(arena, 100, 1);
  const before = arena.allocated;
  const large = add(arena, 2 * SLAB_BYTES, 7);
  t.is(arena.allocated, before + 2 * SLAB_BYTES);
  large.check();
  arena.remove(large);
  t.is(arena.allocated, before);
  small.check();
});

test('large objects among small ones waste no slabs', (t) => {
  const arena = new Arena();
  // Until slabs have their full size.
  for (let index = 0; index < 10_000; index++) add(arena, 1_000, 0);
  for (let index = 0; index < 20; index++) {
    add(arena, 100, 1);
    add(arena, 3 * 1024 * 1024, 2);
  }
  t.true(arena.allocated <= arena.live + SLAB_BYTES);
});

test('a cache of few objects takes little memory', (t) => {
  const arena = new Arena();
  for (let index = 0; index < 50; index++) add(arena, 1_000, index);
  t.is(arena.allocated, 64 * 1024);
});
