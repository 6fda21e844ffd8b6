/** Big lists over HTTP to clients that take gzip: compressed once, whoever asks. */

import { createHook } from 'node:async_hooks';
import http from 'node:http';
import { gunzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import type { EngineKind } from '../../../lib/engine/index.js';
import { MemoryStorage } from '../../../lib/storage/index.js';
import { ENGINES } from '../../engine/engines.js';
import { change, type Json, PATH, serve, type Scene, widget } from './fixture.js';

interface Packed {
  readonly encoding: string | undefined;
  readonly vary: string | undefined;
  readonly length: string | undefined;
  readonly bytes: Buffer;
}

function fetch(url: string, encoding = 'gzip'): Promise<Packed> {
  return new Promise((resolve, reject) => {
    const headers = { 'Accept-Encoding': encoding };
    http
      .get(url, { agent: false, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            encoding: response.headers['content-encoding'],
            vary: response.headers['vary'],
            length: response.headers['content-length'],
            bytes: Buffer.concat(chunks),
          }),
        );
      })
      .on('error', reject);
  });
}

const unpacked = ({ bytes }: Packed): Json => JSON.parse(gunzipSync(bytes).toString());

/** Runs an act, and tells how many compressions it began in this thread. */
async function compressions(act: () => Promise<void>): Promise<number> {
  let count = 0;
  const hook = createHook({ init: (_id, type) => void (type === 'ZLIB' && count++) }).enable();
  try {
    await act();
  } finally {
    hook.disable();
  }
  return count;
}

const FILLER = 'x'.repeat(4_000);

async function filled(t: ExecutionContext, engine: EngineKind): Promise<Scene> {
  const scene = await serve(t, new MemoryStorage(), { engine });
  for (let index = 0; index < 50; index++) {
    const body = widget(`w${index}`, index % 2 === 0 ? 'red' : 'blue');
    await change(scene, 'POST', PATH, { ...body, filler: FILLER + index });
  }
  return scene;
}

for (const { kind } of ENGINES) {
  test.serial(`${kind}: equal lists are compressed once, however many ask`, async (t) => {
    const { url } = await filled(t, kind);
    const plain = await fetch(url + PATH, 'identity');
    t.is(plain.encoding, undefined);
    const all: Packed[] = [];
    const count = await compressions(async () => {
      all.push(...(await Promise.all(Array.from({ length: 8 }, () => fetch(url + PATH)))));
      all.push(await fetch(url + PATH), await fetch(`${url}${PATH}?resourceVersion=0&limit=3`));
    });
    t.is(count, 1);
    for (const { encoding, vary, bytes } of all) {
      t.is(encoding, 'gzip');
      t.is(vary, 'Accept-Encoding');
      t.true(gunzipSync(bytes).equals(plain.bytes));
    }
  });

  test.serial(`${kind}: other options, and another state, are compressed anew`, async (t) => {
    const scene = await filled(t, kind);
    const { url } = scene;
    const before = await fetch(url + PATH);
    const lists: Packed[] = [];
    const count = await compressions(async () => {
      lists.push(await fetch(`${url}${PATH}?limit=45`));
      await change(scene, 'POST', PATH, widget('z', 'red'));
      lists.push(await fetch(url + PATH));
    });
    t.is(count, 2);
    t.deepEqual(
      lists.map((list) => unpacked(list).items.length),
      [45, 51],
    );
    const { resourceVersion } = unpacked(before).metadata;
    const query = `resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`;
    const again = await compressions(async () => {
      t.true((await fetch(`${url}${PATH}?${query}`)).bytes.equals(before.bytes));
    });
    t.is(again, 0, 'a state that history has is what it was');
  });

  test.serial(`${kind}: up to 128 KiB a list stays as it is, with its length`, async (t) => {
    const { url } = await filled(t, kind);
    const page = await fetch(`${url}${PATH}?limit=20`);
    t.is(page.encoding, undefined);
    t.is(page.length, String(page.bytes.byteLength));
    t.is(JSON.parse(page.bytes.toString()).items.length, 20);
  });
}
