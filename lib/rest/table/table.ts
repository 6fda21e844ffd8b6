/**
 * Objects as rows: the Table (`meta.k8s.io/v1`) that kubectl asks for and prints.
 *
 * 1. Rows hold the cells and, by `includeObject`, nothing, the metadata or the whole object beside
 *    them. A whole object goes out as the bytes that came in.
 * 2. In a watch every event's object is a Table of one row; the columns are told with the first.
 * 3. A printer has no clock: whoever prints says what time it is.
 */

import { decodeJson } from '../../object/lossless/index.js';
import type { PrinterColumn } from '../../object/index.js';
import { badRequest, fieldErrorText, fieldInvalid } from '../../request/index.js';
import { cellText, tableColumns } from './columns.js';
import type { Column, ColumnDefinition } from './columns.js';
import { listMetaText } from './list-meta.js';
import type { ListMeta } from './list-meta.js';
import { partialText } from './partial.js';

/** What of an object stands beside its cells. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableOptions {
  readonly includeObject: IncludeObject;
  /** Milliseconds since the epoch: ages count up to here. */
  readonly now: number;
}

const INCLUDE_OBJECT: ReadonlySet<string> = new Set<IncludeObject>(['Metadata', 'None', 'Object']);

/** Reads `?includeObject=`; absent or empty is `Metadata`. Throws a StatusError 400. */
export function parseIncludeObject(text: string | null): IncludeObject {
  if (text === null || text === '') return 'Metadata';
  if (INCLUDE_OBJECT.has(text)) return text as IncludeObject;
  const rule = "must be 'Metadata', 'Object', 'None', or empty";
  const error = fieldInvalid('includeObject', text, rule);
  throw badRequest(`Unable to convert to Table as requested: ${fieldErrorText(error)}`);
}

/** Prints the objects of one version of a type. */
export class TablePrinter {
  readonly #columns: readonly Column[];

  /** Throws a ColumnPathError for a column whose path can't be read. */
  constructor(printerColumns: readonly PrinterColumn[]) {
    this.#columns = tableColumns(printerColumns);
  }

  get columnDefinitions(): readonly ColumnDefinition[] {
    return this.#columns.map((column) => column.definition);
  }

  /** The Table of a list, piece by piece. */
  *list(
    objects: Iterable<Uint8Array>,
    meta: ListMeta,
    options: TableOptions,
  ): Generator<Uint8Array, void, undefined> {
    yield encoder.encode(this.#head(listMetaText(meta), true));
    let first = true;
    for (const object of objects) {
      if (!first) yield COMMA;
      first = false;
      yield* this.#row(object, decodeJson(object), options);
    }
    yield encoder.encode(']}\n');
  }

  /** The Table of one object. */
  object(object: Uint8Array, options: TableOptions): Uint8Array {
    return concatenated([...this.#single(object, options, true), NEWLINE]);
  }

  /**
   * The Table that stands in a watch event for its object (a bookmark's too: its row has the
   * bookmark's metadata). `withColumns` belongs to the first event of a watch.
   */
  event(object: Uint8Array, options: TableOptions, withColumns: boolean): Uint8Array {
    return concatenated([...this.#single(object, options, withColumns)]);
  }

  *#single(
    object: Uint8Array,
    options: TableOptions,
    withColumns: boolean,
  ): Generator<Uint8Array, void, undefined> {
    const decoded = decodeJson(object);
    const resourceVersion = resourceVersionOf(decoded);
    yield encoder.encode(this.#head(listMetaText({ resourceVersion }), withColumns));
    yield* this.#row(object, decoded, options);
    yield encoder.encode(']}');
  }

  #head(metadata: string, withColumns: boolean): string {
    const columns = withColumns ? JSON.stringify(this.columnDefinitions) : 'null';
    return (
      `{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":${metadata},` +
      `"columnDefinitions":${columns},"rows":[`
    );
  }

  *#row(
    object: Uint8Array,
    decoded: unknown,
    options: TableOptions,
  ): Generator<Uint8Array, void, undefined> {
    const cells = this.#columns.map((column) => cellText(column, decoded, options.now));
    const head = `{"cells":[${cells.join(',')}],"object":`;
    if (options.includeObject === 'Object') {
      yield encoder.encode(head);
      yield object;
      yield encoder.encode('}');
      return;
    }
    const beside = options.includeObject === 'None' ? 'null' : partialText(decoded);
    yield encoder.encode(`${head}${beside}}`);
  }
}

const encoder = new TextEncoder();
const COMMA = encoder.encode(',');
const NEWLINE = encoder.encode('\n');

function resourceVersionOf(decoded: unknown): string {
  const metadata = (
    decoded as { readonly metadata?: { readonly resourceVersion?: unknown } } | null
  )?.metadata;
  const resourceVersion = metadata?.resourceVersion;
  return typeof resourceVersion === 'string' ? resourceVersion : '';
}

function concatenated(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}
