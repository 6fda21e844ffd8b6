/** The door of flow control: how many requests may be under way at once. */

export { InflightLimiter, inflightShare } from './limiter.js';
export type { InflightEntry, InflightLimits, InflightObserver, InflightShare } from './limiter.js';
export { InflightSeats } from './seats.js';
export type { SeatKind } from './seats.js';
