/**
 * LIST and GET over HTTP, row by row of upstream's tables: what each combination of options
 * answers, on every engine over every storage.
 */

import { fill, listTest, PATH, serve, shown, tokenOf } from './fixture.js';

interface Row {
  readonly row: string;
  readonly query: string;
  readonly objects: readonly string[];
  readonly resourceVersion: string;
  /** Where the next page begins. */
  readonly next?: string;
  readonly remaining?: number;
}

const NEWEST = ['a@5', 'c@4', 'd@7'];
const AT_5 = ['a@5', 'b@3', 'c@4'];
const AT_3 = ['a@2', 'b@3'];
const EXACT = 'resourceVersionMatch=Exact';
const NOT_OLDER = 'resourceVersionMatch=NotOlderThan';
const AFTER_A = 'a\0';

const continued = (revision: bigint, start = AFTER_A): string =>
  `continue=${tokenOf(revision, start)}`;

/** The master table of LIST (cache ready, snapshots there), one row after the other. */
const ROWS: readonly Row[] = [
  { row: '1', query: '', objects: NEWEST, resourceVersion: '8' },
  {
    row: '2',
    query: 'limit=2',
    objects: NEWEST.slice(0, 2),
    resourceVersion: '8',
    next: 'c\0',
    remaining: 1,
  },
  { row: '2, all of it', query: 'limit=3', objects: NEWEST, resourceVersion: '8' },
  { row: '3', query: 'resourceVersion=0', objects: NEWEST, resourceVersion: '8' },
  { row: '4', query: 'resourceVersion=0&limit=1', objects: NEWEST, resourceVersion: '8' },
  { row: '5', query: 'resourceVersion=5', objects: NEWEST, resourceVersion: '8' },
  { row: '5, compacted', query: 'resourceVersion=1', objects: NEWEST, resourceVersion: '8' },
  {
    row: '6',
    query: 'resourceVersion=5&limit=2',
    objects: AT_5.slice(0, 2),
    resourceVersion: '5',
    next: 'b\0',
    remaining: 1,
  },
  { row: '6, all of it', query: 'resourceVersion=5&limit=9', objects: AT_5, resourceVersion: '5' },
  { row: '7', query: `resourceVersion=0&${NOT_OLDER}`, objects: NEWEST, resourceVersion: '8' },
  {
    row: '8',
    query: `resourceVersion=0&${NOT_OLDER}&limit=1`,
    objects: NEWEST,
    resourceVersion: '8',
  },
  { row: '9', query: `resourceVersion=5&${NOT_OLDER}`, objects: NEWEST, resourceVersion: '8' },
  {
    row: '10',
    query: `resourceVersion=5&${NOT_OLDER}&limit=1`,
    objects: NEWEST.slice(0, 1),
    resourceVersion: '8',
    next: 'a\0',
    remaining: 2,
  },
  { row: '11', query: `resourceVersion=5&${EXACT}`, objects: AT_5, resourceVersion: '5' },
  { row: '11, oldest', query: `resourceVersion=3&${EXACT}`, objects: AT_3, resourceVersion: '3' },
  {
    row: '12',
    query: `resourceVersion=5&${EXACT}&limit=2`,
    objects: AT_5.slice(0, 2),
    resourceVersion: '5',
    next: 'b\0',
    remaining: 1,
  },
  {
    row: '15',
    query: `${continued(5n)}&limit=1`,
    objects: AT_5.slice(1, 2),
    resourceVersion: '5',
    next: 'b\0',
    remaining: 1,
  },
  {
    row: '15, without a limit',
    query: continued(5n),
    objects: AT_5.slice(1),
    resourceVersion: '5',
  },
  { row: '15, at the end', query: continued(5n, 'zz'), objects: [], resourceVersion: '5' },
  {
    row: '16',
    query: `${continued(-1n)}&limit=1`,
    objects: NEWEST.slice(1, 2),
    resourceVersion: '8',
    next: 'c\0',
    remaining: 1,
  },
  {
    row: '17',
    query: `resourceVersion=0&limit=1&${continued(5n)}`,
    objects: AT_5.slice(1),
    resourceVersion: '5',
  },
  {
    row: '17, inconsistent',
    query: `resourceVersion=0&limit=1&${continued(-1n)}`,
    objects: NEWEST.slice(1),
    resourceVersion: '8',
  },
];

/** Selectors: what they narrow, and that pages with them count nothing. */
const SELECTED: readonly Row[] = [
  {
    row: 'a selector and a limit that is reached',
    query: 'labelSelector=color%3Dred&limit=1',
    objects: ['c@4'],
    resourceVersion: '8',
    next: 'c\0',
  },
  {
    row: 'a selector and a limit, where only objects that do not match follow',
    query: 'labelSelector=color%3Dblue&limit=1',
    objects: ['a@5'],
    resourceVersion: '8',
    next: 'a\0',
  },
  {
    row: 'the page after that is empty',
    query: `labelSelector=color%3Dblue&limit=1&${continued(8n)}`,
    objects: [],
    resourceVersion: '8',
  },
  {
    row: 'a selector at an exact revision',
    query: `labelSelector=color%3Dred&resourceVersion=5&${EXACT}&limit=1`,
    objects: ['b@3'],
    resourceVersion: '5',
    next: 'b\0',
  },
  {
    row: 'a field selector at an exact revision',
    query: `fieldSelector=spec.color%3Dred&resourceVersion=3&${EXACT}`,
    objects: AT_3,
    resourceVersion: '3',
  },
  {
    row: 'one name',
    query: 'fieldSelector=metadata.name%3Dc&limit=1',
    objects: ['c@4'],
    resourceVersion: '8',
  },
  {
    row: 'one name that is not there',
    query: 'fieldSelector=metadata.name%3Db',
    objects: [],
    resourceVersion: '8',
  },
  {
    row: 'one name at an exact revision',
    query: `fieldSelector=metadata.name%3Db&resourceVersion=5&${EXACT}`,
    objects: ['b@3'],
    resourceVersion: '5',
  },
  {
    row: 'one name, which a limit does not make exact',
    query: 'fieldSelector=metadata.name%3Da&resourceVersion=3&limit=1',
    objects: ['a@5'],
    resourceVersion: '8',
  },
  {
    row: 'one name after a token',
    query: `fieldSelector=metadata.name%3Dc&${continued(5n)}`,
    objects: ['c@4'],
    resourceVersion: '5',
  },
  {
    row: 'one name that is before the token',
    query: `fieldSelector=metadata.name%3Da&${continued(5n)}`,
    objects: [],
    resourceVersion: '5',
  },
  {
    row: 'a name that no object can have',
    query: 'fieldSelector=metadata.name%3D..%2Fns%2Fa',
    objects: [],
    resourceVersion: '8',
  },
  {
    row: 'another namespace than that of the path',
    query: 'fieldSelector=metadata.namespace%3Dother',
    objects: [],
    resourceVersion: '8',
  },
];

listTest('each row of LIST answers as upstream does', async (t, { engine, open }) => {
  const scene = await serve(t, await open(t), { engine });
  await fill(scene);
  for (const { row, query, objects, resourceVersion, next, remaining } of [...ROWS, ...SELECTED]) {
    const answer = await scene.ask(`${PATH}?${query}`);
    t.is(answer.status, 200, row);
    t.deepEqual(shown(answer), [...objects], row);
    t.deepEqual(
      answer.json.metadata,
      {
        resourceVersion,
        ...(next === undefined ? {} : { continue: tokenOf(BigInt(resourceVersion), next) }),
        ...(remaining === undefined ? {} : { remainingItemCount: remaining }),
      },
      row,
    );
  }
});

listTest('a limit at 0 is kept where that is asked for', async (t, { engine, open }) => {
  const scene = await serve(t, await open(t), { engine, legacyIgnoreLimitAtZero: false });
  await fill(scene);
  for (const query of [
    'resourceVersion=0&limit=1',
    `resourceVersion=0&limit=1&${NOT_OLDER}`,
    'resourceVersion=0&limit=1&labelSelector=color%3Dblue',
  ]) {
    const answer = await scene.ask(`${PATH}?${query}`);
    t.deepEqual(shown(answer), ['a@5'], query);
    t.is(answer.json.metadata.continue, tokenOf(8n, 'a\0'), query);
  }
  const next = await scene.ask(`${PATH}?resourceVersion=0&limit=1&${continued(5n)}`);
  t.deepEqual(shown(next), ['b@3']);
  const anew = await scene.ask(`${PATH}?resourceVersion=0&limit=1&${continued(-1n)}`);
  t.deepEqual(shown(anew), ['c@4']);
});

interface GetRow {
  readonly query: string;
  readonly name: string;
  readonly revision?: string;
}

const GETS: readonly GetRow[] = [
  { query: '', name: 'a', revision: '5' },
  { query: '?resourceVersion=', name: 'a', revision: '5' },
  { query: '?resourceVersion=0', name: 'a', revision: '5' },
  { query: '?resourceVersion=2', name: 'a', revision: '5' },
  { query: '?resourceVersion=8', name: 'a', revision: '5' },
  { query: '?resourceVersion=0', name: 'b' },
  { query: '', name: 'b' },
];

listTest('each row of GET answers as upstream does', async (t, { engine, open }) => {
  const scene = await serve(t, await open(t), { engine });
  await fill(scene);
  for (const { query, name, revision } of GETS) {
    const { status, json } = await scene.ask(`${PATH}/${name}${query}`);
    if (revision !== undefined) {
      t.is(json.metadata.resourceVersion, revision, query);
      continue;
    }
    t.is(status, 404);
    t.deepEqual(json, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'widgets.example.com "b" not found',
      reason: 'NotFound',
      details: { name: 'b', group: 'example.com', kind: 'widgets' },
      code: 404,
    });
  }
});

listTest('a selector of ten thousand terms comes through', async (t, { engine, open }) => {
  const scene = await serve(t, await open(t), { engine });
  await fill(scene);
  const terms = Array.from({ length: 10_000 }, (_, index) => `color!=c${index}`).join(',');
  const labelSelector = encodeURIComponent(`${terms},color=red`);
  const answer = await scene.ask(`${PATH}?limit=1&labelSelector=${labelSelector}`);
  t.is(answer.status, 200);
  t.deepEqual(shown(answer), ['c@4']);
  t.is(answer.json.metadata.continue, tokenOf(8n, 'c\0'));
});
