/** The options of a test server, checked: what is misspelt must not be lost without a word. */

import type { Authorizer } from '../auth/index.js';
import type { EngineKind, HistoryLimits } from '../engine/index.js';
import type { ResourceType } from '../object/index.js';
import type { Logger } from '../request/index.js';
import type { Clock } from '../storage/index.js';
import { ADMINISTRATOR } from './certificates.js';
import { TestingError } from './error.js';

export interface TestServerOptions {
  /**
   * CustomResourceDefinitions: objects, texts (YAML or JSON), and paths of files and of folders. A
   * text is told from a path by its lines (or its `{`).
   */
  readonly crds?: readonly (string | object)[];
  /** Types made by `defineResource`. There has to be a type, here or in `crds`. */
  readonly resources?: readonly ResourceType[];
  /**
   * What is there from the beginning, in the forms of `crds`, created in this order. A status is
   * kept. An object that names no namespace goes to `default`.
   */
  readonly objects?: readonly (string | object)[];
  /** Users besides the administrator; see `TestServer.user`. */
  readonly users?: readonly TestUser[];
  /** What users may do; whoever is in `system:masters` may do everything. Default: all may. */
  readonly authorizer?: Authorizer;
  /** Which watch-cache engine. Default `auto`. */
  readonly engine?: EngineKind | 'auto';
  /** Limits of the event history: short ones make watches expire. */
  readonly history?: Partial<HistoryLimits>;
  /** A `fakeClock()`, for instance. Default: the system's. */
  readonly clock?: Clock;
  /** A number in [0, 1), for generated names and jitter. Default Math.random. */
  readonly random?: () => number;
  /** How long a request other than a watch may take. Default 60 000. */
  readonly requestTimeoutMs?: number;
  /** A watch that names no end gets one between this and twice this. Default 1 800 000. */
  readonly minRequestTimeoutMs?: number;
  /**
   * Milliseconds of real time that waits last which do not say: more on a machine that is slow.
   * Default 4 000.
   */
  readonly waitTimeoutMs?: number;
  /** Whether it serves HTTPS with a certificate; else plain HTTP, and tokens. Default true. */
  readonly tls?: boolean;
  /** Default: nothing is logged. */
  readonly logger?: Logger;
}

export interface TestUser {
  readonly name: string;
  /** Default: none but `system:authenticated`. */
  readonly groups?: readonly string[];
}

type Kind = 'list' | 'boolean' | 'number' | 'function' | 'object' | 'text';

const OPTIONS: { readonly [option in keyof Required<TestServerOptions>]: Kind } = {
  crds: 'list',
  resources: 'list',
  objects: 'list',
  users: 'list',
  authorizer: 'object',
  engine: 'text',
  history: 'object',
  clock: 'object',
  random: 'function',
  requestTimeoutMs: 'number',
  minRequestTimeoutMs: 'number',
  waitTimeoutMs: 'number',
  tls: 'boolean',
  logger: 'object',
};

/** Throws a TestingError `invalid-options` that names the option and what it should be. */
export function checkServerOptions(options: TestServerOptions): void {
  if (!isOf('object', options)) throw refusal('startTestServer takes an object of options');
  for (const [option, value] of Object.entries(options)) {
    const kind = Object.hasOwn(OPTIONS, option) ? OPTIONS[option as keyof typeof OPTIONS] : null;
    if (kind === null) {
      throw refusal(`there is no option "${option}" (${Object.keys(OPTIONS).join(', ')})`);
    }
    if (value === undefined || isOf(kind, value)) continue;
    throw refusal(`option ${option} must be a ${kind}, but it is ${String(value)}`);
  }
  const { crds = [], resources = [], objects = [], users = [] } = options;
  if (crds.length + resources.length === 0) {
    throw refusal('there is nothing to serve: name crds or resources');
  }
  for (const [name, list] of Object.entries({ crds, objects })) {
    for (const [index, entry] of list.entries()) {
      if (typeof entry === 'string' || isOf('object', entry)) continue;
      throw refusal(`${name}[${index}] must be an object, a text or a path`);
    }
  }
  checkUsers(users);
}

function checkUsers(users: readonly TestUser[]): void {
  const names = new Set<string>([ADMINISTRATOR.name]);
  for (const [index, user] of users.entries()) {
    const { name, groups = [], ...unknown } = user ?? {};
    for (const field of Object.keys(unknown)) {
      throw refusal(`users[${index}] has no field "${field}" (name, groups)`);
    }
    if (typeof name !== 'string' || name === '') {
      throw refusal(`users[${index}].name must be a text`);
    }
    if (names.has(name)) throw refusal(`users[${index}]: there is a user "${name}" already`);
    names.add(name);
    if (Array.isArray(groups) && groups.every((group) => typeof group === 'string')) continue;
    throw refusal(`users[${index}].groups must be a list of texts`);
  }
}

function isOf(kind: Kind, value: unknown): boolean {
  if (kind === 'list') return Array.isArray(value);
  if (kind === 'text') return typeof value === 'string';
  if (kind === 'object') {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  }
  return typeof value === kind;
}

const refusal = (why: string): TestingError => new TestingError('invalid-options', why);
