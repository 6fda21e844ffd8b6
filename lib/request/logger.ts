/**
 * How parts tell what they do and what went wrong. The shape is that of pino and its kin: fields
 * first, then a sentence; so a logger of pino is one as it is, and `console` is.
 *
 * An Error is in the field `err`, where pino looks for what it is to write with its stack.
 */

export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** Whether entries of a level are written: of others, what is frequent is not even made. */
  isLevelEnabled?(level: 'debug' | 'info' | 'warn' | 'error'): boolean;
}

export type LogFields = { readonly [name: string]: unknown };

/** Says nothing. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
