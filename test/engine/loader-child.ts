/**
 * The child process of loader.test.ts: `node loader-child.js KIND…` asks for each kind and prints
 * what it was told, as JSON, and which addons were loaded meanwhile.
 */

import {
  createEngineCache,
  type EngineCacheOptions,
  type EngineError,
  type EngineKind,
  engineReport,
} from '../../lib/engine/index.js';

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

function ask(kind: EngineKind | 'auto'): LoaderAnswer {
  try {
    const report = engineReport(kind);
    const cache = createEngineCache(kind, OPTIONS);
    cache.close();
    return { ...report, cache: cache.kind };
  } catch (error) {
    const { code, message } = error as EngineError;
    return { code, message };
  }
}

const answers = (process.argv.slice(2) as (EngineKind | 'auto')[]).map(ask);
process.stdout.write(JSON.stringify({ answers, loads } satisfies LoaderOutcome));
