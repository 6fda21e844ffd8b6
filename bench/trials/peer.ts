/**
 * Whole API servers against the real kube-apiserver: CPU time of the server's process for one
 * request, over TLS, with objects that are as long on the wire on both sides.
 *
 *  - `kubeConfigMap`: its built-in type, which it keeps decoded and encodes fast.
 *  - `kubeCustomResource`: what a user of ours would have otherwise.
 *
 * What a server does by itself is measured first and taken off. Of both sides the same is compared
 * before anything is timed: which objects there are, with labels and what they hold, but not what
 * servers make up (uid, resourceVersion, times, managedFields, which ours does not have).
 */

import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { PeerClient } from '../peers/peer-client.js';
import {
  CONFIG_MAPS,
  type Kind,
  type KubeObject,
  nameOf,
  namespaceOf,
  namespaces,
  WIDGETS,
  WRITTEN,
} from '../peers/peer-objects.js';
import {
  kubeApiserverProblem,
  type PeerServer,
  startKubeApiserver,
  startShardwatch,
} from '../peers/peer-servers.js';
import type { Effort, Operation, Operations, RowPlan, Setup, Trial } from './contract.js';

const APPS = 10;
const PAGE = 500;
const CONNECTIONS = 16;
const LIST_CONNECTIONS = 4;
const IDLE_MS = 2_000;
const TIMED_OBJECTS_MIN = 1_000;
/** Single objects that are compared. */
const COMPARED = 50;
/** Until Node's compiler has seen everything. */
const WARM_UP_MS = 3_000;

const BOTH = ['kubeConfigMap', 'kubeCustomResource'] as const;
const CUSTOM = ['kubeCustomResource'] as const;

/** Reads, and writes at their end: what is written is of namespaces of its own. */
const ROWS: readonly RowPlan[] = [
  ...against('peer/get-rv0-h1', 'get-h1', BOTH),
  ...against('peer/get-rv0-h2', 'get-h2', CUSTOM),
  ...against('peer/get-fresh-h1', 'get-fresh', CUSTOM),
  ...against('peer/list-10k-h1', 'list-h1', BOTH),
  ...against('peer/list-10k-h2', 'list-h2', CUSTOM),
  ...against('peer/pages-10k', 'pages', CUSTOM),
  {
    kind: 'value',
    case: 'peer/pages-10k',
    against: 'ownList',
    operation: 'pages-over-list',
    metric: 'pagesOverList',
    metricUnit: 'x',
  },
  ...against('peer/selector-10pct', 'selector', CUSTOM),
  ...against('peer/namespace-100', 'namespace', CUSTOM),
  ...against('peer/create', 'create', CUSTOM),
  ...against('peer/update', 'update', CUSTOM),
  ...against('peer/patch', 'patch', CUSTOM),
];

export const peerTrials: readonly Trial[] = [
  {
    name: 'peer/requests',
    full: effort(10_000, 1_000),
    quick: effort(2_000, 400),
    engine: async (setup) => operations(setup, WIDGETS, await startShardwatch(setup.engine)),
    rivals: {
      kubeConfigMap: async (setup) => operations(setup, CONFIG_MAPS, await startKube()),
      kubeCustomResource: async (setup) => operations(setup, WIDGETS, await startKube()),
    },
    lacking: { kubeConfigMap: kubeApiserverProblem, kubeCustomResource: kubeApiserverProblem },
    rows: ROWS,
  },
];

function effort(objects: number, budgetMs: number): Effort {
  const size = { objects, objectBytes: 2_048, updates: 0 };
  return { size, sets: 1, rounds: 11, budgetMs };
}

function against(name: string, operation: string, rivals: readonly string[]): RowPlan[] {
  const metric = { metric: 'cpuUs', metricUnit: 'us' };
  return rivals.map((rival) => {
    return { kind: 'ratio', case: name, against: rival, rival, operation, ...metric };
  });
}

function startKube(): Promise<PeerServer> {
  return startKubeApiserver([...namespaces, WRITTEN]);
}

async function operations(setup: Setup, kind: Kind, server: PeerServer): Promise<Operations> {
  const side = new Side(setup, kind, server);
  setup.onEnd?.(() => side.close());
  await side.fill();
  return side.operations();
}

/** An object that is written again and again. */
interface Owned {
  readonly name: string;
  version: number;
  revision: string;
}

class Side {
  readonly #setup: Setup;
  readonly #kind: Kind;
  readonly #server: PeerServer;
  readonly #h1: PeerClient;
  readonly #h2: PeerClient;
  readonly #lister: PeerClient;
  readonly #h2Lister: PeerClient;
  #text = '';
  #idle = { serverUsPerMs: 0, wholeUsPerMs: 0 };
  #written = 0;
  readonly #owned: Owned[] = [];

  constructor(setup: Setup, kind: Kind, server: PeerServer) {
    const { port } = server;
    this.#setup = setup;
    this.#kind = kind;
    this.#server = server;
    this.#h1 = new PeerClient({ port, protocol: 'h1', connections: CONNECTIONS });
    this.#h2 = new PeerClient({ port, protocol: 'h2', connections: CONNECTIONS });
    this.#lister = new PeerClient({ port, protocol: 'h1', connections: LIST_CONNECTIONS });
    this.#h2Lister = new PeerClient({ port, protocol: 'h2', connections: LIST_CONNECTIONS });
  }

  async close(): Promise<void> {
    for (const client of [this.#h1, this.#h2, this.#lister, this.#h2Lister]) client.close();
    await this.#server.close();
  }

  async fill(): Promise<void> {
    await this.#fitText();
    const { objects } = this.#setup.size;
    let next = 0;
    await together(CONNECTIONS, async () => {
      while (next < objects) {
        const index = next++;
        const body = JSON.stringify(this.#object(index));
        await this.#h1.expect(201, this.#collection(namespaceOf(index)), { method: 'POST', body });
      }
    });
    await this.#measureIdle();
  }

  operations(): Operations {
    const random = (): number => Math.floor(Math.random() * this.#setup.size.objects);
    const all = `${this.#kind.base}/${this.#kind.plural}`;
    const list = `${all}?resourceVersion=0`;
    const walk = (): Promise<void> => this.#walk(all);
    const get = (options: string) => (): string => `${this.#path(random())}${options}`;
    return {
      'get-h1': this.#reads(this.#h1, get('?resourceVersion=0'), () => this.#digestOfSome()),
      'get-h2': this.#reads(this.#h2, get('?resourceVersion=0')),
      'get-fresh': this.#reads(this.#h1, get(''), undefined, true),
      'list-h1': this.#reads(
        this.#lister,
        () => list,
        () => this.#digestOf(list),
      ),
      'list-h2': this.#reads(this.#h2Lister, () => list),
      pages: this.#measured(1, walk, true),
      'pages-over-list': this.#pagesOverList(list, walk),
      selector: this.#selected(`${list}&labelSelector=app%3Dapp-3`),
      namespace: this.#selected(`${this.#collection('team-7')}?resourceVersion=0`),
      create: this.#measured(CONNECTIONS, () => this.#create().then(() => undefined)),
      update: this.#measured(CONNECTIONS, () => this.#update()),
      patch: this.#measured(CONNECTIONS, () => this.#patch()),
    };
  }

  #selected(path: string): Operation {
    return this.#reads(
      this.#lister,
      () => path,
      () => this.#digestOf(path),
    );
  }

  #reads(
    client: PeerClient,
    path: () => string,
    digest?: () => Promise<string>,
    withStore = false,
  ): Operation {
    const read = async (): Promise<void> => void (await client.expect(200, path()));
    const operation = this.#measured(client.connections, read, withStore);
    return digest === undefined ? operation : { ...operation, digest };
  }

  // The time of a server that is not asked anything is taken off.
  #measured(parallel: number, work: () => Promise<void>, withStore = false): Operation {
    let isWarm = false;
    const cpuUs = (): number =>
      withStore ? this.#server.wholeCpuUs() : this.#server.serverCpuUs();
    return {
      sample: async (budgetMs) => {
        if (!isWarm)
          await timed(parallel, work, this.#isTimed ? Math.max(budgetMs, WARM_UP_MS) : 0);
        isWarm = true;
        const before = cpuUs();
        const { count, ms } = await timed(parallel, work, budgetMs);
        const { serverUsPerMs, wholeUsPerMs } = this.#idle;
        const idleUs = ms * (withStore ? wholeUsPerMs : serverUsPerMs);
        const spentUs = Math.max(0, cpuUs() - before - idleUs);
        return { cpuUs: spentUs / count, wallUs: (ms * 1e3) / count };
      },
    };
  }

  #pagesOverList(list: string, walk: () => Promise<void>): Operation {
    const read = async (): Promise<void> => void (await this.#lister.expect(200, list));
    const whole = this.#measured(1, read);
    const pages = this.#measured(1, walk);
    return {
      sample: async (budgetMs) => {
        const one = await whole.sample(budgetMs / 2);
        const other = await pages.sample(budgetMs / 2);
        // A short sample may be below what the kernel counts in.
        return { pagesOverList: (other['cpuUs'] ?? 0) / Math.max(1, one['cpuUs'] ?? 0) };
      },
    };
  }

  // Who has few objects asks what is answered, not how fast.
  get #isTimed(): boolean {
    return this.#setup.size.objects >= TIMED_OBJECTS_MIN;
  }

  async #walk(all: string): Promise<void> {
    let count = 0;
    let token = '';
    do {
      const body = await this.#lister.expect(200, `${all}?limit=${PAGE}&continue=${token}`);
      const { items, metadata } = JSON.parse(body.toString()) as {
        items: unknown[];
        metadata: { continue?: string };
      };
      count += items.length;
      token = encodeURIComponent(metadata.continue ?? '');
    } while (token !== '');
    if (count < this.#setup.size.objects) throw new Error(`the pages had ${count} objects`);
  }

  async #create(): Promise<Owned> {
    const name = `new-${this.#written++}`;
    const body = JSON.stringify(this.#kind.make(name, WRITTEN, 'none', this.#text));
    const path = this.#collection(WRITTEN);
    const answer = await this.#h1.expect(201, path, { method: 'POST', body });
    return { name, version: 0, revision: revisionIn(answer) };
  }

  // Of an object that the caller alone has: there are no conflicts.
  async #withOwned(write: (owned: Owned, path: string) => Promise<Buffer>): Promise<void> {
    const owned = this.#owned.pop() ?? (await this.#create());
    owned.version++;
    owned.revision = revisionIn(await write(owned, `${this.#collection(WRITTEN)}/${owned.name}`));
    this.#owned.push(owned);
  }

  #update(): Promise<void> {
    return this.#withOwned(({ name, version, revision }, path) => {
      const text = `${version}${this.#text.slice(String(version).length)}`;
      const object = this.#kind.make(name, WRITTEN, 'none', text, revision);
      return this.#h1.expect(200, path, { method: 'PUT', body: JSON.stringify(object) });
    });
  }

  #patch(): Promise<void> {
    return this.#withOwned(({ version }, path) => {
      const body = JSON.stringify({ metadata: { labels: { version: String(version) } } });
      const contentType = 'application/merge-patch+json';
      return this.#h1.expect(200, path, { method: 'PATCH', body, contentType });
    });
  }

  // So long that an object is as long on the wire on all sides, whatever a server adds to it.
  async #fitText(): Promise<void> {
    const { objectBytes } = this.#setup.size;
    const path = this.#collection(namespaceOf(0));
    const body = JSON.stringify(this.#kind.make('probe-000000', namespaceOf(0), 'app-0', ''));
    const answer = await this.#h1.expect(201, path, { method: 'POST', body });
    await this.#h1.expect(200, `${path}/probe-000000`, { method: 'DELETE' });
    const text = `${this.#setup.seed} ${'text'.repeat(objectBytes)}`;
    this.#text = text.slice(0, Math.max(0, objectBytes - answer.length));
  }

  #object(index: number): object {
    const app = `app-${index % APPS}`;
    return this.#kind.make(nameOf(index), namespaceOf(index), app, this.#text);
  }

  #collection(namespace: string): string {
    return `${this.#kind.base}/namespaces/${namespace}/${this.#kind.plural}`;
  }

  #path(index: number): string {
    return `${this.#collection(namespaceOf(index))}/${nameOf(index)}`;
  }

  async #digestOfSome(): Promise<string> {
    const hash = createHash('sha256');
    const { objects } = this.#setup.size;
    for (let index = 0; index < objects; index += Math.ceil(objects / COMPARED)) {
      const body = await this.#h1.expect(200, this.#path(index));
      hash.update(this.#shown(JSON.parse(body.toString()) as KubeObject));
    }
    return hash.digest('hex');
  }

  async #digestOf(path: string): Promise<string> {
    const body = await this.#lister.expect(200, path);
    const { items } = JSON.parse(body.toString()) as { items: KubeObject[] };
    // Beside what was written, and a ConfigMap that kube-apiserver makes.
    const own = items.filter(({ metadata }) => namespaces.includes(metadata.namespace));
    const hash = createHash('sha256');
    for (const item of own) hash.update(this.#shown(item));
    return `${own.length} ${hash.digest('hex')}`;
  }

  // Of the text the beginning: its end is where lengths are made equal.
  #shown(object: KubeObject): string {
    const { name, namespace, labels } = object.metadata;
    return JSON.stringify([name, namespace, labels, this.#kind.textOf(object).slice(0, 1_000)]);
  }

  async #measureIdle(): Promise<void> {
    const [server, whole] = [this.#server.serverCpuUs(), this.#server.wholeCpuUs()];
    const idleMs = this.#isTimed ? IDLE_MS : 0;
    await pause(idleMs);
    this.#idle = {
      serverUsPerMs: (this.#server.serverCpuUs() - server) / Math.max(1, idleMs),
      wholeUsPerMs: (this.#server.wholeCpuUs() - whole) / Math.max(1, idleMs),
    };
  }
}

async function timed(
  parallel: number,
  work: () => Promise<void>,
  budgetMs: number,
): Promise<{ readonly count: number; readonly ms: number }> {
  const startedMs = performance.now();
  let count = 0;
  await together(parallel, async () => {
    do {
      await work();
      count++;
    } while (performance.now() < startedMs + budgetMs);
  });
  return { count, ms: performance.now() - startedMs };
}

async function together(parallel: number, work: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: parallel }, work));
}

function revisionIn(object: Buffer): string {
  return /"resourceVersion":"(\d+)"/.exec(object.toString())?.[1] ?? '';
}
