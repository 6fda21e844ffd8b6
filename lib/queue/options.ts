/** A queue's options, checked, with their defaults filled in; and the founding articles' queue. */

import { type EngineKind, HEAP_SLOTS } from '../engine/index.js';
import { QueueError, type QueueOptions } from './contract.js';
import { isShare, type QueueShare } from './share.js';

/** More entries than these no queue has. */
export const ENTRIES_MAX: number = HEAP_SLOTS;

/** The founding articles' queue: a thousand requests, then an error. */
export const foundingPreset: Required<Pick<QueueOptions, 'capacity'>> = { capacity: 1_000 };

/**
 * The founding articles' classes of requests, as priorities: mutating ones leave before reads, and
 * reads before calls of webhooks.
 */
export const foundingPriority: {
  readonly mutating: 0;
  readonly read: 1;
  readonly webhook: 2;
} = { mutating: 0, read: 1, webhook: 2 };

export interface CheckedOptions {
  readonly name: string;
  readonly engine: EngineKind | 'auto';
  readonly capacity: number;
  readonly share: QueueShare | undefined;
}

/** Throws the QueueError `invalid-options`, which names the option and what it should be. */
export function checkOptions(options: QueueOptions): CheckedOptions {
  const { name = 'queue', engine = 'auto', capacity = ENTRIES_MAX, share } = options;
  check(typeof name === 'string', 'name', 'a text');
  if (share !== undefined) {
    check(isShare(share), 'share', 'what share() of a queue in this process gave');
    check(options.engine === undefined, 'engine', 'left to the queue that is shared');
    check(options.capacity === undefined, 'capacity', 'left to the queue that is shared');
  }
  const isCapacity = Number.isSafeInteger(capacity) && capacity >= 1 && capacity <= ENTRIES_MAX;
  check(isCapacity, 'capacity', `an integer from 1 to ${ENTRIES_MAX}`);
  return { name, engine, capacity, share };
}

function check(holds: boolean, option: string, rule: string): void {
  if (!holds) throw new QueueError('invalid-options', `option ${option} must be ${rule}`);
}
