/**
 * Finds a way from a client's certificate to a trusted authority (RFC 5280 §6, in the part that
 * client authentication needs).
 *
 * 1. Every certificate of the way is valid now, understood in all its critical extensions, and good
 *    for client authentication (one without extended key usages is good for anything).
 * 2. Every issuer is an authority and allows the number of intermediates below it.
 * 3. An authority with name constraints is not followed to a certificate with alternative names:
 *    constraints are not evaluated, so they can't be known to hold.
 * 4. A trusted certificate is trusted itself, authority or not.
 */

import { ANY_USAGE, CLIENT_AUTH } from './certificate.js';
import type { Certificate } from './certificate.js';

/** Signatures checked for one certificate at most: a bound on what a hostile chain can cost. */
const SIGNATURES_MAX = 32;

export interface VerificationOptions {
  readonly leaf: Certificate;
  /** What the client sent along. Nothing of it is trusted. */
  readonly intermediates: readonly Certificate[];
  readonly authorities: readonly Certificate[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export type Verification =
  | { readonly verified: true; readonly path: readonly Certificate[] }
  | { readonly verified: false; readonly reason: string };

export function verifyCertificate(options: VerificationOptions): Verification {
  const search = new Search(options);
  const path = search.extend([options.leaf]);
  return path === undefined ? { verified: false, reason: search.reason } : { verified: true, path };
}

class Search {
  reason = 'no trusted authority has issued it';
  readonly #options: VerificationOptions;
  readonly #trusted: ReadonlySet<string>;
  #signatures = 0;

  constructor(options: VerificationOptions) {
    this.#options = options;
    this.#trusted = new Set(options.authorities.map(({ fingerprint }) => fingerprint));
  }

  /** The path from its last certificate on to an authority, depth first. */
  extend(path: readonly Certificate[]): readonly Certificate[] | undefined {
    const last = path.at(-1);
    if (last === undefined || !this.#isUsable(last, path)) return undefined;
    if (this.#trusted.has(last.fingerprint)) return path;
    for (const issuer of [...this.#options.authorities, ...this.#options.intermediates]) {
      if (path.some(({ fingerprint }) => fingerprint === issuer.fingerprint)) continue;
      if (!this.#hasIssued(issuer, last)) continue;
      const found = this.extend([...path, issuer]);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #hasIssued(issuer: Certificate, subject: Certificate): boolean {
    if (!issuer.isAuthority || this.#signatures >= SIGNATURES_MAX) return false;
    this.#signatures++;
    return subject.isIssuedBy(issuer);
  }

  #isUsable(certificate: Certificate, path: readonly Certificate[]): boolean {
    const { now } = this.#options;
    const { pathLengthMax, unknownExtensions, usages } = certificate;
    const below = path.length - 2;
    if (now < certificate.notBefore) return this.#refuse(certificate, 'is not valid yet');
    if (now > certificate.notAfter) return this.#refuse(certificate, 'has expired');
    if (unknownExtensions.length > 0) {
      return this.#refuse(certificate, `has a critical extension ${unknownExtensions[0]}`);
    }
    if (usages && !usages.includes(CLIENT_AUTH) && !usages.includes(ANY_USAGE)) {
      return this.#refuse(certificate, 'is not meant for client authentication');
    }
    if (pathLengthMax !== undefined && below > pathLengthMax) {
      return this.#refuse(certificate, 'does not allow so many intermediates');
    }
    if (certificate.hasNameConstraints && this.#options.leaf.hasAlternativeNames) {
      return this.#refuse(certificate, 'constrains names');
    }
    return true;
  }

  #refuse(certificate: Certificate, why: string): false {
    this.reason = `certificate "${certificate.commonName}" ${why}`;
    return false;
  }
}
