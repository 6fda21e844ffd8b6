/**
 * `verifyEtcd`: reads all objects below a prefix of etcd at one revision, beside whoever writes,
 * and tells what is wrong with them. Nothing is written. That its members agree is etcd's own
 * business; an alarm that it has raised about that is told.
 */

import { Findings, type VerifyReport } from '../../backup/finding.js';
import { checkObject, parseKey, resourceName } from '../../backup/object-check.js';
import { checkRevisions } from '../../backup/revision-check.js';
import { RevisionSet } from '../../backup/revision-set.js';
import { ALARM } from '../client/maintenance.js';
import { keyBytes } from '../client/key-range.js';
import { withEtcd, type EtcdBackupOptions, type Reached } from './options.js';
import type { StoredObject } from './stored-objects.js';

/**
 * Verifies the objects of an etcd.
 *
 * @throws BackupError `aborted`, or `unavailable` for a revision that was compacted meanwhile;
 * StorageError `unavailable` where etcd can't be reached or refuses, `invalid-key` for a prefix
 * that is none; EtcdError `invalid-argument` for endpoints and TLS material that can't be used.
 */
export async function verifyEtcd(options: EtcdBackupOptions): Promise<VerifyReport> {
  return withEtcd(options, async (reached) => {
    const findings = new Findings();
    await checkAlarms(reached, findings);
    const { revision, compactedRevision, objects } = await reached.objects.state();
    const verifier = new Verifier(reached, findings, revision);
    for await (const page of reached.objects.pages(revision)) {
      for (const object of page) verifier.verify(object);
      options.onProgress?.(findings.objects, objects);
    }
    verifier.finish();
    const revisions = { revision, compactedRevision };
    return { subject: reached.name, kind: 'store', ...revisions, ...findings.summary() };
  });
}

async function checkAlarms({ client }: Reached, findings: Findings): Promise<void> {
  for (const { alarm, memberID } of await client.maintenance.alarms()) {
    if (alarm !== ALARM.corrupt) continue;
    const member = memberID.toString(16);
    findings.report('page', `etcd tells that the database of its member ${member} is corrupt`);
  }
}

class Verifier {
  readonly #reached: Reached;
  readonly #findings: Findings;
  readonly #revision: bigint;
  readonly #revisions = new RevisionSet();

  constructor(reached: Reached, findings: Findings, revision: bigint) {
    this.#reached = reached;
    this.#findings = findings;
    this.#revision = revision;
  }

  verify({ key, keyBytes: bytes, version }: StoredObject): void {
    const { keys } = this.#reached;
    const { report } = this.#findings;
    const where = `object ${keys.prefix}${key}`;
    const isText = Buffer.compare(bytes, keyBytes(keys.prefix + key)) === 0;
    if (!isText) report('key', `${where}: its key is no UTF-8`);
    const parsedKey = isText ? parseKey(key, where, report) : undefined;
    this.#findings.countObject(parsedKey && resourceName(parsedKey));
    checkObject(parsedKey, version.value, where, report);
    checkRevisions(version, this.#revision, where, report);
    this.#revisions.add(version.revision);
  }

  finish(): void {
    for (const revision of this.#revisions.repeated()) {
      const message = `revision ${revision} is that of more than one object`;
      this.#findings.report('revision', message);
    }
  }
}
