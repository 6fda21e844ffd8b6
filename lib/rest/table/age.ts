/**
 * How long ago something was, as people read it in a table: `95s`, `5m30s`, `3h20m`, `26h`, `3d5h`,
 * `100d`, `2y3d`. The steps are upstream's (apimachinery `util/duration`), so that ages look the
 * same from every server.
 */

const SECOND_MS = 1_000;
/** Clocks differ: up to this far in the future counts as now. */
const TOLERANCE_SECONDS = 1;

/** A duration for people. Less than −1 s (a time in the future) is `<invalid>`. */
export function humanDuration(durationMs: number): string {
  const seconds = Math.trunc(durationMs / SECOND_MS);
  if (seconds < -TOLERANCE_SECONDS) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 2 * 60) return `${seconds}s`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's');
  if (minutes < 3 * 60) return `${minutes}m`;
  const hours = Math.trunc(minutes / 60);
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm');
  if (hours < 2 * 24) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (days < 8) return pair(days, 'd', hours % 24, 'h');
  if (days < 2 * 365) return `${days}d`;
  const years = Math.trunc(days / 365);
  return years < 8 ? pair(years, 'y', days % 365, 'd') : `${years}y`;
}

// RFC 3339, as Go reads it: date, time and offset are all there.
const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** The age of a timestamp at `nowMs`: `<unknown>` for an empty one, `<invalid>` for nonsense. */
export function humanAge(timestamp: string, nowMs: number): string {
  if (timestamp === '' || timestamp === 'null') return '<unknown>';
  const match = TIMESTAMP.exec(timestamp);
  if (match === null || !isCalendarDay(match[1], match[2], match[3])) return '<invalid>';
  const time = Date.parse(timestamp.replace(',', '.'));
  return Number.isNaN(time) ? '<invalid>' : humanDuration(nowMs - time);
}

// Date.parse turns the 30th of February into March.
function isCalendarDay(year = '', month = '', day = ''): boolean {
  const date = new Date(Date.UTC(2000, Number(month) - 1, Number(day)));
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
