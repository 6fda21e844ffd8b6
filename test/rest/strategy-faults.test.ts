/** Hooks that do what they must not, throw, or never end: what the client and the log are told. */

import test from 'ava';

import type { ObjectMeta } from '../../lib/object/index.js';
import { conflict, silentLogger, timeout } from '../../lib/request/index.js';
import type { LogFields } from '../../lib/request/index.js';
import { defineResource } from '../../lib/rest/index.js';
import type { ResourceStrategy } from '../../lib/rest/index.js';
import { TestServer, widget, WIDGETS_URL } from './fixture.js';
import type { Json } from './fixture.js';

interface Widget {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec: { size: number };
}

type Logged = readonly [level: string, message: string, fields: LogFields];

async function serve(
  strategy: ResourceStrategy<Widget>,
): Promise<{ server: TestServer; log: Logged[] }> {
  const log: Logged[] = [];
  const logger = {
    ...silentLogger,
    warn: (fields: LogFields, message: string) => void log.push(['warn', message, fields]),
    error: (fields: LogFields, message: string) => void log.push(['error', message, fields]),
  };
  const type = defineResource<Widget>({
    group: 'example.com',
    version: 'v1',
    kind: 'Widget',
    strategy,
  });
  return { server: await TestServer.start({ handler: { logger } }, [type]), log };
}

const LAMP = `${WIDGETS_URL}/lamp`;
const body = widget('lamp', { spec: { size: 1 } });
const bug = (): never => {
  throw new Error('a bug');
};

type Row = readonly [what: string, strategy: Json, hook: string, why: string | RegExp];

const onCreate: readonly Row[] = [
  ['default throws', { default: bug }, 'default', 'a bug'],
  ['prepareForCreate throws', { prepareForCreate: bug }, 'prepareForCreate', 'a bug'],
  ['validate rejects', { validate: async () => bug() }, 'validate', 'a bug'],
  ['warningsOnCreate throws', { warningsOnCreate: bug }, 'warningsOnCreate', 'a bug'],
  ['canonicalize rejects', { canonicalize: async () => bug() }, 'canonicalize', 'a bug'],
  [
    'default is asynchronous',
    { default: async () => bug() },
    'default',
    'it must not be asynchronous',
  ],
  [
    'validate returns nothing',
    { validate: () => undefined },
    'validate',
    'the result is no list of field errors',
  ],
  [
    'validate returns texts',
    { validate: async () => ['wrong'] },
    'validate',
    'the result is no list of field errors',
  ],
  [
    'warnings are no texts',
    { warningsOnCreate: () => [1] },
    'warningsOnCreate',
    'the result is no list of texts',
  ],
  [
    'validate changes the object',
    { validate: (object: Json) => ((object.spec.size = 2), []) },
    'validate',
    /^Cannot assign to read only property 'size'/,
  ],
  ['a hook returns a list', { canonicalize: () => [] }, 'canonicalize', 'the result is no object'],
  [
    'a hook leaves what JSON has no word for',
    { prepareForCreate: (object: Json) => void (object.spec.size = Number.NaN) },
    'prepareForCreate',
    /NaN is not a number of JSON/,
  ],
  [
    'a hook leaves a label that is no text',
    { prepareForCreate: (object: Json) => void (object.metadata.labels = { a: 1 }) },
    'prepareForCreate',
    'metadata.labels.a must be a string, not a number',
  ],
  [
    'a hook makes the object contain itself',
    { prepareForCreate: (object: Json) => void (object.spec.self = object) },
    'prepareForCreate',
    /nesting above/,
  ],
  ...[
    ['apiVersion', (object: Json) => void (object.apiVersion = 'example.com/v2')] as const,
    ['kind', (object: Json) => void delete object.kind] as const,
    ...['name', 'namespace', 'uid', 'resourceVersion', 'deletionTimestamp', 'generateName'].map(
      (field) =>
        [
          `metadata.${field}`,
          (object: Json) => void (object.metadata[field] = '2026-01-01T00:00:00Z'),
        ] as const,
    ),
    ...['generation', 'deletionGracePeriodSeconds'].map(
      (field) =>
        [`metadata.${field}`, (object: Json) => void (object.metadata[field] = 7)] as const,
    ),
    [
      'metadata.creationTimestamp',
      (object: Json) => void delete object.metadata.creationTimestamp,
    ] as const,
  ].map(([field, prepareForCreate]): Row => [
    `a hook changes ${field}`,
    { prepareForCreate },
    'prepareForCreate',
    `${field} is the server's to decide, and was changed`,
  ]),
];

for (const [what, strategy, hook, why] of onCreate) {
  test(`500 that names the hook, and the reason in the log: ${what}`, async (t) => {
    const { server, log } = await serve(strategy);
    const reply = await server.ask('POST', WIDGETS_URL, { body, auditId: 'audit-7' });
    t.is(reply.status, 500);
    t.is(reply.json.reason, 'InternalError');
    t.is(
      reply.json.message,
      `Internal error occurred: strategy.${hook} of widgets.example.com failed`,
    );
    t.is(log.length, 1);
    const [level, message, { err: error, ...fields }] = log[0] as Logged;
    t.deepEqual([level, message], ['error', 'function failed']);
    t.deepEqual(fields, {
      auditId: 'audit-7',
      function: `strategy.${hook}`,
      resource: 'widgets.example.com',
      verb: 'create',
      namespace: 'team-a',
      name: 'lamp',
    });
    if (typeof why === 'string') t.is((error as Error).message, why);
    else t.regex((error as Error).message, why);
    t.is((await server.ask('GET', LAMP)).status, 404);
  });
}

const onUpdate: readonly Row[] = [
  ['prepareForUpdate rejects', { prepareForUpdate: async () => bug() }, 'prepareForUpdate', ''],
  ['validateUpdate throws', { validateUpdate: bug }, 'validateUpdate', ''],
  ['warningsOnUpdate throws', { warningsOnUpdate: bug }, 'warningsOnUpdate', ''],
  [
    'the old object is changed',
    { prepareForUpdate: (_: Json, { old }: Json) => void (old.spec.size = 9) },
    'prepareForUpdate',
    '',
  ],
];

for (const [what, strategy, hook] of onUpdate) {
  test(`an update is answered with 500 and nothing is stored: ${what}`, async (t) => {
    const { server, log } = await serve(strategy);
    const stored = await server.ask('POST', WIDGETS_URL, { body });
    const reply = await server.ask('PUT', LAMP, { body: { ...stored.json, spec: { size: 2 } } });
    t.is(reply.status, 500);
    t.regex(reply.json.message, new RegExp(`strategy\\.${hook} of widgets`));
    t.is(log.length, 1);
    t.is((await server.ask('GET', LAMP)).text, stored.text);
  });
}

test('a StatusError of a hook is the answer, and is not logged', async (t) => {
  const type = { group: 'example.com', resource: 'widgets' };
  const { server, log } = await serve({
    validate: async () => {
      throw conflict(type, 'lamp', 'the colour is taken');
    },
  });
  const reply = await server.ask('POST', WIDGETS_URL, { body });
  t.is(reply.status, 409);
  t.regex(reply.json.message, /the colour is taken$/);
  t.deepEqual(log, []);
});

test('a hook that never ends is given up with its request, and what it does later is nothing', async (t) => {
  let finish: () => void = () => undefined;
  let entered: () => void = () => undefined;
  const inside = new Promise<void>((resolve) => (entered = resolve));
  let heard: unknown;
  const { server, log } = await serve({
    prepareForCreate: async (_, { signal }) => {
      signal.addEventListener('abort', () => (heard = signal.reason));
      entered();
      await new Promise<void>((resolve) => (finish = resolve));
    },
  });
  const controller = new AbortController();
  const asked = server.ask('POST', WIDGETS_URL, {
    body,
    auditId: 'audit-8',
    signal: controller.signal,
  });
  await inside;
  controller.abort(timeout());
  const reply = await asked;
  t.is(reply.status, 504);
  t.is(heard, controller.signal.reason);
  t.is(log.length, 1);
  t.deepEqual(log[0]?.slice(0, 2), ['warn', 'function given up']);
  t.like(log[0]?.[2], { auditId: 'audit-8', function: 'strategy.prepareForCreate' });
  finish();
  await new Promise((resolve) => setImmediate(resolve));
  t.is((await server.ask('GET', LAMP)).status, 404);
  t.is(await server.storage.committedRevision(), 1n);
});

test('what a hook that was given up throws later harms nobody', async (t) => {
  let fail: (error: Error) => void = () => undefined;
  let entered: () => void = () => undefined;
  const inside = new Promise<void>((resolve) => (entered = resolve));
  const { server, log } = await serve({
    validate: () => {
      entered();
      return new Promise((_, reject) => (fail = reject));
    },
  });
  const controller = new AbortController();
  const asked = server.ask('POST', WIDGETS_URL, { body, signal: controller.signal });
  await inside;
  controller.abort(timeout());
  t.is((await asked).status, 504);
  fail(new Error('too late'));
  await new Promise((resolve) => setImmediate(resolve));
  t.is(log.length, 1);
});

test('a request that is over calls no hook any more', async (t) => {
  const { server } = await serve({ prepareForCreate: () => t.fail() });
  const signal = AbortSignal.abort(timeout());
  t.is((await server.ask('POST', WIDGETS_URL, { body, signal })).status, 504);
});
