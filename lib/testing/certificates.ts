/**
 * The certificates of all test servers of this process: made once, when the first of them starts,
 * and kept in memory alone.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  clientCertificateAuthenticator,
  generateCertificates,
  type Authenticator,
  type KeyPair,
} from '../auth/index.js';
import { systemClock } from '../storage/index.js';

/** The user and group of the administrator's certificate, who may do everything. */
export const ADMINISTRATOR = { name: 'shardwatch-admin', groups: ['system:masters'] } as const;

export interface TestCertificates {
  readonly authority: Pick<KeyPair, 'cert'>;
  readonly serving: Pick<KeyPair, 'key' | 'cert'>;
  readonly client: Pick<KeyPair, 'key' | 'cert'>;
  /** Knows the administrator by the client certificate. */
  readonly authenticator: Authenticator;
}

let made: Promise<TestCertificates> | undefined;

/** The same for every caller. A failure is not kept: the next caller tries again. */
export function testCertificates(): Promise<TestCertificates> {
  made ??= make().catch((error: unknown) => {
    made = undefined;
    throw error;
  });
  return made;
}

// Certificates live by the real time whatever clock a test has: so do the clients that check them.
async function make(): Promise<TestCertificates> {
  const directory = await mkdtemp(join(tmpdir(), 'shardwatch-testing-'));
  try {
    const { authority, serving, client } = await generateCertificates({
      directory,
      clock: systemClock,
      user: ADMINISTRATOR.name,
      groups: ADMINISTRATOR.groups,
    });
    const authorities = authority.cert;
    const authenticator = await clientCertificateAuthenticator({ authorities, clock: systemClock });
    return { authority, serving, client, authenticator };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
