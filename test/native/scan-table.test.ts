/** Both engines scan by one table: the C++ tests' copy of it is what the JavaScript one says. */

import test from 'ava';
import { readFileSync } from 'node:fs';

import { jsonTable } from '../object/json-table.js';
import { scanTableText, TABLE_FILE } from './scan-table.js';

test('regenerating the table of the C++ scanner changes nothing', (t) => {
  const written = readFileSync(TABLE_FILE, 'utf8');
  t.true(written === scanTableText(), 'run: node out/test/native/scan-table.js');
});

test('every row of the table of documents is in it', (t) => {
  const written = readFileSync(TABLE_FILE, 'utf8');
  for (const { name } of jsonTable) t.true(written.includes(`{"${name.replaceAll('"', '\\"')}"sv`));
});
