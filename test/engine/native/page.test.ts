/** Pages and the frames in them, without an addon. */

import test from 'ava';
import fc from 'fast-check';

import { FrameTable } from '../../../lib/engine/native/frames.js';
import { Page, PAGE_BYTES } from '../../../lib/engine/native/page.js';

/** Writes as the addon does; what it needs more room for is told. */
function write(page: Page, bytes: Uint8Array): Uint8Array {
  while (page.target.length - page.start < bytes.length) page.demand(bytes.length);
  page.target.set(bytes, page.start);
  const { start } = page;
  const written = page.bytes(start, bytes.length);
  page.settle(start + bytes.length);
  return written;
}

test('what was handed out stays as it is, whatever is written afterwards', (t) => {
  const sizes = fc.oneof(
    { weight: 20, arbitrary: fc.nat({ max: 3_000 }) },
    { weight: 1, arbitrary: fc.nat({ max: 3 * PAGE_BYTES }) },
  );
  const property = fc.property(fc.array(sizes, { maxLength: 100, size: 'max' }), (lengths) => {
    const page = new Page();
    const handed = lengths.map((length, at) => write(page, new Uint8Array(length).fill(at)));
    handed.forEach((bytes, at) => {
      if (bytes.length !== lengths[at] || bytes.some((byte) => byte !== at % 256)) {
        throw new Error(`what was handed out at ${at} has changed`);
      }
    });
  });
  t.notThrows(() => fc.assert(property, { numRuns: 50 }));
});

test('what would take much of a page has memory of its own, and the page goes on', (t) => {
  const page = new Page();
  const first = write(page, new Uint8Array(100));
  const large = write(page, new Uint8Array(PAGE_BYTES));
  const second = write(page, new Uint8Array(100));
  t.is(large.buffer.byteLength, PAGE_BYTES);
  t.is(second.buffer, first.buffer);
  t.is(second.byteOffset, 100);
  while (write(page, new Uint8Array(8_000)).buffer === first.buffer);
  t.true(page.start <= 8_000, 'a page that is full is left');
});

test('a page that somebody has transferred is replaced', (t) => {
  const page = new Page();
  const bytes = write(page, new Uint8Array(100).fill(7));
  t.false(page.replaceDetached());
  // Sent to another thread it is copied.
  const sent = structuredClone(bytes);
  t.is(sent.length, 100);
  t.is(bytes.length, 100);
  const { buffer } = bytes as { buffer: ArrayBuffer & { transfer?: () => ArrayBuffer } };
  if (buffer.transfer === undefined) return;
  buffer.transfer();
  t.true(page.replaceDetached());
  t.is(write(page, new Uint8Array(100)).length, 100);
});

test('text is read out of a page in any script', (t) => {
  const page = new Page();
  for (const text of ['', 'kube-system', 'é', 'ｚ😀', 'x'.repeat(300)]) {
    const bytes = Buffer.from(text);
    const { start, target } = page;
    write(page, bytes);
    t.is(page.target, target);
    t.is(page.text(start, bytes.length), text);
  }
});

test('frames are found by their ids until they are given up', (t) => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ add: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ drop: fc.nat({ max: 600 }) }),
    ),
    { maxLength: 2_000, size: 'max' },
  );
  const property = fc.property(steps, (plan) => {
    const table = new FrameTable();
    const model = new Map<number, Uint8Array>();
    let next = 1;
    let first = 0;
    for (const step of plan) {
      if ('add' in step) {
        next += step.add;
        const frame = new Uint8Array(1);
        table.add(next, frame);
        if (next >= first) model.set(next, frame);
      } else {
        first = Math.max(first, next + 5 - step.drop);
        table.dropBelow(first);
        for (const id of model.keys()) if (id < first) model.delete(id);
      }
    }
    for (const [id, frame] of model) if (table.get(id) !== frame) throw new Error(`frame ${id}`);
  });
  t.notThrows(() => fc.assert(property, { numRuns: 30 }));
});

test('the table of frames does not grow with the frames that were', (t) => {
  const table = new FrameTable();
  for (let id = 1; id <= 100_000; id++) {
    table.add(id, new Uint8Array(0));
    table.dropBelow(id - 50);
  }
  t.true(table.slots < 1_000, `${table.slots} slots`);
  t.throws(() => table.get(100_000 - 51), { message: /unknown frame/ });
  table.dropBelow(200_000);
  t.is(table.slots, 0);
});
