/** Who is killed when, in the sessions of `session.ts`. */

import { setTimeout as pause } from 'node:timers/promises';

import type { EtcdMember } from '../../storage/etcd/member.js';
import type { Disturbance } from './session.js';

/** A server is killed under load, so often, and is away while others go on. */
export function killServers(kills: number, writesBetween: number) {
  return async ({ chance, servers, progress, say }: Disturbance): Promise<void> => {
    for (let kill = 1; kill <= kills; kill++) {
      const victim = chance.of(servers);
      await progress(writesBetween);
      await victim.kill();
      const back = victim.restart();
      if (servers.length > 1) await progress(writesBetween);
      await back;
      if (kill % 10 === 0) say(`${kill} of ${kills} kills`);
    }
  };
}

/** A random member or server is killed at every interval, and is away for up to two of them. */
export function killAnything(minutes: number, intervalMs: number) {
  return async ({ chance, servers, cluster, say }: Disturbance): Promise<void> => {
    const until = performance.now() + minutes * 60_000;
    const members = new Map(cluster.members.map((member) => [member, new MemberLife(member)]));
    const returning = new Set<Promise<void>>();
    while (performance.now() + intervalMs < until) {
      await pause(intervalMs);
      const index = chance.below(servers.length + cluster.members.length);
      const server = servers[index];
      const member = members.get(cluster.members[index - servers.length]!);
      const awayMs = chance.below(2 * intervalMs);
      say(`kill -9 ${server?.name ?? member?.name}, for ${awayMs} ms`);
      await (server ?? member)!.kill();
      const back = pause(awayMs).then(() => (server ?? member)!.restart());
      returning.add(back);
      void back.finally(() => returning.delete(back));
    }
    await Promise.all(returning);
  };
}

/** A member that may be killed again before it has come back. */
class MemberLife {
  readonly name: string;
  readonly #member: EtcdMember;
  #starting: Promise<void> | undefined;

  constructor(member: EtcdMember) {
    this.name = member.name;
    this.#member = member;
  }

  async kill(): Promise<void> {
    const starting = this.#starting;
    await this.#member.kill();
    // One that was starting has failed at it.
    await starting;
  }

  /** Resolves when it serves, which takes a majority, or when it was killed. */
  restart(): Promise<void> {
    this.#starting ??= this.#member
      .start()
      .catch(() => undefined)
      .finally(() => (this.#starting = undefined));
    return this.#starting;
  }
}
