/**
 * What is wrong with a definition: every problem of it at once, each with its place (file,
 * document, field) and reason. Who starts a server with forty files wants to mend them in one go.
 */

/** One problem. */
export interface DefinitionProblem {
  /** The file it is in; absent for a definition made by code. */
  readonly file?: string;
  /** Which document of the file, from 1. Absent where the whole file is meant. */
  readonly document?: number;
  /** `spec.versions[0].schema`; '' where no single field is at fault. */
  readonly field: string;
  readonly reason: string;
}

/** A definition, or a file of them, can't be used. The message has a line for each problem. */
export class DefinitionError extends Error {
  override readonly name: string = 'DefinitionError';
  /** At least one. */
  readonly problems: readonly DefinitionProblem[];

  constructor(problems: readonly DefinitionProblem[]) {
    super(problems.map(problemText).join('\n'));
    this.problems = problems;
  }
}

/** `crds/widgets.yaml, document 2: spec.versions[0].schema: is required`. */
export function problemText(problem: DefinitionProblem): string {
  const document = problem.document === undefined ? '' : `document ${problem.document}`;
  const place = [problem.file ?? '', document].filter((part) => part !== '').join(', ');
  return [place, problem.field, problem.reason].filter((part) => part !== '').join(': ');
}
