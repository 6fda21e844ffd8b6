/**
 * One table of JSON documents for every engine and decoder: the bytes, whether they are accepted as
 * an object, with which canonical form, and the code of the refusal otherwise.
 *
 * A row has exactly one fault, so that no order of checks is tested here by accident.
 */

import type { ObjectErrorCode } from '../../lib/object/index.js';

export interface AcceptedJson {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly accepted: true;
  /** The canonical form without the resourceVersion. */
  readonly canonical: string;
}

export interface RefusedJson {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly accepted: false;
  readonly code: ObjectErrorCode;
  /** Where the fault is found. */
  readonly offset: number;
  /** The field that the refusal names. */
  readonly path: string | undefined;
}

export type JsonCase = AcceptedJson | RefusedJson;

const DEPTH_MAX = 1000;

function accepted(name: string, source: string, canonical: string = source): JsonCase {
  return { name, bytes: Buffer.from(source), accepted: true, canonical };
}

function refused(
  code: ObjectErrorCode,
  offset: number,
  name: string,
  source: string | Uint8Array,
  path?: string,
): JsonCase {
  const bytes = typeof source === 'string' ? Buffer.from(source) : source;
  return { name, bytes, accepted: false, code, offset, path };
}

// `{"a":…}` around bytes that no string can hold.
function withBytes(...bytes: readonly number[]): Uint8Array {
  return Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')]);
}

function nested(depth: number, open: string, close: string): string {
  return `{"a":${open.repeat(depth - 1)}${close.repeat(depth - 1)}}`;
}

function nestedObjects(depth: number): string {
  return `${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`;
}

export const jsonTable: readonly JsonCase[] = [
  accepted('the empty object', '{}'),
  accepted('white space of all four kinds', ' \t\r\n{ \t\r\n} \t\r\n', '{}'),
  accepted('white space between tokens', '{ "a" : [ 1 , 2 ] , "b" : { } }', '{"a":[1,2],"b":{}}'),
  accepted('every kind of value', '{"a":[null,true,false,0,"",[],{}]}'),
  accepted('keys out of order', '{"b":1,"a":2}', '{"a":2,"b":1}'),
  accepted(
    'keys out of order below',
    '{"a":[{"d":1,"c":{"z":1,"y":2}}]}',
    '{"a":[{"c":{"y":2,"z":1},"d":1}]}',
  ),
  accepted(
    'an upper-case key before apiVersion',
    '{"apiVersion":"v1","Aa":1}',
    '{"Aa":1,"apiVersion":"v1"}',
  ),
  accepted('a key that another begins with', '{"ab":1,"a":2}', '{"a":2,"ab":1}'),
  accepted('the empty key', '{"a":1,"":2}', '{"":2,"a":1}'),
  accepted('integer-like keys in byte order', '{"9":1,"10":2}', '{"10":2,"9":1}'),
  accepted(
    'astral keys after the end of the basic plane',
    '{"\u{1f600}":1,"\uff5e":2}',
    '{"\uff5e":2,"\u{1f600}":1}',
  ),
  accepted('keys ordered by what they say', '{"b":1,"\\u0061":2}', '{"a":2,"b":1}'),
  accepted(
    'a control character in a key orders by its code',
    '{"a ":1,"a\\n":2}',
    '{"a\\n":2,"a ":1}',
  ),
  accepted('a __proto__ key', '{"__proto__":{"a":1}}'),
  accepted('escapes that are demanded', '{"a":"\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f"}'),
  accepted(
    'needless escapes',
    '{"a":"\\/\\u0041\\u00e9\\u20ac\\u007f"}',
    '{"a":"/A\u00e9\u20ac\x7f"}',
  ),
  accepted(
    'escapes that have a short form',
    '{"a":"\\u0008\\u0009\\u000a\\u000c\\u000d\\u0022\\u005c"}',
    '{"a":"\\b\\t\\n\\f\\r\\"\\\\"}',
  ),
  accepted('upper-case hexadecimal', '{"a":"\\u001F\\u00E9"}', '{"a":"\\u001f\u00e9"}'),
  accepted('a surrogate pair', '{"a":"\\ud83d\\ude00"}', '{"a":"\u{1f600}"}'),
  accepted('an escaped backslash before a u', '{"a":"\\\\ud800"}'),
  accepted('the line separators that JavaScript minds', '{"a":"\u2028\u2029"}'),
  accepted('UTF-8 of two, three and four bytes', '{"a":"\u00e9\u20ac\u{10ffff}"}'),
  accepted('a byte-order mark within a string', '{"a":"\ufeff"}'),
  accepted(
    'numbers as they are written',
    '{"a":[0,-0,1,1.0,1.50,-1e5,1E+5,1e-5,0.1,10000000000000000001]}',
  ),
  accepted('the largest double', '{"a":1.7976931348623157e308}'),
  accepted('a number too small for a double', '{"a":1e-400}'),
  accepted('an integer of 309 digits that a double holds', `{"a":1${'0'.repeat(308)}}`),
  accepted('a long fraction', `{"a":0.${'123456789'.repeat(100)}}`),
  accepted(`nesting of ${DEPTH_MAX} arrays`, nested(DEPTH_MAX, '[', ']')),
  accepted(`nesting of ${DEPTH_MAX} objects`, nestedObjects(DEPTH_MAX)),
  accepted('the same key in two objects', '{"a":{"x":1},"b":{"x":1}}'),
  accepted(
    'resourceVersion is taken out',
    '{"metadata":{"name":"n","resourceVersion":"5","uid":"u"}}',
    '{"metadata":{"name":"n","uid":"u"}}',
  ),
  accepted(
    'the last key of metadata is taken out',
    '{"metadata":{"name":"n","resourceVersion":"5"}}',
    '{"metadata":{"name":"n"}}',
  ),
  accepted(
    'the first key of metadata is taken out',
    '{"metadata":{"uid":"u","resourceVersion":"5"}}',
    '{"metadata":{"uid":"u"}}',
  ),
  accepted(
    'metadata with nothing else goes along',
    '{"a":1,"metadata":{"resourceVersion":"5"},"z":1}',
    '{"a":1,"z":1}',
  ),
  accepted('metadata with nothing in it goes', '{"a":1,"metadata":{}}', '{"a":1}'),
  accepted(
    'an escaped resourceVersion is taken out',
    '{"metadata":{"name":"n","resource\\u0056ersion":"5"}}',
    '{"metadata":{"name":"n"}}',
  ),
  accepted(
    'only the resourceVersion of metadata',
    '{"resourceVersion":"5","spec":{"metadata":{"resourceVersion":"6"}}}',
  ),
  accepted(
    'null in place of the other strings',
    '{"kind":null,"metadata":{"namespace":null,"uid":null}}',
  ),
  accepted(
    'null where a string or labels may be',
    '{"apiVersion":null,"metadata":{"labels":null,"name":null,"resourceVersion":null}}',
    '{"apiVersion":null,"metadata":{"labels":null,"name":null}}',
  ),

  refused('invalid-json', 0, 'nothing', ''),
  refused('invalid-json', 2, 'white space only', ' \n'),
  refused('invalid-json', 0, 'a byte-order mark', '\ufeff{}'),
  refused('invalid-json', 2, 'a second value', '{}{}'),
  refused('invalid-json', 3, 'text after the value', '{} x'),
  refused('invalid-json', 1, 'an object that does not end', '{'),
  refused('invalid-json', 2, 'a key that does not end', '{"'),
  refused('invalid-json', 4, 'no colon', '{"a"'),
  refused('invalid-json', 5, 'no value', '{"a":'),
  refused('invalid-json', 6, 'no closing brace', '{"a":1'),
  refused('invalid-json', 7, 'a comma at the end of an object', '{"a":1,}'),
  refused('invalid-json', 8, 'a comma at the end of an array', '{"a":[1,]}'),
  refused('invalid-json', 1, 'a comma at the beginning', '{,"a":1}'),
  refused('invalid-json', 7, 'two commas', '{"a":1,,"b":2}'),
  refused('invalid-json', 7, 'no comma', '{"a":1 "b":2}'),
  refused('invalid-json', 7, 'an array that a brace closes', '{"a":[1}}'),
  refused('invalid-json', 6, 'an object that a bracket closes', '{"a":1]'),
  refused('invalid-json', 1, 'a key without quotes', '{a:1}'),
  refused('invalid-json', 1, 'a key in single quotes', "{'a':1}"),
  refused('invalid-json', 1, 'a number as a key', '{1:1}'),
  refused('invalid-json', 5, 'a comment', '{"a":/**/1}'),
  refused('invalid-json', 5, 'a literal cut short', '{"a":tru}'),
  refused('invalid-json', 9, 'a literal that goes on', '{"a":truex}'),
  refused('invalid-json', 5, 'a literal in upper case', '{"a":True}'),
  refused('invalid-json', 5, 'a literal of one letter', '{"a":n}'),
  refused('invalid-json', 5, 'NaN', '{"a":NaN}'),
  refused('invalid-json', 6, 'minus infinity', '{"a":-Infinity}'),
  refused('invalid-json', 6, 'a leading zero', '{"a":01}'),
  refused('invalid-json', 7, 'a leading zero behind a minus', '{"a":-01}'),
  refused('invalid-json', 6, 'a minus alone', '{"a":-}'),
  refused('invalid-json', 5, 'a plus', '{"a":+1}'),
  refused('invalid-json', 5, 'a leading point', '{"a":.5}'),
  refused('invalid-json', 7, 'a trailing point', '{"a":1.}'),
  refused('invalid-json', 7, 'an exponent without digits', '{"a":1e}'),
  refused('invalid-json', 8, 'a signed exponent without digits', '{"a":1e+}'),
  refused('invalid-json', 6, 'hexadecimal', '{"a":0x10}'),
  refused('invalid-json', 7, 'a raw line feed in a string', '{"a":"b\nc"}'),
  refused('invalid-json', 6, 'a raw NUL in a string', '{"a":"\0"}'),
  refused('invalid-json', 5, 'a vertical tab between tokens', '{"a":\v1}'),
  refused('invalid-json', 5, 'a no-break space between tokens', '{"a":\u00a01}'),
  refused('invalid-json', 6, 'an unknown escape', '{"a":"\\x41"}'),
  refused('invalid-json', 6, 'an escaped single quote', '{"a":"\\\'"}'),
  refused('invalid-json', 6, 'an upper-case U escape', '{"a":"\\U0041"}'),
  refused('invalid-json', 6, 'an escape with three digits', '{"a":"\\u041"}'),
  refused('invalid-json', 6, 'an escape that is no hexadecimal', '{"a":"\\u00g0"}'),
  refused('invalid-json', 6, 'an escape at the end', '{"a":"\\'),
  refused('invalid-json', 9, 'a string that ends with an escaped quote', '{"a":"b\\"'),
  refused('lone-surrogate', 6, 'a high surrogate alone', '{"a":"\\ud800"}'),
  refused('lone-surrogate', 6, 'a low surrogate alone', '{"a":"\\udc00"}'),
  refused('lone-surrogate', 6, 'two high surrogates', '{"a":"\\ud800\\ud800"}'),
  refused('lone-surrogate', 6, 'a high surrogate before a letter', '{"a":"\\uDBFFa"}'),
  refused('lone-surrogate', 2, 'a surrogate alone in a key', '{"\\udfff":1}'),
  refused('invalid-utf8', 6, 'a stray continuation byte', withBytes(0x80)),
  refused('invalid-utf8', 6, 'a sequence cut short', withBytes(0xe2, 0x82)),
  refused('invalid-utf8', 6, 'an overlong slash', withBytes(0xc0, 0xaf)),
  refused('invalid-utf8', 6, 'an overlong sequence of three bytes', withBytes(0xe0, 0x80, 0xaf)),
  refused(
    'invalid-utf8',
    6,
    'an overlong sequence of four bytes',
    withBytes(0xf0, 0x80, 0x80, 0xaf),
  ),
  refused('invalid-utf8', 6, 'a surrogate in UTF-8', withBytes(0xed, 0xa0, 0x80)),
  refused(
    'invalid-utf8',
    6,
    'a surrogate pair in UTF-8',
    withBytes(0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80),
  ),
  refused('invalid-utf8', 6, 'a character above U+10FFFF', withBytes(0xf4, 0x90, 0x80, 0x80)),
  refused('invalid-utf8', 6, 'the byte ff', withBytes(0xff)),
  refused('invalid-utf8', 8, 'a bad byte behind a good character', withBytes(0xc3, 0xa9, 0xfe)),
  refused('invalid-utf8', 0, 'UTF-16', Buffer.from('\ufeff{}', 'utf16le')),
  refused('number-out-of-range', 5, 'an exponent of 400', '{"a":1e400}'),
  refused('number-out-of-range', 5, 'a negative number that no double holds', '{"a":-1e309}'),
  refused('number-out-of-range', 5, 'an integer of 400 digits', `{"a":${'9'.repeat(400)}}`),
  refused('too-deep', 1004, `nesting of ${DEPTH_MAX + 1} arrays`, nested(DEPTH_MAX + 1, '[', ']')),
  refused('too-deep', 5000, `nesting of ${DEPTH_MAX + 1} objects`, nestedObjects(DEPTH_MAX + 1)),
  refused('too-deep', 1004, 'brackets without end', `{"a":${'['.repeat(100_000)}`),
  refused('duplicate-key', 7, 'a key twice', '{"a":1,"a":1}', 'a'),
  refused('duplicate-key', 7, 'a key twice, once escaped', '{"a":1,"\\u0061":2}', 'a'),
  refused('duplicate-key', 15, 'a key twice with another between', '{"b":1,"a":1,  "b":2}', 'b'),
  refused(
    'duplicate-key',
    49,
    'a key twice deep down',
    '{"spec":{"list":[[],{"x":[{}]},{"y":{"k":1,"j":2,"k":1}}]}}',
    'spec.list[2].y.k',
  ),
  refused('duplicate-key', 18, 'the empty key twice', '{"a":[{"":1,"b":2,"":1}]}', 'a[0].'),
  refused(
    'duplicate-key',
    35,
    'resourceVersion twice',
    '{"metadata":{"resourceVersion":"5","resourceVersion":"5"}}',
    'metadata.resourceVersion',
  ),
  refused('not-an-object', 1, 'an array', ' []'),
  refused('not-an-object', 0, 'a string', '"{}"'),
  refused('not-an-object', 0, 'a number', '1'),
  refused('not-an-object', 0, 'null', 'null'),
  refused('invalid-field', 12, 'metadata that is null', '{"metadata":null}', 'metadata'),
  refused('invalid-field', 12, 'metadata that is an array', '{"metadata":[]}', 'metadata'),
  refused('invalid-field', 15, 'an apiVersion that is a number', '{ "apiVersion":1}', 'apiVersion'),
  refused('invalid-field', 8, 'a kind that is an object', '{"kind":{}}', 'kind'),
  refused(
    'invalid-field',
    20,
    'a name that is a number',
    '{"metadata":{"name":5}}',
    'metadata.name',
  ),
  refused(
    'invalid-field',
    25,
    'a namespace that is true',
    '{"metadata":{"namespace":true}}',
    'metadata.namespace',
  ),
  refused('invalid-field', 19, 'a uid that is an array', '{"metadata":{"uid":[]}}', 'metadata.uid'),
  refused(
    'invalid-field',
    31,
    'a resourceVersion that is a number',
    '{"metadata":{"resourceVersion":5}}',
    'metadata.resourceVersion',
  ),
  refused(
    'invalid-field',
    22,
    'labels that are an array',
    '{"metadata":{"labels":[]}}',
    'metadata.labels',
  ),
  refused(
    'invalid-field',
    27,
    'a label that is a number',
    '{"metadata":{"labels":{"a":1}}}',
    'metadata.labels.a',
  ),
  refused(
    'invalid-field',
    27,
    'a label that is null',
    '{"metadata":{"labels":{"a":null}}}',
    'metadata.labels.a',
  ),
];
