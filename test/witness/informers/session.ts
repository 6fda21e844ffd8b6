/**
 * Clients follow a server through trouble: connections that are cut, times in which they reach
 * nobody, compaction, and ends of the server's process. In the end each has the store's state, and
 * has been told of every change once, or has passed it over by a list.
 */

import assert from 'node:assert/strict';

import { Chance, drawSeed, SEED_VARIABLE } from '../../chance.js';
import type { AccountSummary, Following } from './account.js';
import type { ItemList } from './items.js';
import { TroubledServer } from './troubled-server.js';
import { Writers } from './writers.js';

/** What happens after each of so many parts of the changes. */
const TROUBLES = ['cut', 'away', 'compact', 'cut', 'kill', 'compact', 'away', 'restart'] as const;

export interface SessionSummary {
  readonly changes: number;
  readonly seconds: number;
  readonly cuts: number;
  readonly failures: number;
  /** Initial states that were asked for as streams. */
  readonly streamed: number;
  readonly followers: readonly AccountSummary[];
}

export interface SessionOptions {
  readonly changes: number;
  /** How often the troubles happen, all of them. */
  readonly rounds: number;
  /** Makes those who follow; the kubeconfig leads through the proxy that is cut. */
  readonly follow: (kubeconfig: string) => Followers;
}

export interface Followers {
  /** Of all objects. */
  readonly all: readonly Following[];
  /** Of the even ones. */
  readonly even: readonly Following[];
}

export async function followThroughTrouble(options: SessionOptions): Promise<SessionSummary> {
  const seed = drawSeed();
  const server = await TroubledServer.start();
  const writers = new Writers(server.writersKubeconfig);
  const { all, even } = options.follow(server.kubeconfig);
  const followers = [...all, ...even];
  try {
    const startedMs = performance.now();
    const before = Number((await writers.list()).metadata.resourceVersion);
    await Promise.all(followers.map((follower) => follower.start()));
    await trouble(server, writers, options, new Chance(seed));
    const after = await makeRest(writers, before + options.changes);
    await Promise.all(all.map(({ account }) => account.until(stateOf(after))));
    const evenState = stateOf(after, (lane) => lane % 2 === 0);
    await Promise.all(even.map(({ account }) => account.until(evenState)));
    const through = Number(after.metadata.resourceVersion);
    for (const { account } of even) assert.equal(account.doubled, 0);
    return {
      changes: through - before,
      seconds: Math.round((performance.now() - startedMs) / 100) / 10,
      cuts: server.followers.cuts,
      failures: followers.reduce((sum, { failures }) => sum + failures, 0),
      streamed: server.streamed,
      followers: all.map(({ account }) => account.check(before, through)),
    };
  } catch (error) {
    throw new Error(`${SEED_VARIABLE}=${seed}: ${String(error)}`, { cause: error });
  } finally {
    await Promise.all(followers.map((follower) => follower.stop()));
    await writers.close();
    await server.stop();
  }
}

/** Makes those that the ends of the server have prevented; what there is then. */
async function makeRest(writers: Writers, through: number): Promise<ItemList> {
  for (;;) {
    const list = await writers.list();
    const missing = through - Number(list.metadata.resourceVersion);
    if (missing <= 0) return list;
    await writers.make(writers.made + missing);
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
    // Who is away misses most of a part: more than history keeps.
    const share = kind === 'away' ? 0.2 : 0.2 + 0.5 * chance.fraction();
    const middle = start + Math.floor((until - start) * share);
    while (writers.made < middle) await turn();
    if (kind === 'cut') server.followers.cut();
    else if (kind === 'compact') await server.compact();
    else if (kind === 'away') await keepAway(server, writing);
    else await server.restart(kind === 'kill' ? 'SIGKILL' : 'SIGTERM');
    await writing;
  }
}

/** Nobody who follows reaches the server until the part is over. */
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
