/** What a queue refuses: what is checked before anything moves, and the errors. */

import { HEAP_FAULT } from '../engine/index.js';
import { QueueError, type QueueOptions } from './contract.js';

export function checkPriority(priority: number): void {
  if (typeof priority === 'number' && !Number.isNaN(priority)) return;
  throw new QueueError('invalid-priority', `priority ${String(priority)} is not a number`);
}

/** `deadline`, or `now`. */
export function checkTime(time: number, name: string): void {
  if (typeof time === 'number' && !Number.isNaN(time)) return;
  throw new QueueError('invalid-deadline', `${name} ${String(time)} is not a number`);
}

/** What is no number is no handle of the queue of that name, whatever an engine makes of it. */
export function checkHandle(handle: number, name: string): void {
  if (typeof handle !== 'number') throw wrongHandle(name, handle, HEAP_FAULT.unknownHandle);
}

/** Why an engine did not find the entry of a handle. */
export function wrongHandle(name: string, handle: number, fault: number): QueueError {
  if (fault === HEAP_FAULT.foreignHandle) {
    const message = `${name}: the entry of handle ${handle} is another thread's`;
    return new QueueError('foreign-handle', message);
  }
  const message = `${name} has no entry of handle ${String(handle)}, or has it no more`;
  return new QueueError('unknown-handle', message);
}

/** The error for `count` entries more than there is room for. */
export function full(
  queue: Required<Pick<QueueOptions, 'name' | 'capacity'>>,
  count: number,
): QueueError {
  const { name, capacity } = queue;
  const message = `${name} has no room for ${count} more: its capacity is ${capacity}`;
  return new QueueError('full', message, { capacity });
}

export function checkCount(count: number): void {
  if (Number.isSafeInteger(count) && count >= 0) return;
  throw new QueueError('invalid-batch', `${String(count)} is not a number of items`);
}

/** `array`, called `name`, has a lane for each item of a batch. */
export function checkLanes(array: Float64Array | undefined, name: string, count: number): void {
  if (array === undefined || (array instanceof Float64Array && array.length >= count)) return;
  const message = `${name} is no Float64Array of ${count} numbers, one for each item`;
  throw new QueueError('invalid-batch', message);
}

export function checkPriorities(priorities: Float64Array, count: number): void {
  const index = firstNaN(priorities, count);
  if (index < 0) return;
  throw new QueueError('invalid-priority', `priority ${index} is not a number`, { index });
}

export function checkDeadlines(deadlines: Float64Array, count: number): void {
  const index = firstNaN(deadlines, count);
  if (index < 0) return;
  throw new QueueError('invalid-deadline', `deadline ${index} is not a number`, { index });
}

function firstNaN(numbers: Float64Array, count: number): number {
  for (let at = 0; at < count; at++) {
    const number = numbers[at]!;
    // Only NaN differs from itself; this loop is part of every batch.
    if (number !== number) return at;
  }
  return -1;
}
