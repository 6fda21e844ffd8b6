/** Limits of the JSON that is read, and why they are what they are. */

/**
 * Arrays and objects within each other. Far above what Kubernetes types need, and low enough that
 * consumers which read recursively (JSON.parse among them) never run out of stack.
 */
export const NESTING_MAX = 1000;

/** Bytes of one document: offsets are 32-bit integers, and a request is a thousandth of this. */
export const JSON_BYTES_MAX: number = 2 ** 30;
