/** A contender's process: prepares one contender of one trial, then answers until it is ended. */

import type { Answer, Question } from './protocol.js';
import type { Operation, Operations } from './trials/contract.js';
import { TRIALS } from './trials/index.js';

let operations: Operations = {};

process.on('message', (question: Question) => {
  answer(question).then(
    (reply) => process.send?.(reply),
    (error: Error) => process.send?.({ type: 'error', message: error.stack ?? error.message }),
  );
});
process.on('disconnect', () => process.exit());

async function answer(question: Question): Promise<Answer> {
  switch (question.type) {
    case 'prepare': {
      const { trial: name, contender, engine, size, seed } = question;
      const trial = TRIALS.find((trial) => trial.name === name);
      const prepare = contender === 'engine' ? trial?.engine : trial?.rivals[contender];
      if (prepare === undefined) throw new Error(`there is no contender ${contender} of ${name}`);
      operations = await prepare({ engine, size, seed });
      // What preparing left behind belongs to nobody's figures.
      globalThis.gc?.();
      return { type: 'prepared', operations: Object.keys(operations) };
    }
    case 'digest':
      return { type: 'digest', digest: await operationOf(question.operation).digest?.() };
    case 'sample': {
      const sample = await operationOf(question.operation).sample(question.budgetMs);
      return { type: 'sample', sample };
    }
  }
}

function operationOf(name: string): Operation {
  const operation = operations[name];
  if (operation === undefined) throw new Error(`this contender has no operation ${name}`);
  return operation;
}
