/** Handles of the first queue that a thread makes. */

import { queueTest } from './engines.js';

queueTest('a small number is no handle, in the first queue either', (t, make) => {
  const queue = make();
  const handle = queue.enqueue('first', 1);
  for (let number = 0; number < 100; number++) t.false(queue.has(number));
  t.true(queue.has(handle));
  queue.close();
});
