/**
 * Timestamps of metadata: RFC 3339, kept in UTC and whole seconds, as `meta/v1` Time is. What can't
 * be read is told in the words of Go's `time.Parse`, piece by piece of its layout.
 */

const LAYOUT = '2006-01-02T15:04:05Z07:00';

/** What the layout's pieces stand for, in their order; a fraction may follow the seconds. */
const PIECES: readonly (readonly [string, RegExp])[] = [
  ['2006', /^[0-9]{4}/],
  ['-', /^-/],
  ['01', /^[0-9]{2}/],
  ['-', /^-/],
  ['02', /^[0-9]{2}/],
  ['T', /^T/],
  ['15', /^[0-9]{2}/],
  [':', /^:/],
  ['04', /^[0-9]{2}/],
  [':', /^:/],
  ['05', /^[0-9]{2}([.,][0-9]+)?/],
  ['Z07:00', /^(Z|[+-][0-9]{2}:[0-9]{2})/],
];

/** The time as it is stored. Throws a RangeError that says why it is none. */
export function parseTime(text: string): string {
  let rest = text;
  for (const [name, pattern] of PIECES) {
    const [found] = pattern.exec(rest) ?? [];
    if (found === undefined) throw unreadable(text, `cannot parse "${rest}" as "${name}"`);
    rest = rest.slice(found.length);
  }
  if (rest !== '') throw new RangeError(`parsing time "${text}": extra text: "${rest}"`);
  const date = new Date(text.replace(/[.,][0-9]+/, ''));
  if (Number.isNaN(date.getTime()) || !isDayOfMonth(text)) {
    throw new RangeError(`parsing time "${text}": out of range`);
  }
  return date.toISOString().replace('.000Z', 'Z');
}

// Date takes 30 February for 2 March.
function isDayOfMonth(text: string): boolean {
  const [year, month, day] = text.slice(0, 10).split('-').map(Number) as [number, number, number];
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function unreadable(text: string, why: string): RangeError {
  return new RangeError(`parsing time "${text}" as "${LAYOUT}": ${why}`);
}
