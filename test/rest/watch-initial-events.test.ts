/**
 * `sendInitialEvents` over HTTP (KEP-3157): which options are refused, what is asked for by those
 * who do not name it, and how the bookmark that ends the initial events is shown.
 */

import test from 'ava';

import { StorageError } from '../../lib/storage/index.js';
import { GatedStorage } from '../cache/gated-storage.js';
import { type Json, TestServer, WatchReader, widget, WIDGETS_URL } from './fixture.js';

const WATCH_URL = `${WIDGETS_URL}?watch=1`;
const OLD_URL = '/apis/example.com/v1/watch/namespaces/team-a/widgets';
const ASKED = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
const INITIAL_END = { 'k8s.io/initial-events-end': 'true' };

async function create(server: TestServer, name: string): Promise<void> {
  const reply = await server.ask('POST', WIDGETS_URL, { body: widget(name) });
  if (reply.status !== 201) throw new Error(reply.text);
}

/** Events that the answer has at once. */
async function eventsOf(server: TestServer, url: string, accept?: string): Promise<Json[]> {
  const headers = accept === undefined ? {} : { Accept: accept };
  const { status, source } = await server.ask('GET', url, { headers });
  if (status !== 200 || source.type !== 'pull') throw new Error(`${status}`);
  let text = '';
  for (let pulled = source.pull(1 << 16); pulled.type === 'chunks'; pulled = source.pull(1 << 16)) {
    text += Buffer.concat(pulled.chunks).toString();
  }
  source.close();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Json);
}

const short = ({ type, object }: Json): string => {
  const { name = '', resourceVersion, annotations } = object.metadata;
  return `${type} ${name}@${resourceVersion}${annotations === undefined ? '' : ' end'}`;
};

const WITHOUT_MATCH =
  'resourceVersionMatch: Forbidden: ' +
  'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
const EXACT = 'resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"';
const CONTINUE =
  'resourceVersionMatch: Forbidden: ' +
  'resourceVersionMatch is forbidden when continue is provided';
const UNASKED =
  'resourceVersionMatch: Forbidden: ' +
  'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
const OF_LIST = 'sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list';

interface Refused {
  readonly row: string;
  readonly url: string;
  readonly faults: readonly string[];
}

const REFUSED: readonly Refused[] = [
  ...['true', 'false'].flatMap((value) => [
    {
      row: `sendInitialEvents ${value}, resourceVersionMatch unset`,
      url: `${WATCH_URL}&sendInitialEvents=${value}`,
      faults: [WITHOUT_MATCH],
    },
    {
      row: `sendInitialEvents ${value}, resourceVersionMatch Exact`,
      url: `${WATCH_URL}&sendInitialEvents=${value}&resourceVersionMatch=Exact`,
      faults: [WITHOUT_MATCH, EXACT],
    },
  ]),
  {
    row: 'resourceVersionMatch set, sendInitialEvents unset',
    url: `${WATCH_URL}&resourceVersionMatch=NotOlderThan`,
    faults: [UNASKED],
  },
  {
    row: 'resourceVersionMatch Exact, sendInitialEvents unset',
    url: `${WATCH_URL}&resourceVersion=1&resourceVersionMatch=Exact`,
    faults: [UNASKED, EXACT],
  },
  {
    row: 'resourceVersionMatch and continue set',
    url: `${WATCH_URL}&${ASKED}&continue=x`,
    faults: [CONTINUE],
  },
  {
    row: 'continue set, resourceVersion unset: it is a watch of the state, unsaid',
    url: `${WATCH_URL}&continue=x`,
    faults: [CONTINUE],
  },
  {
    row: 'sendInitialEvents where only the path says watch: the rules of a list',
    url: `${OLD_URL}?${ASKED}&resourceVersion=0`,
    faults: [OF_LIST],
  },
  {
    row: 'resourceVersionMatch where only the path says watch: the rules of a list',
    url: `${OLD_URL}?resourceVersionMatch=NotOlderThan`,
    faults: [
      'resourceVersionMatch: Forbidden: ' +
        'resourceVersionMatch is forbidden unless resourceVersion is provided',
    ],
  },
];

for (const { row, url, faults } of REFUSED) {
  test(`refused: ${row}`, async (t) => {
    const server = await TestServer.start();
    const { status, source } = await server.ask('GET', url);
    t.is(status, 422);
    if (source.type !== 'bytes') return t.fail('a whole answer');
    const { message, reason, details } = JSON.parse(Buffer.from(source.bytes).toString()) as Json;
    t.is(reason, 'Invalid');
    t.is(
      message,
      'ListOptions.meta.k8s.io "" is invalid: ' +
        (faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`),
    );
    t.like(details, { group: 'meta.k8s.io', kind: 'ListOptions' });
    t.deepEqual(
      details.causes.map(({ field, message: why }: Json) => `${field}: ${why}`),
      faults,
    );
  });
}

interface Answered {
  readonly row: string;
  readonly url: string;
  readonly events: readonly string[];
}

const STATE = ['ADDED a@2', 'ADDED b@3'];
const END = 'BOOKMARK @3 end';
const BOOKMARKS = 'allowWatchBookmarks=true';

const ANSWERED: readonly Answered[] = [
  { row: 'nothing named', url: WATCH_URL, events: STATE },
  {
    row: 'only bookmarks: the end is told to whoever did not ask for it',
    url: `${WATCH_URL}&${BOOKMARKS}`,
    events: [...STATE, END],
  },
  {
    row: 'resourceVersion 0 and bookmarks',
    url: `${WATCH_URL}&resourceVersion=0&${BOOKMARKS}`,
    events: [...STATE, END],
  },
  { row: 'resourceVersion N', url: `${WATCH_URL}&resourceVersion=2`, events: ['ADDED b@3'] },
  {
    row: 'resourceVersion N and bookmarks',
    url: `${WATCH_URL}&resourceVersion=2&${BOOKMARKS}`,
    events: ['ADDED b@3'],
  },
  { row: 'true', url: `${WATCH_URL}&${ASKED}`, events: STATE },
  {
    row: 'true and bookmarks',
    url: `${WATCH_URL}&${ASKED}&${BOOKMARKS}`,
    events: [...STATE, END],
  },
  {
    row: 'true, resourceVersion N and bookmarks',
    url: `${WATCH_URL}&${ASKED}&resourceVersion=2&${BOOKMARKS}`,
    events: [...STATE, END],
  },
  {
    row: 'false: no state, whatever the resourceVersion',
    url: `${WATCH_URL}&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&${BOOKMARKS}`,
    events: [],
  },
  {
    row: 'false and resourceVersion 0',
    url: `${WATCH_URL}&sendInitialEvents=0&resourceVersionMatch=NotOlderThan&resourceVersion=0`,
    events: [],
  },
  {
    row: 'false and resourceVersion N: history from there',
    url:
      `${WATCH_URL}&sendInitialEvents=false&resourceVersionMatch=NotOlderThan` +
      '&resourceVersion=2',
    events: ['ADDED b@3'],
  },
  {
    row: 'true and one name',
    url: `${WATCH_URL}&${ASKED}&${BOOKMARKS}&fieldSelector=metadata.name%3Db`,
    events: ['ADDED b@3', END],
  },
  {
    row: 'true and a selector that nothing meets',
    url: `${WATCH_URL}&${ASKED}&${BOOKMARKS}&labelSelector=app`,
    events: [END],
  },
  {
    row: 'limit means nothing',
    url: `${WATCH_URL}&limit=1&${BOOKMARKS}`,
    events: [...STATE, END],
  },
  {
    row: 'resourceVersion N: continue means nothing',
    url: `${WATCH_URL}&limit=1&continue=x&resourceVersion=2`,
    events: ['ADDED b@3'],
  },
  {
    row: 'only the path says watch: no end is told',
    url: `${OLD_URL}?${BOOKMARKS}`,
    events: STATE,
  },
  {
    row: 'the path and the query say watch',
    url: `${OLD_URL}?watch=1&${BOOKMARKS}`,
    events: [...STATE, END],
  },
];

for (const { row, url, events } of ANSWERED) {
  test(`answered: ${row}`, async (t) => {
    const server = await TestServer.start();
    await create(server, 'a');
    await create(server, 'b');
    await server.ask('GET', WIDGETS_URL);
    t.deepEqual((await eventsOf(server, url)).map(short), [...events]);
  });
}

const SHOWN_URL = `${WATCH_URL}&${ASKED}&${BOOKMARKS}`;
const metadata = { annotations: INITIAL_END, resourceVersion: '2' };

test('the end of the initial events is an object of the type', async (t) => {
  const server = await TestServer.start();
  await create(server, 'a');
  const [, end] = await eventsOf(server, SHOWN_URL);
  const object = { kind: 'Widget', apiVersion: 'example.com/v1', metadata };
  t.deepEqual(end, { type: 'BOOKMARK', object });
});

test('the end of the initial events is metadata to whoever wants metadata', async (t) => {
  const server = await TestServer.start();
  await create(server, 'a');
  const accept = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
  const [added, end] = await eventsOf(server, SHOWN_URL, accept);
  t.is(added.object.kind, 'PartialObjectMetadata');
  const object = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
  t.deepEqual(end, { type: 'BOOKMARK', object });
});

test('the end of the initial events is a row to whoever wants tables', async (t) => {
  const server = await TestServer.start();
  await create(server, 'a');
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const [added, end] = await eventsOf(server, SHOWN_URL, accept);
  t.is(added.object.columnDefinitions.length, 2);
  t.is(end.type, 'BOOKMARK');
  t.is(end.object.kind, 'Table');
  t.is(end.object.metadata.resourceVersion, '2');
  t.is(end.object.columnDefinitions, null);
  t.deepEqual(
    end.object.rows.map(({ object }: Json) => object.metadata),
    [metadata],
  );
});

test('the end of the initial events is told beside cells that stand alone', async (t) => {
  const server = await TestServer.start();
  await create(server, 'a');
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const [added, end] = await eventsOf(server, `${SHOWN_URL}&includeObject=None`, accept);
  t.is(added.object.rows[0].object, null);
  t.deepEqual(end.object.rows[0].object.metadata, metadata);
});

const LATE: readonly (readonly [row: string, query: string])[] = [
  ['unset', ''],
  ['true, unset', `&${ASKED}`],
  ['true, N in the future', `&${ASKED}&resourceVersion=3`],
];

for (const [row, query] of LATE) {
  test(`not fresh within 3 s: ${row}: an ERROR event 504, then the end`, async (t) => {
    const storage = new GatedStorage();
    const server = await TestServer.start({ storage });
    await create(server, 'a');
    await server.ask('GET', WIDGETS_URL);
    storage.hold();
    await create(server, 'b');
    const asked = server.ask('GET', WATCH_URL + query);
    await new Promise(setImmediate);
    server.clock.advance(3_000);
    const reply = await asked;
    t.is(reply.status, 200);
    const watch = new WatchReader(reply);
    t.deepEqual(await watch.next(), {
      type: 'ERROR',
      object: {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'Timeout: Too large resource version: 3, current: 2',
        reason: 'Timeout',
        details: {
          causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
          retryAfterSeconds: 1,
        },
        code: 504,
      },
    });
    t.is(await watch.next(), undefined);
  });
}

test('a storage that can not tell its revision is an ERROR event 500, then the end', async (t) => {
  const storage = new GatedStorage();
  const server = await TestServer.start({ storage });
  storage.committed = () => Promise.reject(new StorageError('unavailable', 'no quorum'));
  const reply = await server.ask('GET', WATCH_URL);
  t.is(reply.status, 200);
  const watch = new WatchReader(reply);
  const { type, object } = await watch.next();
  t.is(type, 'ERROR');
  t.like(object, { kind: 'Status', code: 500, reason: 'InternalError', message: 'no quorum' });
  t.is(await watch.next(), undefined);
});
