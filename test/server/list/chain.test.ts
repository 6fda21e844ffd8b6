/** Pages of one list, asked of several servers over one store: one after the other, and at once. */

import test from 'ava';
import { MemoryStorage, type Storage } from '../../../lib/storage/index.js';
import { LmdbStorage } from '../../../lib/storage/lmdb/index.js';
import { ENGINES } from '../../engine/engines.js';
import { makeFolder } from '../../storage/folder.js';
import { ALL_PATH, change, PATH, serve, shown, widget, type Scene } from './fixture.js';

const STATE = ['a@2', 'b@3', 'c@4', 'd@5', 'e@6'];

async function create(scene: Scene): Promise<void> {
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    await change(scene, 'POST', PATH, widget(name, 'red'));
  }
}

for (const { kind: engine } of ENGINES) {
  test(`${engine}: a server that was started anew goes on with the pages of the old one`, async (t) => {
    const path = await makeFolder(t);
    let token = '';
    const pages: string[][] = [];
    let storage: Storage;
    let round = 0;
    do {
      storage = await LmdbStorage.open({ path });
      const scene = await serve(t, storage, { engine });
      if (round === 0) await create(scene);
      const page = await scene.ask(`${ALL_PATH}?limit=2&continue=${token}`);
      pages.push(shown(page));
      t.is(page.json.metadata.resourceVersion, '6');
      token = page.json.metadata.continue ?? '';
      await change(scene, 'POST', PATH, widget(`c${round}`, 'blue'));
      if (round === 0) await change(scene, 'DELETE', `${PATH}/d`);
      await scene.server.close({ graceMs: 0 });
      await storage.close();
      round++;
    } while (token !== '');
    t.deepEqual(pages, [STATE.slice(0, 2), STATE.slice(2, 4), STATE.slice(4)]);
  });

  test(`${engine}: servers over one store take each other’s tokens`, async (t) => {
    const storage = new MemoryStorage();
    const one = await serve(t, storage, { engine });
    await create(one);
    const other = await serve(t, storage, { engine });
    const first = await one.ask(`${PATH}?limit=2`);
    await change(other, 'DELETE', `${PATH}/d`);
    const second = await other.ask(`${PATH}?limit=2&continue=${first.json.metadata.continue}`);
    t.deepEqual(shown(second), STATE.slice(2, 4));
    const third = await one.ask(`${PATH}?limit=2&continue=${second.json.metadata.continue}`);
    t.deepEqual(shown(third), STATE.slice(4));
    t.is(third.json.metadata.resourceVersion, '6');
  });
}
