/** Lines of the log. */

import { Console } from 'node:console';
import { Writable } from 'node:stream';
import test from 'ava';
import { pino } from 'pino';
import type { Authenticator } from '../../lib/auth/index.js';
import { defineResource } from '../../lib/rest/index.js';
import { createServer, lineLogger, type LogFields, type Logger } from '../../lib/server/index.js';

const cycle: { self?: unknown } = {};
cycle.self = cycle;

for (const [what, value, shown] of [
  ['a plain word', '/apis/example.com/v1', '/apis/example.com/v1'],
  ['an empty string', '', '""'],
  ['a line end', 'a\nerror forged', String.raw`"a\nerror forged"`],
  ['an escape sequence', '\u001b[31m', String.raw`"\u001b[31m"`],
  ['an escape sequence in one character', '\u009b31m\u007f', String.raw`"\u009b31m\u007f"`],
  ['a line separator', 'a\u2028b', String.raw`"a\u2028b"`],
  ['a number', 12, '12'],
  ['nothing', undefined, 'undefined'],
  ['a bigint', 12n, '"12"'],
  ['a cycle', cycle, '"[object Object]"'],
] as const) {
  test(`${what} is told on one line without control characters`, (t) => {
    const lines: string[] = [];
    lineLogger((line) => void lines.push(line), 0).warn({ value }, 'said');
    t.deepEqual(lines, [`warn said value=${shown}\n`]);
  });
}

test('an error is told with its stack, on one line', (t) => {
  const lines: string[] = [];
  lineLogger((line) => void lines.push(line), 0).error({ error: new Error('no') }, 'said');
  t.regex(lines.join(''), /^error said error="Error: no\\n .*"\n$/);
});

test('a logger tells which levels it writes', (t) => {
  for (const verbosity of [0, 1, 2]) {
    const lines: string[] = [];
    const logger = lineLogger((line) => void lines.push(line), verbosity);
    for (const level of ['debug', 'info', 'warn', 'error'] as const) {
      lines.length = 0;
      logger[level]({}, 'said');
      t.is(logger.isLevelEnabled?.(level), lines.length === 1, `${level} at ${verbosity}`);
    }
  }
});

test('entries about requests are made for who writes them', async (t) => {
  for (const enabled of [true, false, undefined]) {
    const told: LogFields[] = [];
    const server = createServer({
      resources: [widgets],
      logger: {
        debug: (fields) => void told.push(fields),
        info: () => undefined,
        warn: () => undefined,
        error: () => undefined,
        ...(enabled === undefined ? {} : { isLevelEnabled: () => enabled }),
      },
    });
    await server.inject({ path: '/version' });
    await server.close();
    const answered = told.filter(({ path }) => path === '/version');
    t.is(answered.length, enabled === false ? 0 : 1);
  }
});

const widgets = defineResource({ group: 'example.com', version: 'v1', kind: 'Widget' });

const failing: Authenticator = {
  authenticate: async () => {
    throw new TypeError('a bug');
  },
};

/** What a logger writes when a handler of its server fails. */
async function writtenWith(make: (stream: Writable) => Logger): Promise<string> {
  const written: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk);
      done();
    },
  });
  const server = createServer({
    resources: [widgets],
    authenticator: failing,
    logger: make(stream),
  });
  await server.ready();
  const headers = { 'audit-id': 'one' };
  await server.inject({ path: '/version', headers, user: null });
  await server.close();
  return Buffer.concat(written).toString();
}

test('pino is a logger as it is, and writes the stack of what went wrong', async (t) => {
  const text = await writtenWith((stream) => pino({ level: 'debug' }, stream));
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as LogFields);
  t.deepEqual(
    lines.map(({ level, msg }) => `${level} ${msg}`),
    ['30 watch cache filled', '50 request failed', '20 answered', '30 closing', '30 closed'],
  );
  t.like(lines[0], { resource: 'widgets.example.com' });
  t.like(lines[1], { auditId: 'one', path: '/version', err: { type: 'TypeError' } });
  t.regex((lines[1]?.['err'] as Error | undefined)?.stack ?? '', /TypeError: a bug\n\s+at /);
  t.like(lines[2], { code: 500, verb: 'get' });
});

test('console is a logger as it is', async (t) => {
  const text = await writtenWith((stream) => new Console(stream));
  t.regex(text, /auditId: 'one',\n\s+err: TypeError: a bug\n\s+at [^]*\} request failed\n/);
  const logger: Logger = console;
  t.is(typeof logger.info, 'function');
});
