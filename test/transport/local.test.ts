/** Requests of the same process: answers are what a client would get. */

import test from 'ava';

import { emptyAnswer, textAnswer } from '../../lib/request/index.js';
import type { Answer, Handler, PullSource, RequestRecord } from '../../lib/request/index.js';
import { LocalTransport, TransportError } from '../../lib/transport/index.js';
import type { LocalAnswer, LocalRequest, TransportErrorPlace } from '../../lib/transport/index.js';
import { deferred, ManualClock, TestSource } from './fixture.js';

interface Rig {
  readonly clock: ManualClock;
  readonly transport: LocalTransport;
  readonly places: TransportErrorPlace[];
  ask(request?: Partial<LocalRequest>): Promise<LocalAnswer>;
}

function rig(handler: Handler): Rig {
  const clock = new ManualClock();
  const places: TransportErrorPlace[] = [];
  const transport = new LocalTransport({
    handler,
    clock,
    onError: (_error, place) => places.push(place),
  });
  const request = { method: 'GET', target: '/', headers: [], body: new Uint8Array(0) };
  return { clock, transport, places, ask: (more) => transport.request({ ...request, ...more }) };
}

async function textOf({ body }: LocalAnswer): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const headerOf = ({ headers }: LocalAnswer, name: string): string[] =>
  headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const pulled = (source: PullSource, more: Partial<Answer> = {}): Answer => ({
  status: 200,
  headers: [],
  source,
  ...more,
});

test('a record has what was sent, an answer what was answered', async (t) => {
  let seen: RequestRecord | undefined;
  const { ask, clock } = rig(async (request) => {
    seen = request;
    return textAnswer(201, Buffer.from(await request.body(4)).toString(), [
      ['Warning', 'one'],
      ['Warning', 'two'],
    ]);
  });
  const answer = await ask({
    method: 'POST',
    target: '/a%2Fb?x=1&x=2',
    headers: [
      ['X-Remote-Group', 'one, two'],
      ['x-remote-group', 'three'],
    ],
    body: Buffer.from('body'),
  });
  t.is(answer.status, 201);
  t.false(answer.isStreaming);
  t.deepEqual(headerOf(answer, 'warning'), ['one', 'two']);
  t.deepEqual(headerOf(answer, 'content-length'), ['4']);
  t.is(await textOf(answer), 'body');
  t.like(seen, { method: 'POST', path: '/a%2Fb', receivedAt: clock.now() });
  t.deepEqual(seen?.query.getAll('x'), ['1', '2']);
  t.deepEqual(seen?.headers('x-remote-group'), ['one, two', 'three']);
  t.deepEqual([...(seen?.headerNames() ?? [])], ['x-remote-group']);
  t.is(seen?.header('absent'), undefined);
  t.false(seen?.signal.aborted);
  await t.throwsAsync(seen?.body(3) ?? Promise.resolve(), { message: /limit is 3/ });
});

test('HEAD has the length and no body, 204 neither', async (t) => {
  const source = new TestSource();
  const { ask } = rig(async ({ path }) => {
    if (path === '/pull') return pulled(source);
    return path === '/none' ? emptyAnswer(204) : textAnswer(200, 'four');
  });
  const head = await ask({ method: 'HEAD' });
  t.deepEqual(headerOf(head, 'content-length'), ['4']);
  t.is(await textOf(head), '');
  t.is(await textOf(await ask({ method: 'HEAD', target: '/pull' })), '');
  t.is(source.closes, 1);
  const none = await ask({ target: '/none' });
  t.deepEqual(headerOf(none, 'content-length'), []);
  t.is(await textOf(none), '');
});

test('bugs are a 500, bad targets and upgrades a 400', async (t) => {
  const { ask, places } = rig(async ({ path }) => {
    if (path === '/throws') throw new Error('a secret');
    if (path === '/connect') {
      return pulled({ type: 'connect', connect: () => t.fail() } as never);
    }
    return textAnswer(200, 'x', [['Warning', 'line\nbreak']]);
  });
  for (const target of ['/throws', '/header']) {
    const answer = await ask({ target });
    t.is(answer.status, 500);
    t.false((await textOf(answer)).includes('secret'));
  }
  t.deepEqual(places, ['handler', 'handler']);
  t.is((await ask({ target: '/connect' })).status, 400);
  t.is((await ask({ target: '/%zz' })).status, 400);
});

test('what nobody reads is not pulled; leaving closes the source', async (t) => {
  const source = new TestSource(true);
  const aborted = deferred<unknown>();
  const { ask } = rig(async (request) => {
    request.signal.addEventListener('abort', () => aborted.resolve(request.signal.reason));
    return pulled(source);
  });
  const answer = await ask();
  t.true(answer.isStreaming);
  source.push('one');
  while (source.bytesPulled === 0) await turn();
  source.push('two');
  for (let turns = 0; turns < 5; turns++) await turn();
  t.is(source.bytesPulled, 3);
  t.is(String(Buffer.from((await answer.body.next()).value ?? [])), 'one');
  t.is(String(Buffer.from((await answer.body.next()).value ?? [])), 'two');
  const waiting = answer.body.next();
  answer.close();
  t.true((await waiting).done);
  t.is(source.closes, 1);
  t.is(((await aborted.promise) as TransportError).code, 'client-left');
  answer.close();
  t.true((await answer.body.next()).done);
});

test('an abort of the caller reaches the handler, and the reader', async (t) => {
  const reason = new Error('enough');
  const started = deferred<void>();
  const { ask } = rig(async ({ path, signal }) => {
    started.resolve();
    if (path === '/watch') return pulled(new TestSource(true));
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    t.is(signal.reason, reason);
    return textAnswer(200, 'too late');
  });
  const controller = new AbortController();
  const asked = ask({ signal: controller.signal });
  await started.promise;
  controller.abort(reason);
  t.is(await t.throwsAsync(asked), reason);
  t.is(await t.throwsAsync(ask({ signal: controller.signal })), reason);
  const other = new AbortController();
  const watch = await ask({ target: '/watch', signal: other.signal });
  const next = watch.body.next();
  other.abort(reason);
  t.is(await t.throwsAsync(next), reason);
});

for (const [name, end, code] of [
  ['its deadline', (clock: ManualClock) => clock.advance(1_000), 'broken-off'],
  [
    'an abort of its source',
    (_clock: ManualClock, source: TestSource) =>
      source.push({ type: 'abort', error: new Error('lost') }),
    'broken-off',
  ],
] as const) {
  test(`an answer is broken off by ${name}, and the reader can tell`, async (t) => {
    const source = new TestSource();
    source.push('half');
    const { ask, clock } = rig(async ({ receivedAt }) =>
      pulled(source, { deadline: receivedAt + 1_000 }),
    );
    const answer = await ask();
    await answer.body.next();
    await source.waiting();
    const next = answer.body.next();
    end(clock, source);
    const error = await t.throwsAsync(next, { instanceOf: TransportError });
    t.is(error?.code, code);
    t.is(source.closes, 1);
    t.is(clock.timerCount, 0);
  });
}

test('closing ends watches cleanly, waits for the rest, and cuts what is late', async (t) => {
  const source = new TestSource(true);
  const { ask, transport, clock } = rig(async ({ path, signal }) => {
    if (path === '/watch') return pulled(source);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    return textAnswer(200, 'too late');
  });
  const watch = await ask({ target: '/watch' });
  const stuck = t.throwsAsync(ask(), { instanceOf: TransportError });
  let closed = false;
  const closing = transport.close({ graceMs: 1_000 }).then(() => (closed = true));
  t.is(await textOf(watch), '');
  t.is(source.closes, 1);
  await turn();
  t.false(closed);
  clock.advance(1_000);
  t.is((await stuck)?.code, 'closing');
  await closing;
  t.is(clock.timerCount, 0);
  await transport.close({ graceMs: 0 });
});

test('the ends of watches are spread over a grace period', async (t) => {
  const sources: TestSource[] = [];
  const { ask, transport, clock } = rig(async () => {
    const source = new TestSource(true);
    sources.push(source);
    return pulled(source);
  });
  for (let watch = 0; watch < 1_200; watch++) await ask();
  const ended = (): number => sources.filter(({ closes }) => closes > 0).length;
  const closing = transport.close({ graceMs: 10_000, watchGraceMs: 4_000 });
  t.is(ended(), 15, 'of 1200 in 4 s, those of the first 50 ms');
  for (let step = 0; step < 20; step++) clock.advance(50);
  t.is(ended(), 315);
  t.is((await ask()).status, 200);
  t.is(sources.at(-1)?.closes, 1, 'a watch that comes now ends at once');
  for (let step = 0; step < 60; step++) clock.advance(50);
  await closing;
  t.is(ended(), 1_201);
});
