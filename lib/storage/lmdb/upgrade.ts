/**
 * From the format that a store has to the one that this program writes, step by step.
 *
 *  1. All steps run in the write transaction that takes the store: a store has the old format or
 *     the new one, whole, whatever happens meanwhile.
 *  2. A newer format is refused, and so is an older one without a step: nothing is guessed.
 */

import { StorageError } from '../contract.js';
import type { Environment } from './environment.js';
import { FORMAT_VERSION } from './layout.js';

/** Makes a store of the next format out of one of its own. In a write transaction. */
export type UpgradeStep = (environment: Environment) => void;

export interface Format {
  readonly version: number;
  /** By the version that a step begins with. */
  readonly steps: ReadonlyMap<number, UpgradeStep>;
}

/** What this program writes. There has been no other format before the first. */
export const CURRENT_FORMAT: Format = { version: FORMAT_VERSION, steps: new Map() };

/** The version in a row of `meta`. Throws `corrupt` when it is none. */
export function parseFormat(row: Uint8Array | undefined, path: string): number {
  const text = row === undefined ? '' : Buffer.from(row).toString('utf8');
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  const fault = row === undefined ? 'is missing' : `is ${JSON.stringify(text)}, which is none`;
  throw new StorageError(
    'corrupt',
    `the store in ${path} can't be used: meta row "format" ${fault}`,
  );
}

/** Brings the store to the format; whether there was anything to do. In a write transaction. */
export function upgrade(environment: Environment, found: number, format: Format): boolean {
  const { path } = environment;
  if (found > format.version) {
    throw unsupported(`the store in ${path} has format ${found}`, format.version);
  }
  for (let version = found; version < format.version; version++) {
    const step = format.steps.get(version);
    if (step === undefined) {
      const message = `the store in ${path} has format ${found}, which is too old to be upgraded`;
      throw new StorageError('unsupported-format', `${message} to ${format.version}`);
    }
    step(environment);
  }
  return found < format.version;
}

/** For who only reads. Throws `unsupported-format` unless the version is that of the format. */
export function checkFormat(found: number, path: string, format: Format = CURRENT_FORMAT): void {
  if (found === format.version) return;
  const what = `the store in ${path} has format ${found}`;
  if (found > format.version) throw unsupported(what, format.version);
  const advice = `a server that opens it brings it to ${format.version}`;
  throw new StorageError('unsupported-format', `${what}, which is not read as it is: ${advice}`);
}

function unsupported(what: string, version: number): StorageError {
  const advice = `this program reads up to ${version}, so use the newer program that wrote it`;
  return new StorageError('unsupported-format', `${what}; ${advice}`);
}
