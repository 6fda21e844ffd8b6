/**
 * Limits of the JSON that is read and written, and why they are what they are. Both engines keep
 * them; how long a request body may be is decided by who reads it, long before.
 */

/**
 * Arrays and objects within each other. Far above what Kubernetes types need, and low enough that
 * consumers which read recursively (JSON.parse among them) never run out of stack.
 */
export const NESTING_MAX = 1000;

/** Bytes of one document: offsets are 32-bit integers, and a request is a thousandth of this. */
export const JSON_BYTES_MAX: number = 2 ** 30;
