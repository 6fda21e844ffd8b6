/**
 * Users by client certificate: name from the subject's CN, groups from its O entries, for
 * certificates that a trusted authority has issued for client authentication.
 */

import type { UserInfo } from '../request/index.js';
import type { Certificate } from './certificate.js';
import type { AuthClock, Authenticator } from './contract.js';
import { VerifiedPeers } from './verified-peers.js';

/** Where a user's `extra` says which credential it was; upstream's key. */
const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id';

export interface ClientCertificateOptions {
  /** PEM of the trusted authorities, one or more. */
  readonly authorities: string;
  /** Names the bundle in errors; a file name. Default `the client CA bundle`. */
  readonly name?: string;
  readonly clock: AuthClock;
  /** Is told why a certificate was refused; clients only learn that it was. */
  readonly onRefused?: (reason: string) => void;
}

/** Rejects with an AuthError `bad-authorities`. */
export async function clientCertificateAuthenticator(
  options: ClientCertificateOptions,
): Promise<Authenticator> {
  const name = options.name ?? 'the client CA bundle';
  const users = await VerifiedPeers.of({ ...options, name }, userOf);
  return {
    authenticate: async ({ peerCertificate }) =>
      peerCertificate === undefined ? undefined : users.verify(peerCertificate),
  };
}

// A subject without a CN names nobody.
function userOf(certificate: Certificate): UserInfo | undefined {
  if (certificate.commonName === '') return undefined;
  return {
    username: certificate.commonName,
    uid: '',
    groups: certificate.organizations,
    extra: { [CREDENTIAL_ID]: [`X509SHA256=${certificate.fingerprint}`] },
  };
}
