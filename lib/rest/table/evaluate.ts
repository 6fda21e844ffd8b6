/**
 * What a column's path finds in an object: values in order, none where something is missing.
 * Members are own members only: nothing of JavaScript's objects shows.
 */

import { isNumber, numberLexeme } from '../../object/lossless/index.js';
import type { ColumnPath, Filter, FilterOperator, Operand, Step } from './path.js';

/** All values that `path` leads to from `root`, a decoded JSON value. */
export function evaluateColumnPath(path: ColumnPath, root: unknown): readonly unknown[] {
  let values: readonly unknown[] = [root];
  for (const step of path.steps) values = values.flatMap((value) => evaluateStep(step, value));
  return values;
}

function evaluateStep(step: Step, value: unknown): readonly unknown[] {
  switch (step.type) {
    case 'member':
      return isRecord(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : [];
    case 'index': {
      if (!Array.isArray(value)) return [];
      const index = step.index < 0 ? value.length + step.index : step.index;
      return index >= 0 && index < value.length ? [value[index]] : [];
    }
    case 'slice': {
      if (!Array.isArray(value)) return [];
      return value.slice(step.start, step.end).filter((_, index) => index % step.stride === 0);
    }
    case 'every':
      if (Array.isArray(value)) return value;
      return isRecord(value) ? Object.values(value) : [];
    case 'filter':
      return Array.isArray(value) ? value.filter((element) => holds(step.filter, element)) : [];
  }
}

function holds(filter: Filter, element: unknown): boolean {
  const left = operandValue(filter.left, element);
  if (left.length === 0) return false;
  if (filter.comparison === undefined) return true;
  const right = operandValue(filter.comparison.right, element);
  if (right.length === 0) return false;
  return compares(filter.comparison.operator, scalar(left[0]), scalar(right[0]));
}

function operandValue(operand: Operand, element: unknown): readonly unknown[] {
  return operand.type === 'literal' ? [operand.value] : evaluateColumnPath(operand.path, element);
}

type Scalar = string | number | boolean | undefined;

function scalar(value: unknown): Scalar {
  if (isNumber(value)) return Number(numberLexeme(value));
  return typeof value === 'string' || typeof value === 'boolean' ? value : undefined;
}

// Values of different types don't compare: such an element is no match, whatever the operator.
function compares(operator: FilterOperator, left: Scalar, right: Scalar): boolean {
  if (left === undefined || right === undefined || typeof left !== typeof right) return false;
  switch (operator) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
  }
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isNumber(value);
}
