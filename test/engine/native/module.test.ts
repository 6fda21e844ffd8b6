/** What is no addon is refused with a reason; statuses have the errors that both engines have. */

import test from 'ava';

import { EngineError } from '../../../lib/engine/index.js';
import { statusError } from '../../../lib/engine/native/errors.js';
import { openNative } from '../../../lib/engine/native/index.js';
import { ABI_VERSION, STATUS } from '../../../lib/engine/wire.js';

const NO_ADDONS: readonly { title: string; exports: unknown; message: RegExp }[] = [
  { title: 'nothing', exports: undefined, message: /not an addon/ },
  { title: 'something else', exports: { sqlite: 3 }, message: /not an addon/ },
  {
    title: 'another version',
    exports: { abiVersion: () => ABI_VERSION + 1 },
    message: new RegExp(`ABI version is ${ABI_VERSION + 1}, not ${ABI_VERSION}`),
  },
  {
    title: 'one that lacks exports',
    exports: { abiVersion: () => ABI_VERSION, connect: () => 0 },
    message: /does not export takeReady, openCache/,
  },
];

for (const { title, exports, message } of NO_ADDONS) {
  test(`it is told why ${title} is no addon`, (t) => {
    t.throws(() => openNative(exports), { message });
  });
}

test('a status is the error that it means', (t) => {
  const closed = statusError(STATUS.closed, 'the list');
  t.true(closed instanceof EngineError);
  t.like(closed, { code: 'closed', message: 'the list is closed' });
  t.true(statusError(STATUS.invalidArgument, 'the list') instanceof TypeError);
  t.true(statusError(STATUS.outOfMemory, 'the list') instanceof RangeError);
  t.true(statusError(STATUS.tooLarge, 'the list') instanceof RangeError);
  t.regex(statusError(STATUS.invalidHandle, 'the list').message, /the list.*invalidHandle/);
  t.regex(statusError(-99, 'the list').message, /-99/);
});
