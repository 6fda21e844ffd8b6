/**
 * Servers over one etcd that are killed and come back, each with its port, its certificates and its
 * kubeconfig: their clients keep what they know of them.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { type ApiClient, createApiClient, readKubeconfig } from '../../../lib/client/index.js';
import { freePort } from '../free-port.js';
import { exampleFile, type ServerProcess, startServer } from '../server-process.js';

/** What is served, and what all clients read and write. */
export const OBJECTS = '/apis/platform.example.com/v1/namespaces/shop/apps';
export const ETCD_PREFIX = '/registry/platform.example.com/apps/shop/';

/** Between attempts of a server that finds no etcd. */
const START_PAUSE_MS = 200;

export class FleetServer {
  readonly name: string;
  /** Of this server; it reaches it again when it has come back. */
  readonly client: ApiClient;
  readonly #args: readonly string[];
  #process: ServerProcess | undefined;
  #starting: Promise<void> | undefined;
  #isStopped = false;

  private constructor(name: string, args: readonly string[], process: ServerProcess, file: string) {
    this.name = name;
    this.#args = args;
    this.#process = process;
    this.client = createApiClient(readKubeconfig({ file }));
  }

  static async start(
    name: string,
    folder: string,
    endpoints: readonly string[],
  ): Promise<FleetServer> {
    const file = join(folder, `${name}.kubeconfig`);
    const args = [
      ...['--crd', exampleFile('crds/apps.yaml'), '--etcd-servers', endpoints.join(',')],
      ...['--secure-port', String(await freePort()), '--data-dir', join(folder, name)],
      ...['--write-kubeconfig', file, '--etcd-compaction-interval', '1m'],
    ];
    return new FleetServer(name, args, await startServer(args), file);
  }

  async kill(): Promise<void> {
    await this.#starting;
    const process = this.#process;
    this.#process = undefined;
    await process?.signal('SIGKILL');
    await process?.stop();
  }

  /** As whatever supervises it would: until it runs. */
  restart(): Promise<void> {
    this.#starting ??= this.#restart().finally(() => (this.#starting = undefined));
    return this.#starting;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.client.close();
    await this.#starting;
    await this.#process?.stop();
  }

  async #restart(): Promise<void> {
    while (!this.#isStopped && this.#process === undefined) {
      try {
        this.#process = await startServer(this.#args);
      } catch {
        await pause(START_PAUSE_MS);
      }
    }
  }
}

export interface Fleet {
  readonly servers: readonly FleetServer[];
  stop(): Promise<void>;
}

export async function startFleet(count: number, endpoints: readonly string[]): Promise<Fleet> {
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-chaos-'));
  const names = Array.from({ length: count }, (_, index) => `server-${index}`);
  const servers = await Promise.all(
    names.map((name) => FleetServer.start(name, folder, endpoints)),
  );
  return {
    servers,
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
