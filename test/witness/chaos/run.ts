/**
 * `node run.js minutes N` kills members and servers at random for N minutes, `node run.js kills N`
 * one of two servers under load N times. The last line is the summary.
 */

import { killAnything, killServers } from './disturbances.js';
import { runChaos } from './session.js';

const INTERVAL_MS = 15_000;

const [kind, number] = process.argv.slice(2);
const startedMs = performance.now();
const say = (text: string): void => {
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  console.log(`${String(seconds).padStart(4)} s  ${text}`);
};
const count = Number(number);
const summary = await runChaos(
  kind === 'kills'
    ? { members: 1, servers: 2, writePauseMs: 0, disturb: killServers(count, 40), say }
    : { members: 3, servers: 3, writePauseMs: 20, disturb: killAnything(count, INTERVAL_MS), say },
);
console.log(JSON.stringify(summary));
