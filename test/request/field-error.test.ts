import test from 'ava';
import { LosslessNumber } from '../../lib/object/lossless/index.js';
import {
  fieldDuplicate,
  fieldErrorCause,
  fieldErrorText,
  fieldErrorsText,
  fieldForbidden,
  fieldInternalError,
  fieldInvalid,
  fieldNotFound,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
  fieldTooMany,
  fieldTypeInvalid,
  quote,
} from '../../lib/request/index.js';
import type { FieldError } from '../../lib/request/index.js';

const rows: readonly (readonly [FieldError, string, string])[] = [
  [fieldRequired('a.b'), 'FieldValueRequired', 'a.b: Required value'],
  [fieldRequired('a', 'say why'), 'FieldValueRequired', 'a: Required value: say why'],
  [fieldInvalid('a', 'x', 'bad'), 'FieldValueInvalid', 'a: Invalid value: "x": bad'],
  [fieldInvalid('a', '', 'bad'), 'FieldValueInvalid', 'a: Invalid value: "": bad'],
  [fieldInvalid('a', true, 'bad'), 'FieldValueInvalid', 'a: Invalid value: true: bad'],
  [fieldInvalid('a', null, 'bad'), 'FieldValueInvalid', 'a: Invalid value: "null": bad'],
  [fieldInvalid('a', 12n, 'bad'), 'FieldValueInvalid', 'a: Invalid value: 12: bad'],
  [
    fieldInvalid('a', new LosslessNumber('1.0'), 'bad'),
    'FieldValueInvalid',
    'a: Invalid value: 1.0: bad',
  ],
  [
    fieldInvalid('a', { b: ['c', new LosslessNumber('9223372036854775807')] }, 'bad'),
    'FieldValueInvalid',
    'a: Invalid value: {"b":["c",9223372036854775807]}: bad',
  ],
  [
    fieldTypeInvalid('a', 'string', 'a in body must be of type integer: "string"'),
    'FieldValueTypeInvalid',
    'a: Invalid value: "string": a in body must be of type integer: "string"',
  ],
  [
    fieldNotSupported('a', 'x', ['b', 'c']),
    'FieldValueNotSupported',
    'a: Unsupported value: "x": supported values: "b", "c"',
  ],
  [fieldNotSupported('a', 'x', []), 'FieldValueNotSupported', 'a: Unsupported value: "x"'],
  [fieldForbidden('a', 'no'), 'FieldValueForbidden', 'a: Forbidden: no'],
  [fieldDuplicate('a', 'x'), 'FieldValueDuplicate', 'a: Duplicate value: "x"'],
  [fieldNotFound('a', 'x'), 'FieldValueNotFound', 'a: Not found: "x"'],
  [fieldTooLong('a', 5), 'FieldValueTooLong', 'a: Too long: may not be more than 5 bytes'],
  [fieldTooMany('a', 9, 8), 'FieldValueTooMany', 'a: Too many: 9: must have at most 8 items'],
  [fieldTooMany('a', 2, 1), 'FieldValueTooMany', 'a: Too many: 2: must have at most 1 item'],
  [fieldInternalError('a', 'boom'), 'InternalError', 'a: Internal error: boom'],
];

for (const [error, reason, text] of rows) {
  test(`field error: ${text}`, (t) => {
    t.is(fieldErrorText(error), text);
    t.deepEqual(fieldErrorCause(error), {
      reason,
      message: text.slice(text.indexOf(': ') + 2),
      field: error.field,
    });
  });
}

test('several errors are joined in brackets, equal ones once', (t) => {
  const [a, b] = [fieldRequired('a'), fieldRequired('b')];
  t.is(fieldErrorsText([a]), 'a: Required value');
  t.is(fieldErrorsText([a, a]), 'a: Required value');
  t.is(fieldErrorsText([a, b]), '[a: Required value, b: Required value]');
});

const quoted: readonly (readonly [string, string])[] = [
  ['plain', '"plain"'],
  ['a"b\\c', '"a\\"b\\\\c"'],
  ['a\n\t\u0007\u001b', '"a\\n\\t\\a\\x1b"'],
  ['caf\u00e9 \u4e2d', '"caf\u00e9 \u4e2d"'],
  ['\u200b\u2028\u00a0', '"\\u200b\\u2028\\u00a0"'],
  ['\u{e0001}', '"\\U000e0001"'],
  ['\u{1f600}', '"\u{1f600}"'],
  ['\ud800', '"\ufffd"'],
];

for (const [text, expected] of quoted) {
  test(`quoting ${JSON.stringify(text)}`, (t) => {
    t.is(quote(text), expected);
  });
}
