/** List and watch against a server that ends, refuses and forgets, as the field's clients do it. */

import type { ServerResponse } from 'node:http';
import test, { type ExecutionContext } from 'ava';

import { createApiClient, startReflector } from '../../lib/client/index.js';
import { ManualClock } from '../clock.js';
import { serveHttp, turn, until } from './server.js';

interface Named {
  readonly metadata: { readonly name: string };
}

/** One request that the server has got and not answered. */
interface Asked {
  readonly query: URLSearchParams;
  readonly response: ServerResponse;
}

interface Followed {
  readonly clock: ManualClock;
  readonly log: string[];
  readonly reflector: { close(): void };
  /** The next request, once it is there. */
  next(): Promise<Asked>;
  /** Answers a list. */
  list(names: readonly string[], revision: string, more?: string): Promise<URLSearchParams>;
  /** Begins to answer a watch. */
  watch(): Promise<Asked>;
  /** Lets time pass until the pause is over. */
  pause(ms: number): Promise<void>;
}

async function follow(t: ExecutionContext): Promise<Followed> {
  const clock = new ManualClock();
  const asked: Asked[] = [];
  const log: string[] = [];
  let failures = 0;
  const { url } = await serveHttp(t, (request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://a');
    asked.push({ query: searchParams, response });
  });
  const client = createApiClient({ server: url }, { clock });
  const reflector = startReflector<Named>({
    client,
    path: '/widgets',
    fieldSelector: 'metadata.name=w',
    clock,
    random: () => 0,
    onReplace: (objects) =>
      void log.push(`= ${objects.map(({ metadata }) => metadata.name).join()}`),
    onEvent: (type, { metadata }) => void log.push(`${type} ${metadata.name}`),
    onError: (error) => void log.push(`! ${(error as Error).message}`),
  });
  t.teardown(() => {
    reflector.close();
    client.close();
  });
  const next = async (): Promise<Asked> => {
    await until(() => asked.length > 0);
    return asked.shift() as Asked;
  };
  return {
    clock,
    log,
    reflector,
    next,
    list: async (names, revision, more) => {
      const { query, response } = await next();
      const items = names.map((name) => ({ metadata: { name } }));
      const metadata = { resourceVersion: revision, continue: more };
      response.end(JSON.stringify({ metadata, items }));
      return query;
    },
    watch: async () => {
      const begun = await next();
      begun.response.writeHead(200).flushHeaders();
      // What is left is the limit of the whole watch.
      await until(() => clock.pending === 1);
      return begun;
    },
    pause: async (ms) => {
      failures++;
      await until(() => log.filter((line) => line.startsWith('!')).length === failures);
      clock.advance(ms - 1);
      await turn();
      t.is(asked.length, 0, 'it pauses');
      clock.advance(1);
    },
  };
}

const event = (type: string, name: string, resourceVersion: string): string =>
  `${JSON.stringify({ type, object: { metadata: { name, resourceVersion } } })}\n`;

test('it lists, watches from there, and watches again from the last revision', async (t) => {
  const { list, watch, log } = await follow(t);
  const first = await list(['a'], '5');
  t.is(first.toString(), 'fieldSelector=metadata.name%3Dw&resourceVersion=0');
  const { query, response } = await watch();
  t.is(
    query.toString(),
    'fieldSelector=metadata.name%3Dw&resourceVersion=5&allowWatchBookmarks=true&timeoutSeconds=300&watch=true',
  );
  response.write(event('MODIFIED', 'a', '6') + event('DELETED', 'a', '7'));
  response.end(event('BOOKMARK', '', '9'));
  t.is((await watch()).query.get('resourceVersion'), '9');
  t.deepEqual(log, ['= a', 'MODIFIED a', 'DELETED a']);
});

test('pages are one list', async (t) => {
  const { list, watch, log } = await follow(t);
  await list(['a', 'b'], '5', 'token');
  t.is((await list(['c'], '5')).toString(), 'fieldSelector=metadata.name%3Dw&continue=token');
  await watch();
  t.deepEqual(log, ['= a,b,c']);
});

for (const [how, answer] of [
  ['by an event', (response: ServerResponse) => response.end(expiredEvent)],
  ['by an answer', (response: ServerResponse) => response.writeHead(410).end()],
] as const) {
  test(`history that is lost, told ${how}, is listed anew`, async (t) => {
    const { list, next, watch, pause, log } = await follow(t);
    await list(['a'], '5');
    answer((await next()).response);
    await pause(800);
    t.is((await list(['b'], '9')).get('resourceVersion'), '');
    t.is((await watch()).query.get('resourceVersion'), '9');
    t.deepEqual([log[0], log[2]], ['= a', '= b']);
  });
}

const expiredEvent = `${JSON.stringify({
  type: 'ERROR',
  object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' },
})}\n`;

test('a revision that the server does not have yet is forgotten', async (t) => {
  const { next, list, pause } = await follow(t);
  const causes = [{ reason: 'ResourceVersionTooLarge' }];
  const { response } = await next();
  response.writeHead(504).end(JSON.stringify({ kind: 'Status', code: 504, details: { causes } }));
  await pause(800);
  t.is((await list([], '1')).get('resourceVersion'), '');
});

test('a watch that can not be begun is begun later, from the same revision', async (t) => {
  const { list, next, watch, pause } = await follow(t);
  await list([], '5');
  (await next()).response.destroy();
  await pause(800);
  (await next()).response.writeHead(429).end();
  await pause(1_600);
  t.is((await watch()).query.get('resourceVersion'), '5');
});

test('a watch that ends at once is no reason to hurry', async (t) => {
  const { list, watch, pause, log } = await follow(t);
  await list([], '5');
  (await watch()).response.end();
  await pause(800);
  await watch();
  t.deepEqual(log, ['= ', '! /widgets: a very short watch']);
});

test('pauses grow to half a minute, and shrink after two minutes without a failure', async (t) => {
  const { list, next, watch, pause, clock, log } = await follow(t);
  for (const ms of [800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]) {
    (await next()).response.writeHead(500).end();
    await pause(ms);
  }
  await list([], '5');
  const { response } = await watch();
  clock.advance(121_000);
  response.end();
  // Long enough to be no failure: at once.
  const again = await watch();
  again.response.end();
  await pause(800);
  await watch();
  t.is(log.at(-1), '! /widgets: a very short watch');
});

test('a watch whose server has vanished is given up after its time', async (t) => {
  const { list, watch, clock, log } = await follow(t);
  await list([], '5');
  const { response } = await watch();
  const closed = new Promise((resolve) => response.once('close', resolve));
  clock.advance(330_000);
  await closed;
  await until(() => log.length > 1);
  t.deepEqual(log, ['= ', '! the caller gave up']);
});

test('a list without a revision is no list', async (t) => {
  const { next, log } = await follow(t);
  (await next()).response.end('{"items":[]}');
  await until(() => log.length > 0);
  t.deepEqual(log, ['! /widgets: a list without revision']);
});

test('closed, it asks no more and tells nothing, not even of a pause', async (t) => {
  const { list, watch, reflector, clock, log } = await follow(t);
  await list(['a'], '5');
  const { response } = await watch();
  const closed = new Promise((resolve) => response.once('close', resolve));
  reflector.close();
  await closed;
  await turn();
  t.is(clock.pending, 0);
  t.deepEqual(log, ['= a']);
});
