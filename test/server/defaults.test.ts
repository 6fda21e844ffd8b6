/** Defaults that came after the objects: readers see them, the storage keeps what was written. */

import test from 'ava';
import { defineResource, type ResourceStrategy } from '../../lib/rest/index.js';
import type { UnknownObject } from '../../lib/object/index.js';
import {
  createServer,
  silentLogger,
  type ApiServer,
  type InjectedResponse,
  type LogFields,
} from '../../lib/server/index.js';
import { MemoryStorage, type Storage } from '../../lib/storage/index.js';
import type { EngineKind } from '../../lib/engine/index.js';
import { ManualClock } from '../clock.js';
import { ENGINES } from '../engine/engines.js';

const PATH = '/apis/example.com/v1/namespaces/shop/widgets';

// oxlint-disable-next-line typescript/no-explicit-any
type Value = any;

async function open(
  storage: Storage,
  engine: EngineKind,
  strategy: ResourceStrategy<UnknownObject>,
  log: LogFields[] = [],
): Promise<ApiServer> {
  const type = defineResource({
    group: 'example.com',
    version: 'v1',
    kind: 'Widget',
    selectableFields: ['spec.color'],
    strategy,
  });
  const logger = { ...silentLogger, error: (fields: LogFields) => void log.push(fields) };
  const server = createServer({ resources: [type], storage, engine, logger });
  await server.ready();
  return server;
}

const read = async (server: ApiServer, path: string): Promise<string> =>
  (await server.inject({ path })).text();

const post = (server: ApiServer, name: string, spec: Value): Promise<InjectedResponse> =>
  server.inject({
    method: 'POST',
    path: PATH,
    body: { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name }, spec },
  });

const red: ResourceStrategy<UnknownObject> = {
  default: (object: Value) => void (object.spec.color ??= 'red'),
};

for (const { kind: engine } of ENGINES) {
  test(`${engine}: readers see the defaults of objects that lack them`, async (t) => {
    const storage = new MemoryStorage({ clock: new ManualClock() });
    const before = await open(storage, engine, {});
    await post(before, 'old', { size: 1 });
    await before.close();
    const server = await open(storage, engine, red);
    t.teardown(() => server.close());
    t.is(JSON.parse(await read(server, `${PATH}/old`)).spec.color, 'red');
    const listed = JSON.parse(await read(server, `${PATH}?fieldSelector=spec.color%3Dred`));
    t.deepEqual(listed.items[0].spec, { size: 1, color: 'red' });
    const stored = await storage.list('/example.com/widgets/');
    t.false(Buffer.from(stored.values[0]?.value ?? []).includes('red'));
    await server.inject({
      method: 'PATCH',
      path: `${PATH}/old`,
      headers: { 'content-type': 'application/merge-patch+json' },
      body: '{"spec":{"size":2}}',
    });
    const written = await storage.list('/example.com/widgets/');
    t.true(Buffer.from(written.values[0]?.value ?? []).includes('"color":"red","size":2'));
  });
}

test('an object that the default fails on is shown as it is stored, and told', async (t) => {
  const storage = new MemoryStorage({ clock: new ManualClock() });
  const before = await open(storage, 'javascript', {});
  await post(before, 'bad', { size: 'x' });
  await post(before, 'good', { size: 1 });
  await before.close();
  const log: LogFields[] = [];
  const picky = (object: Value): void => {
    if (object.spec.size === 'x') throw new Error('a bug');
    object.spec.color = 'red';
  };
  const server = await open(storage, 'javascript', { default: picky }, log);
  t.teardown(() => server.close());
  const { items } = JSON.parse(await read(server, PATH));
  t.deepEqual(
    items.map(({ spec }: Value) => spec),
    [{ size: 'x' }, { color: 'red', size: 1 }],
  );
  t.like(log[0], { function: 'strategy.default', resource: 'widgets.example.com', name: 'bad' });
});
