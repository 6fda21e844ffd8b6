/** A flag, or a file that it names, can't be used; the message is for whoever gave it. */

export class FlagError extends Error {
  override readonly name: string = 'FlagError';
  readonly code: string = 'bad-flag';
}
