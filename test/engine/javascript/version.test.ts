import test from 'ava';

import { Arena } from '../../../lib/engine/javascript/arena.js';
import { Shard } from '../../../lib/engine/javascript/shard.js';
import { StringPool } from '../../../lib/engine/javascript/strings.js';
import { Version } from '../../../lib/engine/javascript/version.js';
import { scanContent } from '../../../lib/object/index.js';

import { type Widget, widgetSource } from '../widget.js';

const WEB: Widget = { namespace: 'a', name: 'web', labels: { app: 'x', tier: 'y' }, node: 'n1' };

test('versions of an object share the arrays of what did not change, and nothing else', (t) => {
  const arena = new Arena();
  const strings = new StringPool();
  const shard = new Shard();
  let revision = 0n;
  const write = (widget: Widget): Version => {
    return scanContent(widgetSource(widget), ['spec.node'], widget.name, (content) => {
      const version = new Version(content, ++revision, arena, strings);
      shard.put(version);
      return version;
    });
  };
  const first = write(WEB);
  t.deepEqual(first.labels, ['app', 'x', 'tier', 'y']);
  const equal = write({ ...WEB, value: 1 });
  t.is(equal.labels, first.labels);
  t.is(equal.fields, first.fields);
  const relabelled = write({ ...WEB, labels: { app: 'x', tier: 'z' } });
  t.deepEqual(relabelled.labels, ['app', 'x', 'tier', 'z']);
  t.is(relabelled.fields, first.fields);
  const moved = write({ ...WEB, labels: { app: 'x' }, node: 'n2' });
  t.deepEqual([moved.labels, moved.fields], [['app', 'x'], ['n2']]);
  t.deepEqual(first.labels, ['app', 'x', 'tier', 'y']);
  for (const version of [first, equal, relabelled, moved]) version.free(arena, strings);
  t.is(strings.size, 0, 'each gave its own strings back, whoever had the array first');
  t.is(arena.live, 0);
});
