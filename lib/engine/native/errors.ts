/**
 * What a STATUS of the addon means to the caller, where it is not a matter of one call: the same
 * errors as those of the JavaScript engine (checks.ts), and those that only this engine knows.
 */

import { STATUS } from '../wire.js';
import { closed } from '../checks.js';

/** The error for a status; `name` is that of what the call was about: `the list`. */
export function statusError(status: number, name: string): Error {
  switch (status) {
    case STATUS.closed:
      return closed(name);
    case STATUS.invalidArgument:
      return new TypeError(`${name}: an argument is of a wrong type`);
    case STATUS.outOfMemory:
      return new RangeError(`${name}: no memory is left for it`);
    case STATUS.tooLarge:
      return new RangeError(`${name}: more than the native engine can hold`);
    default:
      return new Error(`${name}: the native engine answers ${nameOf(status)}`);
  }
}

function nameOf(status: number): string {
  const found = Object.entries(STATUS).find(([, code]) => code === status);
  return found === undefined ? String(status) : found[0];
}
