import test from 'ava';
import { warningHeaders } from '../../lib/request/index.js';

test('each warning is one header, once', (t) => {
  t.deepEqual(warningHeaders(['a', 'b', 'a', '']), [
    ['Warning', '299 - "a"'],
    ['Warning', '299 - "b"'],
  ]);
});

test('quotes, backslashes and controls can not break the header', (t) => {
  t.deepEqual(warningHeaders(['a "b" \\ c\r\nX: y']), [
    ['Warning', '299 - "a \\"b\\" \\\\ c  X: y"'],
  ]);
});

test('other characters than ASCII travel as UTF-8', (t) => {
  const [header] = warningHeaders(['\u00e9\u4e2d']);
  t.is(Buffer.from(header?.[1] ?? '', 'latin1').toString('utf8'), '299 - "\u00e9\u4e2d"');
});

test('too much text is cut, item by item, and then left out', (t) => {
  const exact = 'x'.repeat(4_096);
  t.is(warningHeaders([exact])[0]?.[1], `299 - "${exact}"`);
  const long = warningHeaders([exact, 'y']);
  t.is(long[0]?.[1], `299 - "${'x'.repeat(256)}"`);
  t.is(long[1]?.[1], '299 - "y"');
  const many = Array.from({ length: 40 }, (_, index) => `${index}`.padEnd(300, '\u4e2d'));
  t.is(warningHeaders(many).length, 16);
});
