/** What every thread of the servers under test serves. */

import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads';

import { fieldInvalid } from '../../../lib/request/index.js';
import { defineResource, readThrough, type DefinedResource } from '../../../lib/rest/index.js';
import type { ThreadContext, ThreadServerOptions } from '../../../lib/server/index.js';

export interface Widget {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly spec: { readonly value: number };
}

// The hook is a function: each thread has its own.
const widgets = defineResource<Widget>({
  group: 'example.com',
  version: 'v1',
  kind: 'Widget',
  strategy: {
    validate: ({ spec }) =>
      spec.value >= 0 ? [] : [fieldInvalid('spec.value', spec.value, 'must not be below 0')],
  },
});

/** Reads that wait in this thread. */
let held: (() => void)[] = [];

/** Answers with the thread that was asked, at once, when it is deleted, or never: by its name. */
const probes = defineResource({
  group: 'example.com',
  version: 'v1',
  kind: 'Probe',
  scope: 'Cluster',
  handlers: {
    get: async ({ name }) => {
      if (name === 'crash') setImmediate(crash);
      if (name === 'hold') await new Promise<void>((resolve) => held.push(resolve));
      return { metadata: { name }, spec: { thread: threadId } };
    },
    delete: () => {
      held.forEach((letGo) => letGo());
      held = [];
      return true;
    },
  },
});

function crash(): never {
  throw new Error('the handler went mad');
}

/** What a thread of the tests is told. */
export interface ModuleData {
  /** Names the other system that goods are read through to. */
  readonly shop?: string;
  /** What becomes of a thread while it starts. */
  readonly fails?: 'throws' | 'other-types' | 'has-storage';
}

/** Rows of another system, which is the thread that serves first; any thread may add to them. */
function goodsOf(shop: string, rows: Set<string>): DefinedResource {
  return defineResource({
    group: 'example.com',
    version: 'v1',
    kind: 'Good',
    scope: 'Cluster',
    readThrough: readThrough({
      poll: {
        everyMs: 3_600_000,
        list: () => Array.from(rows, (name) => ({ metadata: { name } })),
      },
    }),
    handlers: {
      create: async ({ object }) => {
        const { name } = (object as { readonly metadata: { readonly name: string } }).metadata;
        await added(shop, name);
        return { metadata: { name } };
      },
    },
  });
}

/** The other system: takes names, and says so. Ends with the function returned. */
export function openShop(shop: string, rows: Set<string>): () => void {
  const channel = new BroadcastChannel(shop);
  channel.addEventListener('message', (event) => {
    const { add } = (event as MessageEvent).data as { readonly add?: string };
    if (add === undefined) return;
    rows.add(add);
    channel.postMessage({ added: add });
  });
  return () => channel.close();
}

function added(shop: string, name: string): Promise<void> {
  const channel = new BroadcastChannel(shop);
  return new Promise((resolve) => {
    channel.addEventListener('message', (event) => {
      const { added: known } = (event as MessageEvent).data as { readonly added?: string };
      if (known !== name) return;
      channel.close();
      resolve();
    });
    channel.postMessage({ add: name });
  });
}

export function serverOptions(
  { shop = 'none' }: ModuleData = {},
  rows = new Set<string>(),
): ThreadServerOptions {
  return {
    resources: [widgets, probes, goodsOf(shop, rows)],
    authenticator: {
      authenticate: async () => ({ username: 'ana', uid: '', groups: [], extra: {} }),
    },
  };
}

export default function threadOptions({ thread, data = {} }: ThreadContext): ThreadServerOptions {
  const { fails } = data as ModuleData;
  if (isMainThread || thread < 2) throw new Error('only further threads are asked');
  if (fails === 'throws') throw new Error('no such vault');
  const options = serverOptions(data as ModuleData);
  if (fails === 'other-types') return { ...options, resources: [widgets] };
  if (fails === 'has-storage') return { ...options, storage: {} } as ThreadServerOptions;
  return options;
}
