/**
 * The order of keys, against the order of their bytes: strings with characters beyond the basic
 * plane, where JavaScript's own comparison is wrong, and namespaces with the slash that follows
 * them.
 */

import test from 'ava';
import fc from 'fast-check';

import { compareNamespaces, compareUtf8 } from '../../lib/object/index.js';

/** Characters around the places where UTF-16 and UTF-8 disagree, and around the slash. */
const character = fc.constantFrom(
  ...['\u0000', ' ', '-', '.', '/', '0', 'a', '\u007f', '\u0080', '\u07ff', '\u0800'],
  ...['\ud7ff', '\ue000', '\uff5e', '\uffff', '\u{10000}', '\u{1f600}', '\u{10ffff}'],
);
const text = fc.oneof(
  fc.array(character, { maxLength: 6 }).map((characters) => characters.join('')),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
);
// A namespace can't contain the separator, nor what sorts below every separator.
const namespace = text.map((value) => value.replace(/\//g, ''));

const bytesOrder = (left: string, right: string) =>
  Math.sign(Buffer.compare(Buffer.from(left), Buffer.from(right)));

test('strings are ordered by their UTF-8 bytes', (t) => {
  fc.assert(
    fc.property(text, text, (left, right) => {
      t.is(Math.sign(compareUtf8(left, right)), bytesOrder(left, right));
    }),
    { numRuns: 2000 },
  );
  t.is(compareUtf8('a', 'a'), 0);
});

test('an astral character comes after the whole basic plane', (t) => {
  t.true(compareUtf8('\uffff', '\u{10000}') < 0);
});

test('namespaces are ordered as the keys that begin with them', (t) => {
  fc.assert(
    fc.property(namespace, namespace, text, text, (left, right, leftName, rightName) => {
      const order = Math.sign(compareNamespaces(left, right));
      if (left === right) t.is(order, 0);
      else t.is(order, bytesOrder(`${left}/${leftName}`, `${right}/${rightName}`));
    }),
    { numRuns: 2000 },
  );
});

test('a namespace comes after one that continues it with a lower byte than the slash', (t) => {
  t.true(compareNamespaces('team-a', 'team') < 0);
  t.true(compareNamespaces('team', 'team.a') > 0);
  t.true(compareNamespaces('team', 'team0') < 0);
  t.true(compareNamespaces('', 'a') < 0);
});
