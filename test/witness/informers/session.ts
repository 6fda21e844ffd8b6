/**
 * Informers follow a server through trouble: connections that are cut, times in which they reach
 * nobody, compaction, and ends of the server's process. In the end each has the store's state, and
 * has been told of every change once, or has passed it over by a list.
 */

import assert from 'node:assert/strict';

import { Chance, drawSeed, SEED_VARIABLE } from '../../chance.js';
import type { AccountSummary } from './account.js';
import { Follower } from './follower.js';
import { EVEN, type ItemList } from './items.js';
import { TroubledServer } from './troubled-server.js';
import { Writers } from './writers.js';

/** What happens after each of so many parts of the changes. */
const TROUBLES = ['cut', 'away', 'compact', 'cut', 'kill', 'compact', 'away', 'restart'] as const;

export interface SessionSummary {
  readonly changes: number;
  readonly seconds: number;
  readonly cuts: number;
  readonly failures: number;
  readonly followers: readonly AccountSummary[];
}

export interface SessionOptions {
  readonly changes: number;
  /** How often the troubles happen, all of them. */
  readonly rounds: number;
}

export async function followThroughTrouble(options: SessionOptions): Promise<SessionSummary> {
  const seed = drawSeed();
  const server = await TroubledServer.start();
  const writers = new Writers(server.writersKubeconfig);
  const followers = [new Follower(server.kubeconfig), new Follower(server.kubeconfig)];
  const even = new Follower(server.kubeconfig, EVEN);
  const all = [...followers, even];
  try {
    const startedMs = performance.now();
    const before = Number((await writers.list()).metadata.resourceVersion);
    await Promise.all(all.map((follower) => follower.start()));
    await trouble(server, writers, options, new Chance(seed));
    const after = await writers.list();
    await Promise.all(followers.map((follower) => follower.until(stateOf(after))));
    await even.until(stateOf(after, (lane) => lane % 2 === 0));
    const through = Number(after.metadata.resourceVersion);
    assert.equal(even.account.doubled, 0);
    return {
      changes: through - before,
      seconds: Math.round((performance.now() - startedMs) / 100) / 10,
      cuts: server.followers.cuts,
      failures: all.reduce((sum, { failures }) => sum + failures, 0),
      followers: followers.map(({ account }) => account.check(before, through)),
    };
  } catch (error) {
    throw new Error(`${SEED_VARIABLE}=${seed}: ${String(error)}`, { cause: error });
  } finally {
    await Promise.all(all.map((follower) => follower.stop()));
    await writers.close();
    await server.stop();
  }
}

/** Makes the changes, a part at a time, with something bad in the middle of each. */
async function trouble(
  server: TroubledServer,
  writers: Writers,
  { changes, rounds }: SessionOptions,
  chance: Chance,
): Promise<void> {
  const parts = TROUBLES.length * rounds;
  for (let part = 0; part < parts; part++) {
    const kind = TROUBLES[part % TROUBLES.length]!;
    const until = Math.ceil((changes * (part + 1)) / parts);
    const writing = writers.make(until);
    const start = writers.made;
    const middle = start + Math.floor((until - start) * (0.2 + 0.5 * chance.fraction()));
    while (writers.made < middle) await turn();
    if (kind === 'cut') server.followers.cut();
    else if (kind === 'compact') await server.compact();
    else if (kind === 'away') await keepAway(server, writing);
    else await server.restart(kind === 'kill' ? 'SIGKILL' : 'SIGTERM');
    await writing;
  }
}

/** Nobody who follows reaches the server until the part is over: more than history keeps. */
async function keepAway({ followers }: TroubledServer, writing: Promise<void>): Promise<void> {
  const { targetPort } = followers;
  followers.targetPort = undefined;
  followers.cut();
  await writing;
  followers.targetPort = targetPort;
}

function stateOf(
  list: ItemList,
  isWanted: (lane: number) => boolean = () => true,
): Map<string, number> {
  const entries = list.items.map(({ metadata: { name, resourceVersion } }) => {
    return [name, Number(resourceVersion)] as const;
  });
  return new Map(entries.filter(([name]) => isWanted(Number(name.replace('item-', '')))));
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
