/** Programs that a contender has started end with it, whether it ends by itself or is told to. */

const ends = new Set<() => void>();

/** Has `end` called when this process ends. Gives what takes it back. */
export function endWithProcess(end: () => void): () => void {
  if (!isListening) {
    isListening = true;
    process.once('exit', () => ends.forEach((each) => each()));
    // Its default ends the process without `exit`.
    process.once('SIGTERM', () => process.exit());
  }
  ends.add(end);
  return () => void ends.delete(end);
}

let isListening = false;
