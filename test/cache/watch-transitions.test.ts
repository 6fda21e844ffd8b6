/**
 * What a watch with a selector tells of a change, row by row: by whether the version before and the
 * new one meet the selector, as it happens and out of the history, for every way to select.
 */

import type { CacheWatchOptions, WatchCache } from '../../lib/cache/index.js';
import type { WatchEvent } from '../../lib/watch/index.js';
import { cacheTest, standAlone, type Widget, widget } from './fixture.js';

type Met = 'yes' | 'no' | 'none';

/** Puts the object so that it meets the selector or does not, or deletes it. */
type Put = (cache: WatchCache<Widget>, met: Met, value: number) => void;

interface Way {
  readonly way: string;
  readonly options: CacheWatchOptions;
  readonly put: Put;
}

function putting(version: (isMet: boolean, value: number) => Widget): Put {
  return (cache, met, value) => {
    if (met === 'none') cache.apply({ type: 'delete', namespace: 'ns', name: 'p' });
    else cache.apply({ type: 'put', object: version(met === 'yes', value) });
  };
}

const byLabel = putting((isMet, value) =>
  widget('ns', 'p', { labels: { app: isMet ? 'x' : 'y' }, value }),
);
const byAbsence = putting((isMet, value) =>
  widget('ns', 'p', { labels: isMet ? {} : { app: 'y' }, value }),
);
const byField = putting((isMet, value) =>
  widget('ns', 'p', { color: isMet ? 'red' : 'blue', value }),
);

const WAYS: readonly Way[] = [
  { way: 'an equal label', options: { labelSelector: 'app=x' }, put: byLabel },
  { way: 'a label of several', options: { labelSelector: 'app in (x,z)' }, put: byLabel },
  { way: 'a label that is not there', options: { labelSelector: '!app' }, put: byAbsence },
  { way: 'an unequal label', options: { labelSelector: 'app!=y' }, put: byLabel },
  { way: 'a field', options: { fieldSelector: 'spec.color=red' }, put: byField },
  { way: 'an unequal field', options: { fieldSelector: 'spec.color!=blue' }, put: byField },
  {
    way: 'a field, in a namespace and of one name',
    options: { namespace: 'ns', fieldSelector: 'metadata.name=p,spec.color=red' },
    put: byField,
  },
];

interface Row {
  readonly before: Met;
  readonly now: Met;
  /** Its type, and the value in its object: the version before has 1, the new one 2. */
  readonly event: readonly [type: 'ADDED' | 'MODIFIED' | 'DELETED', value: number] | undefined;
}

const ROWS: readonly Row[] = [
  { before: 'none', now: 'yes', event: ['ADDED', 2] },
  { before: 'no', now: 'yes', event: ['ADDED', 2] },
  { before: 'yes', now: 'yes', event: ['MODIFIED', 2] },
  { before: 'yes', now: 'no', event: ['DELETED', 1] },
  { before: 'yes', now: 'none', event: ['DELETED', 1] },
  { before: 'none', now: 'no', event: undefined },
  { before: 'no', now: 'no', event: undefined },
  { before: 'no', now: 'none', event: undefined },
];

for (const { way, options, put } of WAYS) {
  for (const { before, now, event } of ROWS) {
    cacheTest(
      `${way}: before ${before}, now ${now}: ${event?.[0] ?? 'nothing'}`,
      async (t, kind) => {
        const cache = standAlone(t, kind);
        if (before !== 'none') put(cache, before, 1);
        const since = cache.resourceVersion;
        const live = await cache.watch({ ...options, resourceVersion: since });
        put(cache, now, 2);
        const replayed = await cache.watch({ ...options, resourceVersion: since });
        const told = cache.resourceVersion;
        const expected = event === undefined ? [] : [[event[0], event[1], told, told]];
        for (const stream of [live, replayed]) {
          const drained = stream.source().drain(9);
          const events = drained.type === 'events' ? drained.events : [];
          t.deepEqual(events.map(shown), expected);
        }
      },
    );
  }
}

function shown(event: WatchEvent<Widget>): unknown {
  if (event.type === 'BOOKMARK') return event;
  const { metadata, spec } = event.object.parse();
  return [event.type, spec?.value, event.object.resourceVersion, metadata.resourceVersion];
}
