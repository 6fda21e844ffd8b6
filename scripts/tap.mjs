/**
 * Counting the tests of a TAP stream as ava writes it.
 *
 *  1. Passed is what says `ok` without a directive. Skipped and to-do tests are neither.
 *  2. A test that was to report and did not has failed. (Crashes report beyond the plan.)
 *  3. A stream without a plan or without any test, or from a program that itself reports a failure
 *     nobody saw, is one failure.
 */

const RESULT = /^(ok|not ok) \d+(?: - (.*?))?(?: # (SKIP|TODO)\b.*)?$/i;
const PLAN = /^1\.\.(\d+)/;

export class TapTally {
  passed = 0;
  failed = 0;
  /** Titles. */
  skipped = [];

  #results = 0;
  #planned;
  #partial = '';
  #inFailure = false;
  #onFailure;

  /** `onFailure` gets the lines of failed tests, the description and its details. */
  constructor(onFailure = () => {}) {
    this.#onFailure = onFailure;
  }

  write(text) {
    const lines = (this.#partial + text).split(/\r?\n/);
    this.#partial = lines.pop();
    for (const line of lines) this.#line(line);
  }

  /** Ends the stream. `code` is the exit code of the program that wrote it. */
  end(code) {
    if (this.#partial !== '') this.write('\n');
    const silent = (this.#planned ?? 0) - this.#results;
    if (silent > 0) {
      this.failed += silent;
      this.#onFailure(`not ok - ${silent} of ${this.#planned} tests never reported`);
    }
    const problem = this.#problem(code);
    if (problem === undefined) return;
    this.failed++;
    this.#onFailure(`not ok - ${problem}`);
  }

  #line(line) {
    const result = RESULT.exec(line);
    if (result !== null) {
      this.#result(line, result);
    } else if (PLAN.test(line)) {
      this.#planned = Number(PLAN.exec(line)[1]);
      this.#inFailure = false;
    } else if (this.#inFailure && line !== '') {
      this.#onFailure(line);
    }
  }

  #result(line, [, outcome, title = '', directive]) {
    this.#results++;
    this.#inFailure = false;
    if (directive !== undefined) {
      this.skipped.push(title);
    } else if (outcome === 'ok') {
      this.passed++;
    } else {
      this.failed++;
      this.#inFailure = true;
      this.#onFailure(line);
    }
  }

  #problem(code) {
    if (this.#planned === undefined) return `the tests ended early (exit code ${code})`;
    if (this.#results === 0) return 'no test ran';
    if (code !== 0 && this.failed === 0) return `the tests ended with exit code ${code}`;
    return undefined;
  }
}
