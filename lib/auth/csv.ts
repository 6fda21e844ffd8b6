/**
 * Reads comma-separated values (RFC 4180) with the line each record begins at.
 *
 * Fields may be quoted, a quote within quotes is doubled, a quoted field may hold commas and line
 * ends. Empty lines are skipped; quotes within an unquoted field, and text behind a closing quote,
 * are errors.
 */

export interface CsvRecord {
  /** Counted from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** Thrown by `readCsv`, naming what is wrong without the text, which may be secret. */
export class CsvError extends Error {
  override readonly name: string = 'CsvError';
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

export function readCsv(text: string): CsvRecord[] {
  const records: CsvRecord[] = [];
  let offset = 0;
  let line = 1;
  while (offset < text.length) {
    const start = line;
    const fields: string[] = [];
    for (;;) {
      const field =
        text[offset] === '"' ? quotedField(text, offset, line) : plainField(text, offset, line);
      fields.push(field.value);
      offset = field.end;
      line += field.lines;
      if (text[offset] !== ',') break;
      offset++;
    }
    offset += text.startsWith('\r\n', offset) ? 2 : 1;
    line++;
    if (fields.length > 1 || fields[0] !== '') records.push({ line: start, fields });
  }
  return records;
}

interface Field {
  readonly value: string;
  /** Where the comma or the line end after it is. */
  readonly end: number;
  /** Line ends within it. */
  readonly lines: number;
}

function plainField(text: string, start: number, line: number): Field {
  let end = start;
  while (end < text.length && !endsField(text, end)) {
    if (text[end] === '"') throw new CsvError(line, 'a quote within a field that is not quoted');
    end++;
  }
  return { value: text.slice(start, end), end, lines: 0 };
}

function quotedField(text: string, start: number, line: number): Field {
  let value = '';
  let from = start + 1;
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote < 0) throw new CsvError(line, 'a quoted field that does not end');
    value += text.slice(from, quote);
    if (text[quote + 1] !== '"') {
      const end = quote + 1;
      if (end < text.length && !endsField(text, end)) {
        throw new CsvError(line, 'text behind the closing quote of a field');
      }
      return { value, end, lines: value.split('\n').length - 1 };
    }
    value += '"';
    from = quote + 2;
  }
}

function endsField(text: string, offset: number): boolean {
  return text[offset] === ',' || text[offset] === '\n' || text.startsWith('\r\n', offset);
}
