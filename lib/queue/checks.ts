/** What is checked of priorities, times and batches, before anything of a queue moves. */

import { QueueError } from './contract.js';

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
  if (typeof handle !== 'number') throw unknownHandle(handle, name);
}

export function unknownHandle(handle: number, name: string): QueueError {
  const message = `${name} has no entry of handle ${String(handle)}, or has it no more`;
  return new QueueError('unknown-handle', message);
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
