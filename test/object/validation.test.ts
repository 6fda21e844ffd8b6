/**
 * Checks of names, label keys and label values: one table for each, with the messages that people
 * see in a Status, and values long enough to hurt a bad expression.
 */

import test from 'ava';

import {
  ANNOTATIONS_BYTES_MAX,
  annotationsSize,
  DNS_LABEL_LENGTH_MAX,
  DNS_SUBDOMAIN_LENGTH_MAX,
  isDns1035Label,
  isDns1123Label,
  isDns1123Subdomain,
  isLabelValue,
  isPathSegmentName,
  isQualifiedName,
  LABEL_VALUE_LENGTH_MAX,
  QUALIFIED_NAME_LENGTH_MAX,
} from '../../lib/object/index.js';

/** Texts as apimachinery v0.36 gives them. */
const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and " +
  "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex " +
  "used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or " +
  "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex " +
  "used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const DNS_1035 =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an " +
  "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', " +
  "regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex " +
  "used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', " +
  "and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or " +
  "'12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

type Case = readonly [value: string, ...messages: readonly string[]];

const tables: readonly (readonly [string, (value: string) => string[], readonly Case[]])[] = [
  [
    'a DNS-1123 label',
    isDns1123Label,
    [
      ['a'],
      ['0'],
      ['my-name'],
      ['a'.repeat(63)],
      ['', LABEL],
      ['-a', LABEL],
      ['a-', LABEL],
      ['A', LABEL],
      ['a_b', LABEL],
      ['a\n', LABEL],
      ['caf\u00e9', LABEL],
      ['a.b', 'must not contain dots'],
      ['a..b', LABEL],
      ['a'.repeat(64), 'must be no more than 63 characters'],
      ['-'.repeat(64), 'must be no more than 63 characters', LABEL],
    ],
  ],
  [
    'a DNS-1123 subdomain',
    isDns1123Subdomain,
    [
      ['a'],
      ['example.com'],
      ['1.2-3.x'],
      ['a'.repeat(253)],
      ['', SUBDOMAIN],
      ['a..b', SUBDOMAIN],
      ['.a', SUBDOMAIN],
      ['a.', SUBDOMAIN],
      ['a.-b', SUBDOMAIN],
      ['Example.com', SUBDOMAIN],
      ['a/b', SUBDOMAIN],
      ['a'.repeat(254), 'must be no more than 253 characters'],
      ['\u00e9'.repeat(127), 'must be no more than 253 characters', SUBDOMAIN],
    ],
  ],
  [
    'a DNS-1035 label',
    isDns1035Label,
    [
      ['a'],
      ['abc-123'],
      ['', DNS_1035],
      ['1a', DNS_1035],
      ['a-', DNS_1035],
      ['a.b', DNS_1035],
      ['a'.repeat(64), 'must be no more than 63 characters'],
    ],
  ],
  [
    'a path segment',
    isPathSegmentName,
    [
      ['a'],
      [''],
      ['A b\u00e9:~'],
      ['...'],
      ['.', "may not be '.'"],
      ['..', "may not be '..'"],
      ['a/b', "may not contain '/'"],
      ['a%b', "may not contain '%'"],
      ['%/', "may not contain '/'", "may not contain '%'"],
    ],
  ],
  [
    'a qualified name',
    isQualifiedName,
    [
      ['a'],
      ['My_name.1-x'],
      ['example.com/MyName'],
      [`${'a'.repeat(253)}/${'B'.repeat(63)}`],
      ['', 'name part must be non-empty', `name part ${QUALIFIED}`],
      ['-a', `name part ${QUALIFIED}`],
      ['a b', `name part ${QUALIFIED}`],
      ['A'.repeat(64), 'name part must be no more than 63 bytes'],
      ['/a', 'prefix part must be non-empty'],
      ['a/', 'name part must be non-empty', `name part ${QUALIFIED}`],
      ['Example.com/a', `prefix part ${SUBDOMAIN}`],
      [`${'a'.repeat(254)}/b`, 'prefix part must be no more than 253 bytes'],
      [
        'a/b/c',
        `a valid label key ${QUALIFIED} with an optional DNS subdomain prefix and '/' ` +
          "(e.g. 'example.com/MyName')",
      ],
    ],
  ],
  [
    'a label value',
    isLabelValue,
    [
      [''],
      ['a'],
      ['My_value.1-x'],
      ['a'.repeat(63)],
      ['-a', VALUE],
      ['a.', VALUE],
      ['a/b', VALUE],
      [' ', VALUE],
      ['a'.repeat(64), 'must be no more than 63 bytes'],
    ],
  ],
];

for (const [name, check, cases] of tables) {
  for (const [value, ...messages] of cases) {
    const shown = value.length > 20 ? `${value.slice(0, 8)}… (${value.length})` : value;
    test(`"${shown}" is ${messages.length === 0 ? '' : 'not '}${name}`, (t) => {
      t.deepEqual(check(value), messages);
    });
  }
}

test('checks survive very long values', (t) => {
  const long = 'a'.repeat(3_000_000);
  for (const check of [isDns1123Label, isDns1123Subdomain, isDns1035Label, isLabelValue]) {
    t.is(check(long).length, 1);
    t.is(check(`${long}!`).length, 2);
  }
  t.is(isQualifiedName(`${long}!`).length, 2);
  t.is(isDns1123Subdomain(`${'a.'.repeat(1_000_000)}!`).length, 2);
});

test('annotations count the bytes of their keys and values', (t) => {
  t.is(annotationsSize({}), 0);
  t.is(annotationsSize({ a: 'bc', '\u00e9': '\u{1f600}' }), 9);
});

test('the limits are those of Kubernetes', (t) => {
  t.is(ANNOTATIONS_BYTES_MAX, 262_144);
  t.is(DNS_LABEL_LENGTH_MAX, 63);
  t.is(DNS_SUBDOMAIN_LENGTH_MAX, 253);
  t.is(QUALIFIED_NAME_LENGTH_MAX, 63);
  t.is(LABEL_VALUE_LENGTH_MAX, 63);
});
