/**
 * The table in PostgreSQL. Whoever changes it, the database tells of it (LISTEN and NOTIFY):
 * nothing is polled.
 */

import { on } from 'node:events';
import { readFile } from 'node:fs/promises';
import pg from 'pg';

/** Opens the database, and makes the table where there is none. `connection` is what pg takes. */
export async function openPostgres(connection) {
  const pool = new pg.Pool({ ...connection, max: 4 });
  // An idle connection that breaks is no reason to end: the next query opens another one.
  pool.on('error', () => undefined);
  await pool.query(await readFile(new URL('schema.sql', import.meta.url), 'utf8'));
  return {
    source: { events: ({ signal }) => changes(connection, signal) },
    insert: ({ namespace, name, owner, budget, labels }) =>
      first(
        pool.query(
          `INSERT INTO projects (namespace, name, owner, budget, labels)
           VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING *`,
          [namespace, name, owner, budget, labels],
        ),
      ),
    update: ({ namespace, name, owner, budget, labels }, version) =>
      first(
        pool.query(
          `UPDATE projects SET owner = $3, budget = $4, labels = $5
           WHERE namespace = $1 AND name = $2 AND version = $6 RETURNING *`,
          [namespace, name, owner, budget, labels, version],
        ),
      ),
    async remove(namespace, name) {
      const sql = 'DELETE FROM projects WHERE namespace = $1 AND name = $2';
      return (await pool.query(sql, [namespace, name])).rowCount > 0;
    },
    close: () => pool.end(),
  };
}

/** Begins with all rows. A connection that breaks ends it with an error: then it is asked anew. */
async function* changes(connection, signal) {
  const client = new pg.Client(connection);
  // Listened for first, so that no change falls between the rows and the first event.
  const notifications = on(client, 'notification', { signal });
  try {
    await client.connect();
    await client.query('LISTEN projects');
    const { rows } = await client.query('SELECT * FROM projects');
    yield { type: 'state', rows };
    const one = 'SELECT * FROM projects WHERE namespace = $1 AND name = $2';
    for await (const [{ payload }] of notifications) {
      const [namespace, name] = payload.split('/');
      const row = await first(client.query(one, [namespace, name]));
      yield row === undefined ? { type: 'delete', namespace, name } : { type: 'put', row };
    }
  } finally {
    await client.end();
  }
}

async function first(query) {
  return (await query).rows[0];
}
