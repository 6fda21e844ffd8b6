/** Several threads behind a front proxy: each knows users and rights as the first one does. */

import test from 'ava';

import { engineReport } from '../../../lib/engine/index.js';
import { bench, WIDGETS, type Bench } from './bench.js';
import { identityHeaders, startControlPlane, userOf } from './control-plane.js';
import { resources } from './thread.js';

const MODULE = new URL('./thread.js', import.meta.url);
const MAKER = userOf('ana', ['makers']);
const GUEST = userOf('guest');

interface Seen {
  readonly status: number;
  /** Undefined where the answer is another one. */
  readonly thread: number | undefined;
}

/** Asks by a connection of its own, which any thread may accept. */
async function look(world: Bench): Promise<Seen> {
  const { cert, key } = world.plane.proxy;
  const options = { cert, key, headers: identityHeaders(GUEST) };
  const { status, text } = await world.ask('/apis/example.com/v1/probes/me', options);
  const { spec } = JSON.parse(text) as { readonly spec?: { readonly thread: number } };
  return { status, thread: spec?.thread };
}

/** So many at once that no thread has the time to accept them all. */
const TOGETHER = 16;

/** What each of the two threads shows, the last time that it was asked; asks on until it holds. */
async function untilBoth(world: Bench, holds: (seen: Seen) => boolean): Promise<readonly Seen[]> {
  const last = new Map<number, Seen>();
  for (;;) {
    const looks = await Promise.all(Array.from({ length: TOGETHER }, () => look(world)));
    for (const seen of looks) if (seen.thread !== undefined) last.set(seen.thread, seen);
    if (last.size === 2 && [...last.values()].every(holds)) return [...last.values()];
  }
}

async function threadedBench(t: Parameters<typeof bench>[0]): Promise<Bench> {
  const plane = await startControlPlane();
  plane.policy = ({ groups, resourceAttributes }) => {
    const reads = ['get', 'list'].includes(resourceAttributes?.['verb'] ?? '');
    if (reads || groups.includes('makers')) return { allowed: true };
    return { allowed: false, reason: 'makers only' };
  };
  const threads = { count: 2, module: MODULE, data: plane.kubeconfig };
  return bench(t, { resources, threads }, plane);
}

if (engineReport().kind === 'native') {
  test.serial('users come by the front proxy, the cluster decides, in each thread', async (t) => {
    const world = await threadedBench(t);
    await untilBoth(world, ({ status }) => status === 200);
    const { cert, key } = world.plane.proxy;
    const as = (user: typeof MAKER) => ({
      cert,
      key,
      method: 'POST',
      headers: { ...identityHeaders(user), 'content-type': 'application/json' },
    });
    const widget = (name: string): string =>
      JSON.stringify({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name } });
    // Connections are taken by whoever has time: by each, among so many at once.
    const many = Array.from({ length: 24 }, (_, index) => index);
    const made = await Promise.all(
      many.map((index) => world.ask(WIDGETS, as(MAKER), widget(`w${index}`))),
    );
    t.deepEqual(new Set(made.map(({ status }) => status)), new Set([201]));
    const refused = await Promise.all(many.map(() => world.ask(WIDGETS, as(GUEST), widget('x'))));
    t.deepEqual(new Set(refused.map(({ status }) => status)), new Set([403]));
    const { headers } = as(MAKER);
    const strangers = await Promise.all(
      many.map(() => world.ask(WIDGETS, { method: 'POST', headers }, widget('y'))),
    );
    t.deepEqual(new Set(strangers.map(({ status }) => status)), new Set([403]));
    await world.server.replaceThread(2);
    world.clock.advance(1_000);
    await untilBoth(world, ({ status }) => status === 200);
    const listed = await world.ask(WIDGETS, { cert, key, headers });
    t.is((JSON.parse(listed.text) as { items: unknown[] }).items.length, many.length);
  });
}
