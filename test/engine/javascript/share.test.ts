import test from 'ava';

import { createEngineCache, EngineError } from '../../../lib/engine/index.js';
import { cacheOptions } from '../engines.js';

test('the JavaScript engine does not share a cache between threads, and says so', (t) => {
  const cache = createEngineCache('javascript', cacheOptions());
  const error = t.throws(() => cache.share(), { instanceOf: EngineError });
  t.is(error?.code, 'not-shareable');
  t.regex(error?.message ?? '', /widgets\.example\.com .*one thread/);
  t.like(cache.stats(), { epochsBehind: 0, attachments: 1 });
  cache.close();
  t.throws(() => cache.share(), { code: 'closed' });
});
