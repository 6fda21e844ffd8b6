/** How long a search through a cache holds the event loop. */

/**
 * Objects that a list, or the initial events of a watch, looks at in one turn of the event loop: at
 * some hundred nanoseconds each, that are not in any cache of the processor, a millisecond or two.
 */
export const LOOKS_MAX = 8_192;
