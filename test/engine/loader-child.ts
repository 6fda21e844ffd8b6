/**
 * The child process of loader.test.ts: `node loader-child.js KIND…` asks for each kind (`attach`:
 * attaches to a cache that there is not) and prints what it was told, as JSON, and which addons
 * were loaded meanwhile.
 */

import {
  attachEngineCache,
  createEngineCache,
  type EngineCacheOptions,
  type EngineError,
  type EngineKind,
  engineReport,
  type EngineShare,
} from '../../lib/engine/index.js';
import { ABI_VERSION } from '../../lib/engine/wire.js';

/** A report, and the kind of a cache that was made; or the error. */
export interface LoaderAnswer {
  readonly kind?: EngineKind;
  readonly reason?: string;
  readonly file?: string;
  readonly cache?: EngineKind;
  readonly code?: string;
  readonly message?: string;
}

export interface LoaderOutcome {
  readonly answers: readonly LoaderAnswer[];
  readonly loads: readonly string[];
}

const OPTIONS: EngineCacheOptions = {
  name: 'widgets.example.com',
  shardCount: 1,
  fields: [],
  history: { windowMs: 1_000, entriesMin: 0, entriesMax: 10, bytesMax: 1_000 },
  now: () => 0,
};

const loads: string[] = [];
const { dlopen } = process;
const fakeVersion = process.env['FAKE_ABI_VERSION'];
process.dlopen = (module: object, file: string, ...rest: []): void => {
  loads.push(file);
  if (fakeVersion === undefined) dlopen.call(process, module, file, ...rest);
  else Object.assign(module, { exports: { abiVersion: () => Number(fakeVersion) } });
};

const TOKEN: EngineShare = {
  type: 'shardwatch.engine',
  id: 1,
  nonce: 1n,
  abi: ABI_VERSION,
  name: 'widgets.example.com',
  fields: [],
  indexes: [],
};

function ask(kind: EngineKind | 'auto' | 'attach'): LoaderAnswer {
  try {
    if (kind === 'attach') return { cache: attachEngineCache(TOKEN, { now: () => 0 }).kind };
    const report = engineReport(kind);
    const cache = createEngineCache(kind, OPTIONS);
    cache.close();
    return { ...report, cache: cache.kind };
  } catch (error) {
    const { code, message } = error as EngineError;
    return { code, message };
  }
}

const answers = (process.argv.slice(2) as (EngineKind | 'auto' | 'attach')[]).map(ask);
process.stdout.write(JSON.stringify({ answers, loads } satisfies LoaderOutcome));
