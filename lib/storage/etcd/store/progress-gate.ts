/**
 * Whether etcd may be asked how far a watch is: only where every member is of a version that tells
 * it in order with the events (etcd issues 15220 and 17507; KEP-2340 has the same rule).
 */

import type { MaintenanceClient } from '../client/maintenance.js';

/** The first versions that tell it right; every later minor version does. */
const FIRST_BY_MINOR: ReadonlyMap<string, number> = new Map([
  ['3.4', 31],
  ['3.5', 13],
]);
const OLDEST_MINOR = 4;

/** Whether this version's progress notifications can be asked for. */
export function tellsProgress(version: string): boolean {
  const [, major = 0, minor = 0, patch = 0] = (/^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []).map(
    Number,
  );
  const first = FIRST_BY_MINOR.get(`${major}.${minor}`);
  if (first !== undefined) return patch >= first;
  return major > 3 || (major === 3 && minor > OLDEST_MINOR);
}

/** Asks every member; one that does not answer counts as too old. */
export async function readProgressGate(
  maintenance: MaintenanceClient,
  endpoints: readonly string[],
): Promise<boolean> {
  const answers = await Promise.all(
    endpoints.map((endpoint) =>
      maintenance.status(endpoint).then(
        ({ version }) => tellsProgress(version),
        () => false,
      ),
    ),
  );
  return answers.every((isNewEnough) => isNewEnough);
}
