/**
 * The error of label and field selectors that can't be understood. It has a file of its own because
 * both parsers throw it and neither owns it.
 */

/** Thrown for a selector's text; the message is upstream's as far as clients show it. */
export class SelectorError extends Error {
  override readonly name: string = 'SelectorError';
  /** Stable: every fault of a selector is this one. */
  readonly code = 'invalid-selector' as const;
}
