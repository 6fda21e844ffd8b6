import test from 'ava';
import fc from 'fast-check';
import { evaluateColumnPath } from '../../lib/rest/table/evaluate.js';
import { ColumnPathError, humanAge, parseColumnPath } from '../../lib/rest/table/index.js';

test('whatever the path and the object, there are values or a ColumnPathError', (t) => {
  const part = fc.constantFrom(
    ...['.', '..', 'a', 'b', '\\.', '[', ']', '[0]', '[-1]', '[*]', '[1:]', "['a']", '*', ' '],
    ...['[?(@.a==1)]', '[?(', '@', '==', '"x"', ')', '@.a', '<', '1', "'", '{', ','],
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 10 }), fc.jsonValue(), (parts, value) => {
      try {
        const path = parseColumnPath(`.${parts.join('')}`);
        t.true(Array.isArray(evaluateColumnPath(path, { a: value, b: [value, { a: 1 }] })));
      } catch (error) {
        t.true(error instanceof ColumnPathError);
      }
    }),
    { numRuns: 500 },
  );
});

test('whatever the time, an age is short', (t) => {
  fc.assert(
    fc.property(fc.date({ noInvalidDate: true }), fc.date({ noInvalidDate: true }), (then, now) => {
      const age = humanAge(then.toISOString(), now.getTime());
      t.regex(age, /^(?:<invalid>|[0-9]+[smhdy](?:[0-9]+[smhd])?)$/);
    }),
    { numRuns: 300 },
  );
});
