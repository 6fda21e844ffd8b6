import test from 'ava';
import { humanAge, humanDuration } from '../../lib/rest/table/index.js';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

const durations: readonly (readonly [number, string])[] = [
  [-2 * second, '<invalid>'],
  [-1_999, '0s'],
  [-1, '0s'],
  [0, '0s'],
  [999, '0s'],
  [95 * second, '95s'],
  [2 * minute - 1, '119s'],
  [2 * minute, '2m'],
  [5 * minute + 30 * second, '5m30s'],
  [10 * minute - 1, '9m59s'],
  [10 * minute, '10m'],
  [120 * minute, '120m'],
  [3 * hour - 1, '179m'],
  [3 * hour, '3h'],
  [3 * hour + 20 * minute, '3h20m'],
  [8 * hour - 1, '7h59m'],
  [8 * hour, '8h'],
  [26 * hour, '26h'],
  [48 * hour - 1, '47h'],
  [48 * hour, '2d'],
  [3 * day + 5 * hour, '3d5h'],
  [8 * day - 1, '7d23h'],
  [8 * day, '8d'],
  [100 * day, '100d'],
  [2 * year - 1, '729d'],
  [2 * year, '2y'],
  [2 * year + 3 * day, '2y3d'],
  [8 * year - 1, '7y364d'],
  [8 * year, '8y'],
  [30 * year + 100 * day, '30y'],
];

for (const [durationMs, expected] of durations) {
  test(`${durationMs} ms are ${expected}`, (t) => {
    t.is(humanDuration(durationMs), expected);
  });
}

const now = Date.UTC(2024, 4, 10, 12, 0, 0);
const ages: readonly (readonly [string, string])[] = [
  ['2024-05-10T11:55:00Z', '5m'],
  ['2024-05-10T11:55:00.25Z', '4m59s'],
  ['2024-05-10T13:55:00+02:00', '5m'],
  ['2024-05-10T12:00:01Z', '0s'],
  ['2024-05-10T12:00:05Z', '<invalid>'],
  ['', '<unknown>'],
  ['null', '<unknown>'],
  ['yesterday', '<invalid>'],
  ['2024-05-10', '<invalid>'],
  ['2024-05-10 11:55:00Z', '<invalid>'],
  ['2024-02-30T00:00:00Z', '<invalid>'],
  ['2024-02-29T12:00:00Z', '71d'],
  ['2024-05-10T25:00:00Z', '<invalid>'],
];

for (const [timestamp, expected] of ages) {
  test(`the age of "${timestamp}" is ${expected}`, (t) => {
    t.is(humanAge(timestamp, now), expected);
  });
}
