/**
 * The paths of printer columns: `.spec.size`, `.status.conditions[?(@.type=="Ready")].status`.
 *
 * The dialect is the part of kubectl's JSONPath that picks values: members (`.a`, `['a']`, with
 * `\.` for a dot within a name), indexes and slices (`[0]`, `[-1]`, `[1:3]`), `[*]`, `.*`, and
 * filters with one comparison or a bare path. Recursive descent and unions are refused when a type
 * is defined, not when a table is printed. What an object lacks is no error: the column is empty
 * there.
 */

/** A path that was read; for `TablePrinter` and whoever else evaluates it here. */
export interface ColumnPath {
  /** @internal */
  readonly steps: readonly Step[];
}

export type Step =
  | { readonly type: 'member'; readonly name: string }
  | { readonly type: 'index'; readonly index: number }
  | {
      readonly type: 'slice';
      readonly start: number | undefined;
      readonly end: number | undefined;
      readonly stride: number;
    }
  | { readonly type: 'every' }
  | { readonly type: 'filter'; readonly filter: Filter };

export type FilterOperator = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** Elements for which `left operator right` holds or, without an operator, that have `left`. */
export interface Filter {
  readonly left: Operand;
  readonly comparison?: { readonly operator: FilterOperator; readonly right: Operand };
}

export type Operand =
  | { readonly type: 'path'; readonly path: ColumnPath }
  | { readonly type: 'literal'; readonly value: string | number | boolean };

/** A column's path can't be used; the message says where and why. */
export class ColumnPathError extends Error {
  override readonly name: string = 'ColumnPathError';
}

/** Reads a path, which begins with a dot. Throws a ColumnPathError. */
export function parseColumnPath(text: string): ColumnPath {
  if (!text.startsWith('.')) throw new ColumnPathError('must begin with a dot');
  const reader = new PathReader(text);
  if (text === '.') return { steps: [] };
  const path = reader.path();
  reader.expectEnd();
  return path;
}

const MEMBER = /(?:\\.|[^\\.,[\]$@{}()\s=<>!'"])+/y;
const INTEGER = /-?[0-9]+/y;
const NUMBER = /-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const OPERATOR = /==|!=|<=|>=|<|>/y;
const SPACE = /\s*/y;
const WORD = /true|false/y;
/** Of start, end and stride. */
const SLICE_NUMBERS_MAX = 3;

class PathReader {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  path(): ColumnPath {
    const steps: Step[] = [];
    for (;;) {
      if (this.#take('.')) {
        // `.[0]`: the dot says nothing.
        if (this.#peek() === '[') continue;
        if (this.#peek() === '.') throw this.#refusal('recursive descent (..) is not supported');
        steps.push(this.#take('*') ? { type: 'every' } : { type: 'member', name: this.#member() });
      } else if (this.#take('[')) {
        steps.push(this.#bracket());
      } else {
        return { steps };
      }
    }
  }

  expectEnd(): void {
    if (this.#position < this.#text.length) throw this.#refusal('unexpected text');
  }

  #member(): string {
    const name = this.#match(MEMBER);
    if (name === undefined) throw this.#refusal('a member name is missing');
    return name.replace(/\\(.)/g, '$1');
  }

  #bracket(): Step {
    const next = this.#peek();
    let step: Step;
    if (next === "'" || next === '"') {
      step = { type: 'member', name: this.#quoted() };
      if (this.#peek() === ',') throw this.#refusal('unions are not supported');
    } else if (this.#take('*')) {
      step = { type: 'every' };
    } else if (this.#take('?(')) {
      step = { type: 'filter', filter: this.#filter() };
      this.#expect(')');
    } else {
      step = this.#indexOrSlice();
    }
    this.#expect(']');
    return step;
  }

  #indexOrSlice(): Step {
    const numbers: (number | undefined)[] = [this.#integer()];
    while (numbers.length < SLICE_NUMBERS_MAX && this.#take(':')) numbers.push(this.#integer());
    const [first, end, stride = 1] = numbers;
    if (this.#peek() === ',') throw this.#refusal('unions are not supported');
    if (numbers.length > 1) {
      if (stride < 1) throw this.#refusal('the stride of a slice must be positive');
      return { type: 'slice', start: first, end, stride };
    }
    if (first === undefined) throw this.#refusal('an index, a quoted name or a filter is missing');
    return { type: 'index', index: first };
  }

  #integer(): number | undefined {
    const text = this.#match(INTEGER);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!Number.isSafeInteger(value)) throw this.#refusal('the index is too large');
    return value;
  }

  #filter(): Filter {
    const left = this.#operand();
    this.#match(SPACE);
    const operator = this.#match(OPERATOR) as FilterOperator | undefined;
    if (operator === undefined) return { left };
    const right = this.#operand();
    return { left, comparison: { operator, right } };
  }

  #operand(): Operand {
    this.#match(SPACE);
    const operand = this.#operandItself();
    this.#match(SPACE);
    return operand;
  }

  #operandItself(): Operand {
    if (this.#take('@')) return { type: 'path', path: this.path() };
    const next = this.#peek();
    if (next === "'" || next === '"') return { type: 'literal', value: this.#quoted() };
    const number = this.#match(NUMBER);
    if (number !== undefined) return { type: 'literal', value: Number(number) };
    const word = this.#match(WORD);
    if (word !== undefined) return { type: 'literal', value: word === 'true' };
    throw this.#refusal('a filter compares @ paths, quoted text, numbers, true or false');
  }

  #quoted(): string {
    const mark = this.#text.charAt(this.#position);
    let value = '';
    for (let index = this.#position + 1; index < this.#text.length; index++) {
      const character = this.#text.charAt(index);
      if (character === mark) {
        this.#position = index + 1;
        return value;
      }
      if (character === '\\') index++;
      value += this.#text.charAt(index);
    }
    throw this.#refusal('the quoted text does not end');
  }

  #peek(): string {
    return this.#text.charAt(this.#position);
  }

  #take(token: string): boolean {
    if (!this.#text.startsWith(token, this.#position)) return false;
    this.#position += token.length;
    return true;
  }

  #expect(token: string): void {
    if (!this.#take(token)) throw this.#refusal(`"${token}" is missing`);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    const text = pattern.exec(this.#text)?.[0];
    if (text !== undefined) this.#position += text.length;
    return text;
  }

  #refusal(reason: string): ColumnPathError {
    return new ColumnPathError(`${reason} at character ${this.#position + 1}`);
  }
}
