/**
 * What must hold at the size that the engine is made for: 10^5 objects. Sizes are counted, times
 * are not.
 */

import { engineTest } from './engines.js';
import { loaded, nameOf, OBJECTS, objectText } from './large.js';
import { listText, text } from './widget.js';

// Indexes in key order: by namespace, then by name.
const ORDER = Array.from({ length: OBJECTS }, (_, index) => index).sort(
  (left, right) => (left % 10) - (right % 10) || left - right,
);

engineTest(
  'a hundred thousand objects: load, list, delete half, and the memory is free',
  (t, engine) => {
    const cache = loaded(engine);
    const all = ORDER.map((index) => objectText(index, 0, index + 1));
    const live = all.reduce((sum, object) => sum + object.length, 0);
    t.like(cache.stats(), { objects: OBJECTS, namespaces: 10, bytesLive: live, bytesRetained: 0 });
    t.true(listText(cache.list({}), 128 * 1024) === `[${all.join(',')}]`);
    let revision = OBJECTS;
    cache.apply(
      ORDER.filter((index) => index % 20 >= 10).map((index) => ({
        type: 'delete' as const,
        namespace: `ns-${index % 10}`,
        name: nameOf(index),
        revision: BigInt(++revision),
      })),
    );
    cache.trim();
    const rest = ORDER.filter((index) => index % 20 < 10);
    const left = rest.map((index) => objectText(index, 0, index + 1));
    const leftBytes = left.reduce((sum, object) => sum + object.length, 0);
    const stats = cache.stats();
    t.like(stats, { objects: OBJECTS / 2, bytesLive: leftBytes, bytesRetained: 0 });
    t.true(stats.bytesFree <= 1.5 * leftBytes, 'about half of it is in use');
    t.true(listText(cache.list({}), 128 * 1024) === `[${left.join(',')}]`);
    t.is(text(cache.get({ namespace: 'ns-3', name: nameOf(23) })?.object), objectText(23, 0, 24));
    const page = cache.list({ namespace: 'ns-3', limit: 10 });
    t.is(page.remaining, OBJECTS / 20 - 10);
    page.close();
    cache.apply(
      rest.map((index) => ({
        type: 'delete' as const,
        namespace: `ns-${index % 10}`,
        name: nameOf(index),
        revision: BigInt(++revision),
      })),
    );
    cache.trim();
    t.like(cache.stats(), { objects: 0, namespaces: 0, bytesLive: 0, bytesRetained: 0 });
    t.true(cache.stats().bytesFree <= 3 * 4 * 1024 * 1024);
  },
);
