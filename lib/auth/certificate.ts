/** A certificate with the parts that verification needs, read once. */

import { X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import { AuthError } from './error.js';
import { loadX509 } from './x509.js';
import type { X509Library } from './x509.js';

/** Extended key usage of clients, and the one that stands for all (RFC 5280 §4.2.1.12). */
export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
export const ANY_USAGE = '2.5.29.37.0';

export interface Certificate {
  readonly raw: Uint8Array;
  /** SHA-256 of the whole certificate, hexadecimal. */
  readonly fingerprint: string;
  /** Milliseconds since the epoch, both inclusive. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** The last CN of the subject, or `''`. */
  readonly commonName: string;
  /** Every O of the subject, in order. */
  readonly organizations: readonly string[];
  readonly isAuthority: boolean;
  /** How many intermediates may follow below this authority. */
  readonly pathLengthMax: number | undefined;
  /** Object identifiers; undefined: any use. */
  readonly usages: readonly string[] | undefined;
  readonly hasNameConstraints: boolean;
  readonly hasAlternativeNames: boolean;
  /** Critical extensions nobody here understands: such a certificate must be refused (§4.2). */
  readonly unknownExtensions: readonly string[];
  readonly publicKey: KeyObject;
  /** Whether `issuer` has issued this one: names, key identifiers, key usage, and signature. */
  isIssuedBy(issuer: Certificate): boolean;
}

/** Reads DER. Throws whatever Node or the library make of bytes that are no certificate. */
export async function readCertificate(raw: Uint8Array): Promise<Certificate> {
  return new ParsedCertificate(raw, await loadX509());
}

/** Reads the certificates of a PEM bundle. Throws an AuthError `bad-authorities` naming `name`. */
export async function readBundle(pem: string, name: string): Promise<readonly Certificate[]> {
  const blocks = pem.match(pemBlock) ?? [];
  if (blocks.length === 0) {
    throw new AuthError('bad-authorities', `${name} has no certificate in PEM form`);
  }
  const certificates: Certificate[] = [];
  for (const [index, block] of blocks.entries()) {
    try {
      certificates.push(await readCertificate(new Uint8Array(new X509Certificate(block).raw)));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new AuthError(
        'bad-authorities',
        `certificate ${index + 1} of ${name} can't be read: ${reason}`,
        error,
      );
    }
  }
  return certificates;
}

const pemBlock = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const nameConstraintsId = '2.5.29.30';
const alternativeNamesId = '2.5.29.17';
// Key identifiers, key usage, alternative names, basic and name constraints, revocation lists,
// policies, extended key usage: what RFC 5280 has and verification reads, or may pass over.
const knownExtensions: ReadonlySet<string> = new Set(
  [14, 15, 17, 18, 19, 30, 31, 32, 35, 37].map((arc) => `2.5.29.${arc}`),
);

class ParsedCertificate implements Certificate {
  readonly raw: Uint8Array;
  readonly fingerprint: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly isAuthority: boolean;
  readonly pathLengthMax: number | undefined;
  readonly usages: readonly string[] | undefined;
  readonly hasNameConstraints: boolean;
  readonly hasAlternativeNames: boolean;
  readonly unknownExtensions: readonly string[];
  readonly publicKey: KeyObject;
  readonly #node: X509Certificate;

  constructor(raw: Uint8Array, library: X509Library) {
    const node = new X509Certificate(raw);
    const parsed = new library.X509Certificate(raw as Uint8Array<ArrayBuffer>);
    const constraints = parsed.getExtension(library.BasicConstraintsExtension);
    const usage = parsed.getExtension(library.ExtendedKeyUsageExtension);
    const subject = node.toLegacyObject().subject as unknown as SubjectFields | undefined;
    this.#node = node;
    this.raw = raw;
    this.fingerprint = node.fingerprint256.replaceAll(':', '').toLowerCase();
    this.notBefore = parsed.notBefore.getTime();
    this.notAfter = parsed.notAfter.getTime();
    this.commonName = valuesOf(subject?.CN).at(-1) ?? '';
    this.organizations = valuesOf(subject?.O);
    this.isAuthority = constraints?.ca === true;
    this.pathLengthMax = constraints?.pathLength;
    this.usages = usage?.usages.map(String);
    const identifiers = new Set(parsed.extensions.map(({ type }) => type));
    this.hasNameConstraints = identifiers.has(nameConstraintsId);
    this.hasAlternativeNames = identifiers.has(alternativeNamesId);
    this.unknownExtensions = parsed.extensions
      .filter(({ type, critical }) => critical && !knownExtensions.has(type))
      .map(({ type }) => type);
    this.publicKey = node.publicKey;
  }

  isIssuedBy(issuer: Certificate): boolean {
    if (!(issuer instanceof ParsedCertificate)) return false;
    return this.#node.checkIssued(issuer.#node) && this.#node.verify(issuer.publicKey);
  }
}

interface SubjectFields {
  readonly CN?: string | readonly string[];
  readonly O?: string | readonly string[];
}

function valuesOf(field: string | readonly string[] | undefined): readonly string[] {
  if (field === undefined) return [];
  return typeof field === 'string' ? [field] : field;
}
