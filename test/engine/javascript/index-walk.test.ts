/** When a walk by index is taken, and which; what it finds is told by index-model.test.ts. */

import test from 'ava';

import type { EngineSelector } from '../../../lib/engine/index.js';
import { Directory } from '../../../lib/engine/javascript/directory.js';
import { Arena } from '../../../lib/engine/javascript/arena.js';
import { indexSource } from '../../../lib/engine/javascript/index-walk.js';
import { Indexes } from '../../../lib/engine/javascript/object-index.js';
import { Scope } from '../../../lib/engine/javascript/scope.js';
import { StringPool } from '../../../lib/engine/javascript/strings.js';
import { Version } from '../../../lib/engine/javascript/version.js';
import { scanContent } from '../../../lib/object/index.js';
import { type Widget, widgetSource } from '../widget.js';

const OBJECTS = 400;
const FIELDS = ['spec.node'];

/** Half of the objects are odd, one in forty is rare, one in a hundred has the node n1. */
function filled(): Directory {
  const arena = new Arena();
  const strings = new StringPool();
  const indexes = new Indexes(FIELDS, { fields: FIELDS, labels: ['half', 'app'] });
  const edit = Directory.empty(indexes).edit();
  for (let number = 0; number < OBJECTS; number++) {
    const widget: Widget = {
      namespace: number < OBJECTS / 2 ? 'a' : 'b',
      name: `w-${number}`,
      labels: { half: number % 2 === 0 ? 'even' : 'odd', app: number % 40 === 0 ? 'rare' : 'web' },
      node: number % 100 === 0 ? 'n1' : 'n2',
    };
    scanContent(widgetSource(widget), FIELDS, widget.name, (content) => {
      edit.put(new Version(content, BigInt(number + 1), arena, strings));
    });
  }
  return edit.finish();
}

const directory = filled();

/** How many objects a walk by index looks at; undefined where none is taken. */
function candidates(selector: EngineSelector, place: object = {}): number | undefined {
  const source = indexSource(directory, new Scope({ ...place, selector }, FIELDS), undefined);
  if (source === undefined) return undefined;
  let count = 0;
  while (source.next() !== undefined) count++;
  return count;
}

const label = (key: string, ...values: string[]): EngineSelector => ({
  labels: [{ key, operator: 'In', values }],
  fields: [],
});
const node = (value: string, operator: 'Equals' | 'NotEquals' = 'Equals'): EngineSelector => ({
  labels: [],
  fields: [{ path: 'spec.node', operator, value }],
});
const both = (...selectors: EngineSelector[]): EngineSelector => ({
  labels: selectors.flatMap(({ labels }) => labels),
  fields: selectors.flatMap(({ fields }) => fields),
});

test('values that few objects have are looked up', (t) => {
  t.is(candidates(label('app', 'rare')), 10);
  t.is(candidates(node('n1')), 4);
  t.is(candidates(label('app', 'rare', 'none', 'rare')), 10);
  t.is(candidates(label('app', 'none')), 0);
});

test('values that many have are left to a walk of the place', (t) => {
  t.is(candidates(label('half', 'odd')), undefined);
  t.is(candidates(label('app', 'rare', 'web')), undefined);
});

test('the requirement that leaves fewest is taken', (t) => {
  t.is(candidates(both(label('half', 'even'), label('app', 'rare'))), 10);
  t.is(candidates(both(label('app', 'rare'), node('n1'))), 4);
  t.is(candidates(both(node('n1'), label('app', 'rare'))), 4);
});

test('only the namespace is counted and looked at', (t) => {
  t.is(candidates(label('app', 'rare'), { namespace: 'a' }), 5);
  t.is(candidates(label('app', 'rare'), { namespace: 'none' }), 0);
});

test('what is no demand of a value, or of none that is indexed, is no reason', (t) => {
  t.is(candidates(node('')), undefined);
  t.is(candidates(node('n1', 'NotEquals')), undefined);
  t.is(candidates(label('tier', 'rare')), undefined);
  t.is(
    candidates({ labels: [{ key: 'app', operator: 'Exists', values: [] }], fields: [] }),
    undefined,
  );
  t.is(candidates(label('app', 'rare'), { name: 'w-0' }), undefined);
});
