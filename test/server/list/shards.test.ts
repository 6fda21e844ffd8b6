/** `shardSelector` (KEP-5866) over HTTP: lists, tables, pages, watches, deletions, refusals. */

import http from 'node:http';

import { isInShard, parseShardSelector } from '../../../lib/object/index.js';
import {
  ALL_PATH,
  type Answered,
  change,
  type Json,
  listTest,
  PATH,
  type Scene,
  serve,
  widget,
} from './fixture.js';

const LOWER = "shardRange(object.metadata.uid, '0x0000000000000000', '0x8000000000000000')";
const UPPER = "shardRange(object.metadata.uid, '0x8000000000000000', '0x10000000000000000')";

const OBJECTS = 24;

const query = (selector: string, rest = ''): string =>
  `shardSelector=${encodeURIComponent(selector)}${rest}`;

const uidsOf = ({ json }: Answered): string[] =>
  json.items.map(({ metadata }: Json) => metadata.uid);

async function filled(scene: Scene): Promise<readonly string[]> {
  for (let number = 0; number < OBJECTS; number++) {
    await change(scene, 'POST', PATH, widget(`w-${String(number).padStart(2, '0')}`, 'red'));
  }
  return uidsOf(await scene.ask(PATH));
}

const chosen = (uids: readonly string[], selector: string): string[] =>
  uids.filter((uid) => isInShard(parseShardSelector(selector), uid));

listTest(
  'lists of shards divide the objects, and say which they are',
  async (t, { engine, open }) => {
    const scene = await serve(t, await open(t), { engine });
    const uids = await filled(scene);
    for (const selector of [LOWER, UPPER]) {
      const answered = await scene.ask(`${PATH}?${query(selector)}`);
      t.is(answered.status, 200);
      t.deepEqual(uidsOf(answered), chosen(uids, selector));
      t.deepEqual(answered.json.metadata.shardInfo, { selector });
    }
    const both = await scene.ask(`${ALL_PATH}?${query(`${LOWER}||${UPPER}`)}`);
    t.deepEqual(uidsOf(both), uids);
    t.deepEqual(both.json.metadata.shardInfo, { selector: `${LOWER} || ${UPPER}` });
    const plain = await scene.ask(`${PATH}?shardSelector=`);
    t.deepEqual(uidsOf(plain), uids);
    t.is(plain.json.metadata.shardInfo, undefined);
    const space =
      "shardRange(object.metadata.namespace, '0x0000000000000000', '0x10000000000000000')";
    t.is(uidsOf(await scene.ask(`${ALL_PATH}?${query(space)}`)).length, OBJECTS);
  },
);

listTest(
  'pages of a shard are its list, without a count of what follows',
  async (t, { engine, open }) => {
    const scene = await serve(t, await open(t), { engine });
    const expected = chosen(await filled(scene), LOWER);
    const found: string[] = [];
    let token = '';
    do {
      const rest = `&limit=3${token === '' ? '' : `&continue=${token}`}`;
      const page = await scene.ask(`${PATH}?${query(LOWER, rest)}`);
      t.is(page.status, 200);
      t.is(page.json.metadata.remainingItemCount, undefined);
      t.deepEqual(page.json.metadata.shardInfo, { selector: LOWER });
      found.push(...uidsOf(page));
      token = page.json.metadata.continue ?? '';
    } while (token !== '');
    t.deepEqual(found, expected);
  },
);

listTest('a shard at a revision that only the storage has', async (t, { engine, open }) => {
  const scene = await serve(t, await open(t), {
    engine,
    history: { entriesMin: 0, entriesMax: 1 },
  });
  const uids = await filled(scene);
  const { resourceVersion } = (await scene.ask(PATH)).json.metadata;
  for (let number = 0; number < 3; number++) await change(scene, 'DELETE', `${PATH}/w-0${number}`);
  const exact = `&resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`;
  const answered = await scene.ask(`${PATH}?${query(LOWER, exact)}`);
  t.deepEqual(uidsOf(answered), chosen(uids, LOWER));
  t.deepEqual(answered.json.metadata.shardInfo, { selector: LOWER });
});

listTest('a watch of a shard has its objects alone', async (t, { engine, open }) => {
  const scene = await serve(t, await open(t), { engine });
  const uids = await filled(scene);
  const watched = await firstEvents(
    `${scene.url}${PATH}?watch=true&${query(UPPER)}`,
    chosen(uids, UPPER).length,
  );
  t.deepEqual(
    watched.map(({ type, object }) => [type, object.metadata.uid]),
    chosen(uids, UPPER).map((uid) => ['ADDED', uid]),
  );
});

listTest('a collection of a shard is deleted, and nothing else', async (t, { engine, open }) => {
  const scene = await serve(t, await open(t), { engine });
  const uids = await filled(scene);
  const deleted = await scene.ask(`${PATH}?${query(LOWER)}`, 'DELETE');
  t.is(deleted.status, 200);
  t.deepEqual(uidsOf(deleted), chosen(uids, LOWER));
  t.deepEqual(uidsOf(await scene.ask(PATH)), chosen(uids, UPPER));
});

listTest('what is no shard selector is 400', async (t, { engine, open }) => {
  const scene = await serve(t, await open(t), { engine });
  for (const rest of ['', '&watch=true']) {
    const { status, json } = await scene.ask(`${PATH}?${query("shardRange(uid, '0x0')", rest)}`);
    t.is(status, 400);
    t.is(json.reason, 'BadRequest');
    t.is(
      json.message,
      'invalid shard selector: unsupported field path "uid"; ' +
        'supported: object.metadata.uid, object.metadata.namespace',
    );
  }
});

function firstEvents(url: string, count: number): Promise<readonly Json[]> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        const lines = text.split('\n').slice(0, -1);
        if (lines.length < count) return;
        request.destroy();
        resolve(lines.map((line) => JSON.parse(line) as Json));
      });
    });
    request.on('error', reject);
  });
}
