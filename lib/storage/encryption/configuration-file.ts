/** An EncryptionConfiguration out of a file, which may be looked at again and again. */

import { readFile } from 'node:fs/promises';

import { systemClock, type Clock, type Timer } from '../clock.js';
import { parseEncryptionConfiguration } from './configuration.js';
import { EncryptionError } from './error.js';
import type { EncryptionRules } from './rules.js';

export interface EncryptionFileOptions {
  /** How often the file is looked at. Default 60 000, as upstream. */
  readonly intervalMs?: number;
  readonly clock?: Clock;
  /** Other rules are in force. */
  readonly onReload?: () => void;
  /** The file can't be used: the rules before it stay. Told once for each content. */
  readonly onError?: (error: EncryptionError) => void;
}

export interface FollowedFile {
  /** Those of the last file that could be used. */
  rules(): EncryptionRules;
  /** It is not looked at any more. */
  stop(): void;
}

const INTERVAL_MS = 60_000;

/** Rejects with an EncryptionError that names the file. */
export async function readEncryptionFile(path: string): Promise<EncryptionRules> {
  return rulesIn(path, await textOf(path));
}

/** Reads the file now, and again whenever it has changed. Rejects with an EncryptionError. */
export async function followEncryptionFile(
  path: string,
  options: EncryptionFileOptions = {},
): Promise<FollowedFile> {
  const { intervalMs = INTERVAL_MS, clock = systemClock, onReload, onError } = options;
  let text: string | undefined = await textOf(path);
  let rules = rulesIn(path, text);
  let timer: Timer | undefined;
  let isStopped = false;
  const look = async (): Promise<void> => {
    try {
      const present = await textOf(path);
      if (isStopped || present === text) return;
      text = present;
      rules = rulesIn(path, present);
      onReload?.();
    } catch (error) {
      if (isStopped) return;
      const isNews = (error as EncryptionError).code !== 'unreadable' || text !== undefined;
      if ((error as EncryptionError).code === 'unreadable') text = undefined;
      if (isNews) onError?.(error as EncryptionError);
    } finally {
      if (!isStopped) arm();
    }
  };
  const arm = (): void => void (timer = clock.setTimer(intervalMs, () => void look()));
  arm();
  return {
    rules: () => rules,
    stop: () => {
      isStopped = true;
      timer?.cancel();
    },
  };
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new EncryptionError('unreadable', `${path}: ${(cause as Error).message}`, { cause });
  }
}

function rulesIn(path: string, text: string): EncryptionRules {
  try {
    return parseEncryptionConfiguration(text);
  } catch (error) {
    const { code, message } = error as EncryptionError;
    throw new EncryptionError(code, `${path}: ${message}`, { cause: error });
  }
}
