/**
 * A server in a process that may have few descriptors, `few-descriptors.js THREADS`: it tells its
 * URL and what it logs, a line each, until its input ends.
 */

import { startThreaded } from './fixture.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const log = (_fields: object, message: string): void => say(message);
const logger = { debug: () => undefined, info: log, warn: log, error: log };

const { server, url } = await startThreaded(Number(process.argv[2]), { logger });
say(url);
process.stdin.on('end', () => void server.close({ graceMs: 0 })).resume();
