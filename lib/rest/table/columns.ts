/**
 * The columns of a type's tables, and the cell of an object in each.
 *
 * 1. `Name` comes first; then the version's printer columns, or `Age` where it has none.
 * 2. A cell holds what its column's type allows, else null: an object can't break a table.
 * 3. Ages are computed here, by the server's clock: clients print them as they are.
 */

import { encodeJsonText, isNumber, numberLexeme } from '../../object/lossless/index.js';
import type { PrinterColumn } from '../../object/index.js';
import { humanAge } from './age.js';
import { evaluateColumnPath } from './evaluate.js';
import { parseColumnPath } from './path.js';
import type { ColumnPath } from './path.js';

/** `meta.k8s.io/v1` TableColumnDefinition. */
export interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

/** A column ready to be printed. */
export interface Column {
  readonly definition: ColumnDefinition;
  readonly path: ColumnPath;
}

const NAME: PrinterColumn = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'The name of the object, unique within its namespace and resource type.',
  priority: 0,
  jsonPath: '.metadata.name',
};

const AGE: PrinterColumn = {
  name: 'Age',
  type: 'date',
  description: 'How long ago the object was created.',
  priority: 0,
  jsonPath: '.metadata.creationTimestamp',
};

/** All columns of a version. Throws a ColumnPathError for a path that can't be read. */
export function tableColumns(printerColumns: readonly PrinterColumn[]): readonly Column[] {
  const shown = printerColumns.length === 0 ? [AGE] : printerColumns;
  return [NAME, ...shown].map(toColumn);
}

/** The JSON text of the cell that `object`, a decoded JSON value, has in `column`. */
export function cellText(column: Column, object: unknown, nowMs: number): string {
  const [value] = evaluateColumnPath(column.path, object);
  // A bookmark has no name; its row still begins with one.
  if (value === undefined && column.definition.format === 'name') return '""';
  if (value === undefined || value === null) return 'null';
  switch (column.definition.type) {
    case 'string':
      return JSON.stringify(typeof value === 'string' ? value : encodeJsonText(value));
    case 'integer':
      return isNumber(value) ? integerText(numberLexeme(value)) : 'null';
    case 'number':
      return isNumber(value) ? numberLexeme(value) : 'null';
    case 'boolean':
      return typeof value === 'boolean' ? String(value) : 'null';
    case 'date':
      return typeof value === 'string' ? JSON.stringify(humanAge(value, nowMs)) : 'null';
    default:
      return 'null';
  }
}

/** What stands where a column has no description of its own. */
const DESCRIPTION = 'Custom resource definition column (in JSONPath format)';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

function toColumn(column: PrinterColumn): Column {
  return {
    definition: {
      name: column.name,
      type: column.type,
      format: column.format ?? '',
      description: column.description ?? `${DESCRIPTION}: ${column.jsonPath}`,
      priority: column.priority,
    },
    path: parseColumnPath(column.jsonPath),
  };
}

// A lexeme of digits keeps all of them; a fraction is cut off. Clients read an int64.
function integerText(lexeme: string): string {
  const exact = /^-?[0-9]+$/.test(lexeme);
  const value = exact ? BigInt(lexeme) : BigInt(Math.trunc(Number(lexeme)));
  return value >= INT64_MIN && value <= INT64_MAX ? String(value) : 'null';
}
