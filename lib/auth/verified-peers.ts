/**
 * Client certificates that an authority of one bundle has issued, verified once each.
 *
 * The TLS handshake has proved that the client holds the key; everything else is verified here.
 * What was verified is remembered by the certificate's fingerprint until one of its path expires,
 * for PEERS_MAX certificates (the one used longest ago is forgotten first).
 */

import { createHash } from 'node:crypto';

import type { PeerCertificate } from '../request/index.js';
import { unauthorized } from '../request/index.js';
import { readBundle, readCertificate } from './certificate.js';
import type { Certificate } from './certificate.js';
import type { AuthClock } from './contract.js';
import { verifyCertificate } from './verify.js';

/** Remembered certificates: more than the distinct clients of a busy server, about 1 MB. */
const PEERS_MAX = 1024;

export interface VerifiedPeersOptions {
  /** PEM of the trusted authorities, one or more. */
  readonly authorities: string;
  /** Names the bundle in errors. */
  readonly name: string;
  readonly clock: AuthClock;
  /** Is told why a certificate was refused; clients only learn that it was. */
  readonly onRefused?: (reason: string) => void;
}

interface Known<Seen> {
  readonly seen: Seen;
  readonly notBefore: number;
  readonly notAfter: number;
}

export class VerifiedPeers<Seen> {
  readonly #options: VerifiedPeersOptions;
  readonly #authorities: readonly Certificate[];
  readonly #see: (leaf: Certificate) => Seen;
  readonly #known = new Map<string, Known<Seen>>();
  /** The same for certificates whose fingerprint was taken before: one object per connection. */
  readonly #fingerprints = new WeakMap<PeerCertificate, string>();

  private constructor(
    options: VerifiedPeersOptions,
    authorities: readonly Certificate[],
    see: (leaf: Certificate) => Seen,
  ) {
    this.#options = options;
    this.#authorities = authorities;
    this.#see = see;
  }

  /** `see` makes of a certificate what is remembered. Rejects with AuthError `bad-authorities`. */
  static async of<Seen>(
    options: VerifiedPeersOptions,
    see: (leaf: Certificate) => Seen,
  ): Promise<VerifiedPeers<Seen>> {
    const authorities = await readBundle(options.authorities, options.name);
    return new VerifiedPeers(options, authorities, see);
  }

  /** Rejects with a StatusError 401 when no authority of the bundle vouches for it. */
  async verify(peer: PeerCertificate): Promise<Seen> {
    const now = this.#options.clock.now();
    const fingerprint = this.#fingerprintOf(peer);
    const known = this.#known.get(fingerprint);
    if (known !== undefined && known.notBefore <= now && now <= known.notAfter) {
      this.#remember(fingerprint, known);
      return known.seen;
    }
    const path = await this.#pathOf(peer, now);
    const found: Known<Seen> = {
      seen: this.#see(path[0] as Certificate),
      notBefore: Math.max(...path.map(({ notBefore }) => notBefore)),
      notAfter: Math.min(...path.map(({ notAfter }) => notAfter)),
    };
    this.#remember(fingerprint, found);
    return found.seen;
  }

  async #pathOf(peer: PeerCertificate, now: number): Promise<readonly Certificate[]> {
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
  #remember(fingerprint: string, known: Known<Seen>): void {
    this.#known.delete(fingerprint);
    this.#known.set(fingerprint, known);
    if (this.#known.size <= PEERS_MAX) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}
