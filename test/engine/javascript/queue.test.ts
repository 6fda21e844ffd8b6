import assert from 'node:assert/strict';

import test from 'ava';
import fc from 'fast-check';

import { PositionQueue } from '../../../lib/engine/javascript/queue.js';

test('entries are found by positions that only rise, over any pushes, drops and resets', (t) => {
  const step = fc.oneof(
    fc.record({ type: fc.constant('push' as const), count: fc.nat(900) }),
    fc.record({ type: fc.constant('shift' as const), count: fc.nat(900) }),
    fc.record({ type: fc.constant('reset' as const), count: fc.nat(3) }),
  );
  fc.assert(
    fc.property(fc.nat(2000), fc.array(step, { maxLength: 20, size: 'max' }), (first, steps) => {
      const queue = new PositionQueue<string>(first);
      let model: number[] = [];
      let end = first;
      for (const { type, count } of steps) {
        if (type === 'reset') {
          end += count;
          queue.reset(end);
          model = [];
        }
        for (let times = 0; times < count; times++) {
          if (type === 'push') {
            queue.push(`entry ${end}`);
            model.push(end++);
          } else if (type === 'shift') {
            const position = model.shift();
            assert.equal(queue.shift(), position === undefined ? undefined : `entry ${position}`);
          }
        }
        assert.deepEqual([queue.end, queue.length], [end, model.length]);
        assert.equal(queue.first, model[0] ?? end);
        for (const position of model) assert.equal(queue.at(position), `entry ${position}`);
        assert.equal(queue.at(queue.first - 1), undefined);
        assert.equal(queue.at(end), undefined);
      }
    }),
    { numRuns: 60 },
  );
  t.pass();
});
