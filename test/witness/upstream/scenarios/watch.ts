/** WATCH: options, first events, transitions, bookmarks. Streams end by their own timeout. */

import {
  FUTURE_REVISION,
  get,
  MERGE_PATCH,
  patch,
  post,
  put,
  remove,
  scenario,
  watch,
  widget,
} from '../scenario.js';
import type { Scenario, Step } from '../scenario.js';

const W = '{{widgets}}';

/** From before the first object, what then happened. */
const history: readonly Step[] = [
  get(W, { save: 'before' }),
  post(W, widget('a', { labels: { app: 'x' } }, { spec: { color: 'red' } }), { save: 'a' }),
  post(W, widget('b', { labels: { app: 'y' } }, { spec: { color: 'blue' } })),
  patch(`${W}/a`, MERGE_PATCH, { metadata: { labels: { app: 'y' } } }),
  patch(`${W}/b`, MERGE_PATCH, { spec: { color: 'red' } }),
  put(`${W}/b`, widget('b', { labels: { app: 'x' } }, { spec: { color: 'red' } })),
  patch(`${W}/b`, MERGE_PATCH, { metadata: { labels: { app: 'x' } } }),
  remove(`${W}/a`),
  get(W, { save: 'after' }),
];

const before = 'resourceVersion={{before.metadata.resourceVersion}}';
const after = 'resourceVersion={{after.metadata.resourceVersion}}';

const watching = (name: string, ...queries: readonly string[]): Scenario =>
  scenario(
    `watch: ${name}`,
    ...history,
    ...queries.map((query) =>
      watch(`${W}?watch=1&timeoutSeconds=1&${query}`, { view: withOneBookmark }),
    ),
  );

// How many bookmarks come before the end depends on when the server's clock ticks.
function withOneBookmark(body: unknown): unknown {
  if (!Array.isArray(body)) return body;
  const events = body as { type: string }[];
  return events.filter(
    ({ type }, index) => type !== 'BOOKMARK' || events[index - 1]?.type !== 'BOOKMARK',
  );
}

const INITIAL_EVENTS = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
const NO_INITIAL_EVENTS = 'sendInitialEvents=false&resourceVersionMatch=NotOlderThan';
const BOOKMARKS = 'allowWatchBookmarks=true';

export const WATCH: readonly Scenario[] = [
  watching('from a revision', before, after, 'resourceVersion={{a.metadata.resourceVersion}}'),
  watching('from now', '', 'resourceVersion=0', 'resourceVersion=', 'labelSelector=app%3Dx'),
  watching(
    'selectors and transitions',
    `${before}&labelSelector=app%3Dx`,
    `${before}&labelSelector=app%3Dy`,
    `${before}&labelSelector=app!%3Dy`,
    `${before}&fieldSelector=spec.color%3Dred`,
    `${before}&fieldSelector=metadata.name%3Da`,
    `${before}&fieldSelector=metadata.name%3Da&labelSelector=app%3Dy`,
    `${before}&fieldSelector=metadata.namespace%3Dother`,
  ),
  watching(
    'refused options',
    'labelSelector=app%20in%20(x',
    'fieldSelector=spec.none%3D1',
    'fieldSelector=x',
    'limit=x',
    'limit=1',
    'resourceVersion=abc',
    'resourceVersion=-1',
    'timeoutSeconds=x',
    'resourceVersionMatch=Exact',
    'resourceVersionMatch=NotOlderThan',
    'resourceVersionMatch=Bogus',
    'resourceVersionMatch=Bogus&continue=abc',
    'resourceVersionMatch=Exact&resourceVersion=1',
    'continue=abc',
    `${after}&continue=abc`,
    'sendInitialEvents=x',
  ),
  watching(
    'sendInitialEvents',
    'sendInitialEvents=true',
    'sendInitialEvents=false',
    'sendInitialEvents=true&resourceVersionMatch=Exact',
    'sendInitialEvents=true&resourceVersionMatch=NotOlderThan',
    'sendInitialEvents=false&resourceVersionMatch=NotOlderThan',
    'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
    'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&continue=abc',
    'allowWatchBookmarks=true',
    'allowWatchBookmarks=true&resourceVersion=0',
  ),
  watching(
    'initial events and where they begin',
    `${INITIAL_EVENTS}&${BOOKMARKS}&resourceVersion=0`,
    `${INITIAL_EVENTS}&${BOOKMARKS}&${before}`,
    `${INITIAL_EVENTS}&${BOOKMARKS}&${after}`,
    `${INITIAL_EVENTS}&${BOOKMARKS}&resourceVersion=${FUTURE_REVISION}`,
    `${INITIAL_EVENTS}&${BOOKMARKS}&resourceVersion=abc`,
    `${INITIAL_EVENTS}&${before}`,
    `${NO_INITIAL_EVENTS}&${BOOKMARKS}`,
    `${NO_INITIAL_EVENTS}&resourceVersion=0`,
    `${NO_INITIAL_EVENTS}&${before}`,
    `${NO_INITIAL_EVENTS}&${after}`,
    `${NO_INITIAL_EVENTS}&resourceVersion=${FUTURE_REVISION}`,
    `${BOOKMARKS}&${before}`,
    `${BOOKMARKS}&resourceVersion=0&continue=abc`,
    `${BOOKMARKS}&${before}&continue=abc`,
  ),
  watching(
    'initial events under selectors',
    `${INITIAL_EVENTS}&${BOOKMARKS}&labelSelector=app%3Dx`,
    `${INITIAL_EVENTS}&${BOOKMARKS}&labelSelector=none`,
    `${INITIAL_EVENTS}&${BOOKMARKS}&fieldSelector=spec.color%3Dred`,
    `${INITIAL_EVENTS}&${BOOKMARKS}&fieldSelector=metadata.name%3Db`,
    `${INITIAL_EVENTS}&${BOOKMARKS}&fieldSelector=metadata.name%3Dnone`,
    `${INITIAL_EVENTS}&${BOOKMARKS}&fieldSelector=metadata.namespace%3Dother`,
  ),
  scenario(
    'watch: initial events as table and as metadata',
    ...history,
    ...['Table', 'PartialObjectMetadata'].flatMap((as) =>
      [INITIAL_EVENTS, `${INITIAL_EVENTS}&includeObject=None`].map((query) =>
        watch(`${W}?watch=1&timeoutSeconds=1&${BOOKMARKS}&${query}`, {
          headers: { Accept: `application/json;as=${as};v=v1;g=meta.k8s.io` },
          view: withOneBookmark,
        }),
      ),
    ),
  ),
  scenario(
    'watch: initial events by the old prefix',
    ...history,
    ...[
      '',
      `&${INITIAL_EVENTS}`,
      `&${INITIAL_EVENTS}&resourceVersion=0`,
      '&watch=1',
      '&watch=0',
    ].map((query) =>
      watch(
        `/apis/{{group}}/v1/watch/namespaces/{{namespace}}/widgets?timeoutSeconds=1` +
          `&${BOOKMARKS}${query}`,
        { view: withOneBookmark },
      ),
    ),
    watch(
      `/apis/{{group}}/v1/watch/namespaces/{{namespace}}/widgets?timeoutSeconds=1` +
        `&resourceVersionMatch=Exact&${before}`,
    ),
  ),
  scenario(
    'watch: all namespaces and one name',
    ...history,
    watch(
      `/apis/{{group}}/v1/widgets?watch=1&timeoutSeconds=1&${BOOKMARKS}` +
        '&fieldSelector=metadata.namespace%3D{{namespace}},metadata.name%3Db',
      { view: withOneBookmark },
    ),
  ),
  scenario(
    'watch: bookmark before the end',
    post(W, widget('a'), { save: 'a' }),
    post(W, widget('b')),
    watch(
      `${W}?watch=1&timeoutSeconds=4&allowWatchBookmarks=true&labelSelector=none` +
        '&resourceVersion={{a.metadata.resourceVersion}}',
      { view: withOneBookmark },
    ),
  ),
  scenario(
    'watch: bookmark as table and as metadata',
    post(W, widget('a'), { save: 'a' }),
    // An event that is not for the watch: upstream sends no bookmark at the revision it began at.
    post(W, widget('b')),
    ...['Table', 'PartialObjectMetadata'].flatMap((as) =>
      ['', '&includeObject=None'].map((query) =>
        watch(
          `${W}?watch=1&timeoutSeconds=4&allowWatchBookmarks=true` +
            `&resourceVersion={{a.metadata.resourceVersion}}&labelSelector=none${query}`,
          {
            headers: { Accept: `application/json;as=${as};v=v1;g=meta.k8s.io` },
            view: withOneBookmark,
          },
        ),
      ),
    ),
  ),
  scenario(
    'watch: timeouts',
    post(W, widget('a'), { save: 'a' }),
    watch(`${W}?watch=true&timeoutSeconds=1&resourceVersion={{a.metadata.resourceVersion}}`),
    watch(`${W}?watch=true&timeoutSeconds=-1&resourceVersion={{a.metadata.resourceVersion}}`),
    watch(`${W}?watch=true&timeout=1s&timeoutSeconds=1&resourceVersion=0`),
    watch(`${W}?watch=true&timeout=x&timeoutSeconds=1&resourceVersion=0`),
    watch(`${W}?watch=x&timeoutSeconds=1&resourceVersion=0`),
    watch(`${W}?watch=&timeoutSeconds=1&resourceVersion=0`),
    watch(`${W}?watch&timeoutSeconds=1&resourceVersion=0`),
    watch(`${W}?watch=True&timeoutSeconds=1&resourceVersion=0`),
  ),
  scenario(
    'watch: one name',
    ...history,
    watch(`${W}/b?watch=1&timeoutSeconds=1`),
    watch(`${W}/b?watch=1&timeoutSeconds=1&${before}`),
    watch(`${W}/b?watch=1&timeoutSeconds=1&${before}&fieldSelector=metadata.name%3Db`),
    watch(`${W}/b?watch=1&timeoutSeconds=1&${before}&fieldSelector=metadata.name%3Da`),
    watch(`${W}/none?watch=1&timeoutSeconds=1`),
  ),
  scenario(
    'watch: the old prefix',
    ...history,
    watch(`/apis/{{group}}/v1/watch/namespaces/{{namespace}}/widgets?timeoutSeconds=1&${before}`),
    watch(`/apis/{{group}}/v1/watch/namespaces/{{namespace}}/widgets/b?timeoutSeconds=1&${before}`),
    watch('/apis/{{group}}/v1/watch/widgets?timeoutSeconds=1&labelSelector=none'),
  ),
  scenario(
    'watch: a revision from long ago',
    post(W, widget('a')),
    watch(`${W}?watch=1&timeoutSeconds=1&resourceVersion=1`),
  ),
  scenario(
    'watch: a revision in the future',
    watch(`${W}?watch=1&timeoutSeconds=1&resourceVersion=${FUTURE_REVISION}`),
  ),
  scenario(
    'watch: representations',
    ...history,
    ...[
      'application/json;as=Table;v=v1;g=meta.k8s.io',
      'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
      'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
      'application/yaml',
      'application/json;stream=watch',
      'application/vnd.kubernetes.protobuf',
      'text/plain',
      '*/*',
    ].map((type) =>
      watch(`${W}?watch=1&timeoutSeconds=1&${before}`, { headers: { Accept: type } }),
    ),
    watch(`${W}?watch=1&timeoutSeconds=1&${before}&includeObject=None`, {
      headers: { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    }),
    watch(`${W}?watch=1&timeoutSeconds=1&${before}&pretty=true`),
  ),
  scenario(
    'watch: finalizers on the way out',
    post(W, widget('a', { finalizers: ['example.com/f'] }), { save: 'a' }),
    remove(`${W}/a`),
    patch(`${W}/a`, MERGE_PATCH, { metadata: { finalizers: null } }),
    watch(`${W}?watch=1&timeoutSeconds=1&resourceVersion={{a.metadata.resourceVersion}}`),
  ),
];
