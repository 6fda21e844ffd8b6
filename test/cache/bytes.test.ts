/** Objects go out as the bytes they are: nothing is parsed or stringified on the way. */

import { pullText, serialCacheTest, standAlone, turn, widget } from './fixture.js';

serialCacheTest(
  'GET, LIST and WATCH answer without JSON.parse and JSON.stringify',
  async (t, engine) => {
    const cache = standAlone(t, engine);
    cache.apply(['a', 'b'].map((name) => ({ type: 'put', object: widget('ns', name) })));
    const bytes = Buffer.from(JSON.stringify(widget('ns', 'c', { labels: { tier: 'gold' } })));
    const { parse, stringify } = JSON;
    const refuse = (): never => {
      throw new Error('an object was parsed or stringified');
    };
    const seen: string[] = [];
    try {
      JSON.parse = refuse;
      JSON.stringify = refuse;
      const stream = await cache.watch({ namespace: 'ns', labelSelector: 'tier!=tin' });
      const frames = stream.frames({ apiVersion: 'example.com/v1', kind: 'Widget' });
      cache.apply({ type: 'put', object: bytes });
      await turn();
      const object = await cache.get('ns', 'c');
      seen.push(Buffer.from(object!.bytes).toString(), pullText(frames));
      const list = await cache.list({ labelSelector: 'tier=gold' });
      seen.push(pullText(list.body('WidgetList', 'example.com/v1')));
      const page = await cache.list({ limit: 1 });
      seen.push(pullText(page.body('WidgetList', 'example.com/v1')));
      stream.close();
    } finally {
      JSON.parse = parse;
      JSON.stringify = stringify;
    }
    const [object, frames, list, page] = seen as [string, string, string, string];
    t.is((JSON.parse(object) as { metadata: { name: string } }).metadata.name, 'c');
    const events = frames.trimEnd().split('\n');
    t.is(events.length, 3);
    for (const event of events) t.is((JSON.parse(event) as { type: string }).type, 'ADDED');
    t.is((JSON.parse(list) as { items: unknown[] }).items.length, 1);
    t.truthy((JSON.parse(page) as { metadata: { continue: string } }).metadata.continue);
  },
);
