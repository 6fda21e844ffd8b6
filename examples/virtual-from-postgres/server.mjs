/**
 * Rows of a database as Kubernetes objects: kubectl lists and watches them, by label and by field,
 * and writes them; whatever else writes to the table is seen as well.
 *
 *   DATABASE_URL=postgres://me@127.0.0.1/work node examples/virtual-from-postgres/server.mjs
 *
 * prints what kubectl is to be called with. Without a DATABASE_URL the table is in SQLite, in
 * memory.
 */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listenForKubectl } from '../kubeconfig/listen.mjs';
import { openPostgres } from './postgres.mjs';
import { projects } from './projects.mjs';
import { openSqlite } from './sqlite.mjs';

export { openPostgres, openSqlite };

/** Serves the table of a database; gives the server and the file of a kubeconfig. */
export function serve(database, folder) {
  return listenForKubectl([projects(database)], { folder });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const connectionString = process.env.DATABASE_URL;
  const database = connectionString ? await openPostgres({ connectionString }) : await openSqlite();
  const { kubeconfig } = await serve(database, await mkdtemp(join(tmpdir(), 'projects-')));
  console.log(`kubectl --kubeconfig ${kubeconfig} get projects --all-namespaces --watch`);
}
