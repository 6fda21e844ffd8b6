/**
 * The same table in SQLite, in memory, where no database server is at hand. SQLite tells nobody of
 * changes, so it is polled; a counter that triggers raise says whether there is anything new.
 */

import initSqlJs from 'sql.js';

const SCHEMA = `
  CREATE TABLE projects (
    namespace TEXT NOT NULL, name TEXT NOT NULL, owner TEXT NOT NULL,
    budget INTEGER NOT NULL DEFAULT 0, labels TEXT NOT NULL DEFAULT '{}',
    version INTEGER NOT NULL DEFAULT 0,
    created TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    PRIMARY KEY (namespace, name)
  );
  CREATE TABLE counter (value INTEGER NOT NULL);
  INSERT INTO counter VALUES (0);
  CREATE TRIGGER inserted AFTER INSERT ON projects BEGIN
    UPDATE counter SET value = value + 1;
    UPDATE projects SET version = (SELECT value FROM counter) WHERE rowid = NEW.rowid;
  END;
  CREATE TRIGGER updated AFTER UPDATE OF owner, budget, labels ON projects BEGIN
    UPDATE counter SET value = value + 1;
    UPDATE projects SET version = (SELECT value FROM counter) WHERE rowid = NEW.rowid;
  END;
  CREATE TRIGGER deleted AFTER DELETE ON projects BEGIN
    UPDATE counter SET value = value + 1;
  END;`;

/** How often it is asked whether there is anything new: one row is read. */
const POLL_MS = 250;

export async function openSqlite() {
  const { Database } = await initSqlJs();
  const database = new Database();
  database.run(SCHEMA);
  const query = (sql, values = []) => {
    const statement = database.prepare(sql, values);
    const rows = [];
    while (statement.step()) rows.push(statement.getAsObject());
    statement.free();
    return rows;
  };
  const find = (namespace, name) => {
    const sql = 'SELECT * FROM projects WHERE namespace = ? AND name = ?';
    return query(sql, [namespace, name]).map(withLabels)[0];
  };
  // Runs a statement; whether it has changed anything.
  const changes = (sql, values) => {
    database.run(sql, values);
    return database.getRowsModified() > 0;
  };
  return {
    source: {
      poll: {
        everyMs: POLL_MS,
        list({ etag }) {
          const [{ value }] = query('SELECT value FROM counter');
          if (etag === String(value)) return 'unchanged';
          return { rows: query('SELECT * FROM projects').map(withLabels), etag: String(value) };
        },
      },
    },
    insert({ namespace, name, owner, budget, labels }) {
      const sql = `INSERT OR IGNORE INTO projects (namespace, name, owner, budget, labels)
                   VALUES (?, ?, ?, ?, ?)`;
      const values = [namespace, name, owner, budget, JSON.stringify(labels)];
      return changes(sql, values) ? find(namespace, name) : undefined;
    },
    update({ namespace, name, owner, budget, labels }, version) {
      const sql = `UPDATE projects SET owner = ?, budget = ?, labels = ?
                   WHERE namespace = ? AND name = ? AND version = ?`;
      const values = [owner, budget, JSON.stringify(labels), namespace, name, version];
      return changes(sql, values) ? find(namespace, name) : undefined;
    },
    remove: (namespace, name) =>
      changes('DELETE FROM projects WHERE namespace = ? AND name = ?', [namespace, name]),
    /** For others who write to the table. */
    run: (sql) => void database.run(sql),
    close: () => database.close(),
  };
}

const withLabels = (row) => ({ ...row, labels: JSON.parse(row.labels) });
