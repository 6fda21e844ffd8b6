/**
 * Users by client certificate: name from the subject's CN, groups from its O entries, for
 * certificates that a trusted authority has issued for client authentication.
 *
 * The TLS handshake has proved that the client holds the key; everything else is verified here.
 * What was verified is remembered by the certificate's fingerprint until one of its path expires,
 * for USERS_MAX certificates (the one used longest ago is forgotten first).
 */

import { createHash } from 'node:crypto';

import type { PeerCertificate, RequestRecord, UserInfo } from '../request/index.js';
import { unauthorized } from '../request/index.js';
import { readBundle, readCertificate } from './certificate.js';
import type { Certificate } from './certificate.js';
import type { AuthClock, Authenticator } from './contract.js';
import { verifyCertificate } from './verify.js';

/** Remembered certificates: more than the distinct clients of a busy server, about 1 MB. */
const USERS_MAX = 1024;
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
  return new ClientCertificates(options, await readBundle(options.authorities, name));
}

interface Known {
  readonly user: UserInfo | undefined;
  readonly notBefore: number;
  readonly notAfter: number;
}

class ClientCertificates implements Authenticator {
  readonly #options: ClientCertificateOptions;
  readonly #authorities: readonly Certificate[];
  readonly #known = new Map<string, Known>();
  /** The same for certificates whose fingerprint was taken before: one object per connection. */
  readonly #fingerprints = new WeakMap<PeerCertificate, string>();

  constructor(options: ClientCertificateOptions, authorities: readonly Certificate[]) {
    this.#options = options;
    this.#authorities = authorities;
  }

  async authenticate(request: RequestRecord): Promise<UserInfo | undefined> {
    const peer = request.peerCertificate;
    if (peer === undefined) return undefined;
    const now = this.#options.clock.now();
    const fingerprint = this.#fingerprintOf(peer);
    const known = this.#known.get(fingerprint);
    if (known !== undefined && known.notBefore <= now && now <= known.notAfter) {
      this.#remember(fingerprint, known);
      return known.user;
    }
    const path = await this.#verify(peer, now);
    const found: Known = {
      user: userOf(path[0]),
      notBefore: Math.max(...path.map(({ notBefore }) => notBefore)),
      notAfter: Math.min(...path.map(({ notAfter }) => notAfter)),
    };
    this.#remember(fingerprint, found);
    return found.user;
  }

  async #verify(peer: PeerCertificate, now: number): Promise<readonly Certificate[]> {
    let leaf: Certificate;
    let intermediates: Certificate[];
    try {
      leaf = await readCertificate(peer.raw);
      intermediates = await Promise.all(peer.chain.map(readCertificate));
    } catch (error) {
      throw this.#refusal(error instanceof Error ? error.message : String(error));
    }
    const authorities = this.#authorities;
    const verification = verifyCertificate({ leaf, intermediates, authorities, now });
    if (!verification.verified) throw this.#refusal(verification.reason);
    return verification.path;
  }

  #refusal(reason: string): Error {
    this.#options.onRefused?.(`client certificate refused: ${reason}`);
    return unauthorized();
  }

  #fingerprintOf(peer: PeerCertificate): string {
    const known = this.#fingerprints.get(peer);
    if (known !== undefined) return known;
    const fingerprint = createHash('sha256').update(peer.raw).digest('hex');
    this.#fingerprints.set(peer, fingerprint);
    return fingerprint;
  }

  // A Map keeps the order of insertion: the first entry is the one used longest ago.
  #remember(fingerprint: string, known: Known): void {
    this.#known.delete(fingerprint);
    this.#known.set(fingerprint, known);
    if (this.#known.size <= USERS_MAX) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

// A subject without a CN names nobody.
function userOf(certificate: Certificate | undefined): UserInfo | undefined {
  if (certificate === undefined || certificate.commonName === '') return undefined;
  return {
    username: certificate.commonName,
    uid: '',
    groups: certificate.organizations,
    extra: { [CREDENTIAL_ID]: [`X509SHA256=${certificate.fingerprint}`] },
  };
}
