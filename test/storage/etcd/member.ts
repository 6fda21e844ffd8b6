/**
 * Real etcd servers for tests: one member, or a cluster of them, on loopback in a temporary folder.
 * Each is stopped by its own pid, at the latest when the test ends.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort } from '../../witness/free-port.js';
import { etcds, type Etcd } from '../../witness/tools/index.js';

/** The versions to test on: all that are here. */
export const ETCDS: readonly [Etcd, ...Etcd[]] = etcds();

/** The newest of them, for what does not depend on the version. */
export const NEWEST: Etcd = ETCDS.at(-1) ?? ETCDS[0];

export interface ClusterOptions {
  readonly etcd?: Etcd;
  /** Default 1. */
  readonly size?: number;
  /** Flags of every member, beside those that make the cluster. */
  readonly flags?: readonly string[];
  /** Of the clients' addresses. Default `http`. */
  readonly scheme?: 'http' | 'https';
}

export class EtcdMember {
  readonly name: string;
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly port: number;
  readonly #path: string;
  readonly #flags: readonly string[];
  #child: ChildProcess | undefined;
  #log = '';

  constructor(name: string, path: string, url: string, flags: readonly string[]) {
    this.name = name;
    this.url = url;
    this.port = Number(new URL(url).port);
    this.#path = path;
    this.#flags = flags;
  }

  /** Resolves when it serves clients, which takes a majority of the members. */
  async start(): Promise<void> {
    const child = spawn(this.#path, this.#flags, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    this.#log = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        this.#log = (this.#log + text).slice(-LOG_LENGTH_MAX);
        if (/serving client traffic/.test(this.#log)) resolve();
      });
      child.once('error', reject);
      child.once('exit', () =>
        reject(new Error(`${this.name} has ended: ${this.#log.slice(-2000)}`)),
      );
    });
  }

  /** SIGTERM: it hands its leadership on and closes its files. */
  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  /** `kill -9`. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** SIGSTOP: its sockets stay open, and nobody answers. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'close');
    child.kill(signal);
    child.kill('SIGCONT');
    await ended;
  }
}

export interface EtcdCluster {
  readonly members: readonly EtcdMember[];
  readonly endpoints: readonly string[];
}

/** What ends with a test: ava's `t` is one. */
export interface Scope {
  teardown(end: () => Promise<void>): void;
}

/** Starts a cluster that ends with the test. */
export async function startCluster(
  t: Scope,
  { etcd = NEWEST, size = 1, flags = [], scheme = 'http' }: ClusterOptions = {},
): Promise<EtcdCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-etcd-'));
  const names = Array.from({ length: size }, (_, index) => `m${index}`);
  const peers = await Promise.all(names.map(async () => `http://127.0.0.1:${await freePort()}`));
  const members = await Promise.all(
    names.map(async (name, index) => {
      const url = `${scheme}://127.0.0.1:${await freePort()}`;
      const peer = peers[index]!;
      return new EtcdMember(name, etcd.path, url, [
        ...['--name', name, '--data-dir', join(folder, name), '--logger', 'zap'],
        ...['--listen-client-urls', url, '--advertise-client-urls', url],
        ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
        ...['--initial-cluster', names.map((other, at) => `${other}=${peers[at]!}`).join(',')],
        ...flags,
      ]);
    }),
  );
  t.teardown(async () => {
    await Promise.all(members.map((member) => member.kill()));
    await rm(folder, { recursive: true, force: true });
  });
  await Promise.all(members.map((member) => member.start()));
  return { members, endpoints: members.map(({ url }) => url) };
}

const LOG_LENGTH_MAX = 20_000;
