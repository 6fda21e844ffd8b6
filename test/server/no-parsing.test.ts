/**
 * Whole objects go out as the bytes they came in as: with JSON.parse and JSON.stringify made to
 * throw once the data is there, GET, LIST and WATCH still answer, over a socket and all.
 */

import http from 'node:http';
import test from 'ava';
import { defineResource, keyPrefix } from '../../lib/rest/index.js';
import { createServer, type ApiServer } from '../../lib/server/index.js';
import { MemoryStorage } from '../../lib/storage/index.js';

const PATH = '/apis/example.com/v1/namespaces/shop/widgets';

const widgets = defineResource({ group: 'example.com', version: 'v1', kind: 'Widget' });

// 64-bit and 1.0 would not survive being parsed, so a way around the guard would show.
const widgetText = (name: string): string =>
  '{"apiVersion":"example.com/v1","kind":"Widget",' +
  `"metadata":{"labels":{"half":"${name < 'w-5' ? 'first' : 'second'}"},"name":"${name}",` +
  '"namespace":"shop"},"spec":{"big":9007199254740993,"share":1.0}}';

const names = Array.from({ length: 10 }, (_, index) => `w-${index}`);

interface Read {
  readonly path: string;
  readonly contains: readonly string[];
  readonly lacks?: readonly string[];
}

const READS: readonly Read[] = [
  { path: `${PATH}/w-3`, contains: ['"name":"w-3"', '9007199254740993', '1.0'] },
  { path: PATH, contains: ['"kind":"WidgetList"', '"w-0"', '"w-9"', '9007199254740993'] },
  { path: `${PATH}?limit=3`, contains: ['"continue":"', '"remainingItemCount":7'] },
  { path: `${PATH}?labelSelector=half%3Dfirst`, contains: ['"w-4"'], lacks: ['"w-5"'] },
  { path: `${PATH}?fieldSelector=metadata.name%3Dw-7`, contains: ['"w-7"'], lacks: ['"w-6"'] },
  { path: '/apis/example.com/v1/widgets?resourceVersion=0', contains: ['"w-9"'] },
];

test('GET, LIST and WATCH answer without parsing or printing JSON', async (t) => {
  const storage = new MemoryStorage();
  const server = createServer({
    resources: [widgets],
    storage,
    authenticator: {
      authenticate: async () => ({ username: 'ana', uid: '', groups: [], extra: {} }),
    },
    authorizer: { authorize: async () => ({ allowed: true }) },
  });
  for (const name of names) await store(storage, name);
  await server.ready();
  const { url } = await server.listen();
  const { parse, stringify } = JSON;
  const refuse = (): never => {
    throw new Error('JSON was parsed or printed');
  };
  const answers: string[] = [];
  let watched: string;
  Object.assign(JSON, { parse: refuse, stringify: refuse });
  try {
    for (const { path } of READS) answers.push(await read(url + path));
    const watching = watch(`${url}${PATH}?watch=1`, 11);
    await store(storage, 'w-live');
    watched = await watching;
  } finally {
    Object.assign(JSON, { parse, stringify });
  }
  for (const [index, { path, contains, lacks = [] }] of READS.entries()) {
    for (const text of contains) t.true(answers[index]?.includes(text), `${path}: ${text}`);
    for (const text of lacks) t.false(answers[index]?.includes(text), `${path}: ${text}`);
    t.notThrows(() => JSON.parse(answers[index] ?? '') as unknown, path);
  }
  const lines = watched.trim().split('\n');
  t.is(lines.length, 11);
  t.true(lines.every((line) => line.startsWith('{"type":"ADDED","object":{')));
  t.true(lines[10]?.includes('"name":"w-live"'));
  await closeAll(server, storage);
});

async function closeAll(server: ApiServer, storage: MemoryStorage): Promise<void> {
  await server.close({ graceMs: 0 });
  await storage.close();
}

async function store(storage: MemoryStorage, name: string): Promise<void> {
  const value = new TextEncoder().encode(widgetText(name));
  const key = `${keyPrefix(widgets)}shop/${name}`;
  await storage.write({ key, expected: 0n, value });
}

function read(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    http
      .get(url, { agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode === 200) resolve(text);
          else reject(new Error(text));
        });
      })
      .on('error', reject);
  });
}

// Resolves to the text of so many events, and leaves.
function watch(url: string, events: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (text.split('\n').length <= events) return;
        request.destroy();
        resolve(text);
      });
    });
    request.on('error', reject);
  });
}
