/** What objects may contain, and come back as: numbers, null, unicode, names of members. */

import { get, JSON_PATCH, MERGE_PATCH, patch, post, put, scenario, widget } from '../scenario.js';
import type { Scenario } from '../scenario.js';

const W = '{{widgets}}';

const withSpec = (name: string, spec: string): string =>
  `{"apiVersion":"{{group}}/v1","kind":"Widget","metadata":{"name":"${name}"},"spec":${spec}}`;

const INTEGERS = [
  '0',
  '-0',
  '1',
  '-1',
  '9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
];

const FLOATS = ['1.0', '1.5', '1e3', '1E3', '1e-7', '0.1', '100000000000000000000000', '1e400'];

const TOO_LONG = ['9223372036854775808', '18446744073709551615', '123456789012345678901234567890'];

const TEXTS = [
  '"ünïcödé"',
  '"\\u00fc"',
  '"\\ud83d\\ude00"',
  '"😀"',
  '"\\ud800"',
  '"<&>"',
  '"\\u2028"',
  '"\\u0000"',
  '"\\u001f"',
  '"\\/"',
  '""',
];

const VALUES_TEXTS = ['null', 'true', '{}', '[]', '[null]', '{"a":null}', '{"a":{"b":null}}'];

const NAMES_OF_MEMBERS = [
  '{"__proto__":{"x":1}}',
  '{"constructor":1}',
  '{"toString":1}',
  '{"":1}',
  '{"a.b/c":1}',
  '{"ü":1}',
  '{"1":1,"0":2}',
];

const created = (prefix: string, specs: readonly string[]): ReturnType<typeof post>[] =>
  specs.map((value, index) => post(W, withSpec(`${prefix}${index}`, `{"value":${value}}`)));

export const VALUES: readonly Scenario[] = [
  scenario('values: integers', ...created('i', INTEGERS), get(W)),
  scenario('values: floats', ...created('f', FLOATS), get(W)),
  scenario('values: integers over 64 bits', ...created('l', TOO_LONG), get(W)),
  scenario('values: texts', ...created('t', TEXTS), get(W)),
  scenario('values: null and empty', ...created('v', VALUES_TEXTS), get(W)),
  scenario('values: names of members', ...created('m', NAMES_OF_MEMBERS), get(W)),
  scenario(
    'values: members of the object itself',
    post(W, widget('a', {}, { other: 1, data: { x: 1 } })),
    post(W, widget('b', {}, { spec: null, status: null })),
    post(
      W,
      '{"kind":"Widget","spec":{"b":1,"a":2},"metadata":{"name":"d"},"apiVersion":"{{group}}/v1"}',
    ),
    post(
      W,
      '{"KIND":"Widget","kind":"Widget","metadata":{"name":"e","Name":"f"},"apiVersion":"{{group}}/v1"}',
    ),
    get(W),
  ),
  scenario(
    'values: patches keep numbers',
    post(W, withSpec('a', '{"big":9007199254740993,"float":1.5,"n":5}')),
    patch(`${W}/a`, MERGE_PATCH, { spec: { other: 1 } }),
    patch(`${W}/a`, MERGE_PATCH, '{"spec":{"big":9007199254740995}}'),
    patch(`${W}/a`, JSON_PATCH, '[{"op":"add","path":"/spec/c","value":9223372036854775807}]'),
    patch(`${W}/a`, JSON_PATCH, '[{"op":"test","path":"/spec/big","value":9007199254740995}]'),
    patch(`${W}/a`, JSON_PATCH, '[{"op":"test","path":"/spec/big","value":9007199254740994}]'),
    patch(`${W}/a`, JSON_PATCH, '[{"op":"test","path":"/spec/n","value":5.0}]'),
    get(`${W}/a`),
    put(`${W}/a`, withSpec('a', '{"big":-9223372036854775808}')),
  ),
];
