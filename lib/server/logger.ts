/** The logger of the command: lines. */

import type { LogFields, Logger } from '../request/index.js';

export { silentLogger, type Logger, type LogFields } from '../request/index.js';

/**
 * Writes one line an entry: level, message, then `name=value` pairs. `verbosity` as `--v`: 0
 * warnings and errors, 1 and above also what the server does, 2 and above also every request.
 */
export function lineLogger(write: (line: string) => void, verbosity: number): Logger {
  const line = (level: string, fields: LogFields, message: string): void => {
    const pairs = Object.entries(fields).map(([name, value]) => ` ${name}=${show(value)}`);
    write(`${level} ${message}${pairs.join('')}\n`);
  };
  return {
    debug: (fields, message) =>
      void (verbosity >= VERBOSITY.debug && line('debug', fields, message)),
    info: (fields, message) => void (verbosity >= VERBOSITY.info && line('info', fields, message)),
    warn: (fields, message) => line('warn', fields, message),
    error: (fields, message) => line('error', fields, message),
    isLevelEnabled: (level) => verbosity >= VERBOSITY[level],
  };
}

/** From which on entries of a level are written. */
const VERBOSITY = { debug: 2, info: 1, warn: 0, error: 0 } as const;

function show(value: unknown): string {
  if (typeof value === 'string' && /^[\w./:@-]+$/.test(value)) return value;
  const text = value instanceof Error ? (value.stack ?? value.message) : value;
  return quoted(text).replace(/[\u007f-\u009f\u2028\u2029]/g, escaped);
}

// A logger must not fail: what JSON has no form for (a bigint, a cycle) is told as text.
function quoted(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return JSON.stringify(String(value));
  }
}

// Control characters that JSON leaves as they are: terminals obey some of them, and clients choose
// paths and user agents.
const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
