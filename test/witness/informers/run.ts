/** `node run.js CHANGES ROUNDS`: the session of informers.test.ts, longer; prints what it was. */

import { followThroughTrouble } from './session.js';

const [changes = '100000', rounds = '4'] = process.argv.slice(2);
const summary = await followThroughTrouble({ changes: Number(changes), rounds: Number(rounds) });
console.log(JSON.stringify(summary, undefined, 2));
