/** Authorities and certificates of every kind a client may show, made for tests. */

import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';

import { loadX509 } from '../../lib/auth/x509.js';
import type { PeerCertificate, RequestRecord } from '../../lib/request/index.js';

export const NOW = Date.UTC(2030, 0, 15);
const DAY_MS = 86_400_000;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface Issued {
  readonly raw: Uint8Array;
  readonly pem: string;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly name: string;
}

export interface IssueOptions {
  /** RFC 4514: `O=dev,CN=anna`. */
  readonly subject: string;
  /** Without one it signs itself. */
  readonly issuer?: Issued;
  readonly authority?: boolean;
  readonly pathLength?: number;
  /** Object identifiers of extended key usages; none: no such extension. */
  readonly usages?: readonly string[];
  /** What days are counted from. Default NOW; real TLS needs the real time. */
  readonly around?: number;
  /** Days from `around`. */
  readonly notBeforeDays?: number;
  readonly notAfterDays?: number;
  readonly hosts?: readonly string[];
  /** Object identifier of a critical extension that nobody knows. */
  readonly unknownExtension?: string;
  readonly nameConstraints?: boolean;
}

let serial = 1;

export async function issue(options: IssueOptions): Promise<Issued> {
  const x509 = await loadX509();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const extensions = [];
  if (options.authority !== undefined) {
    extensions.push(
      new x509.BasicConstraintsExtension(options.authority, options.pathLength, true),
    );
  }
  if (options.usages !== undefined) {
    extensions.push(new x509.ExtendedKeyUsageExtension([...options.usages], true));
  }
  if (options.hosts !== undefined) {
    const names = options.hosts.map((value) =>
      isIP(value) === 0 ? { type: 'dns' as const, value } : { type: 'ip' as const, value },
    );
    extensions.push(new x509.SubjectAlternativeNameExtension(names));
  }
  if (options.unknownExtension !== undefined) {
    const value = new Uint8Array([5, 0]);
    extensions.push(new x509.Extension(options.unknownExtension, true, value));
  }
  if (options.nameConstraints === true) {
    // permittedSubtrees: dNSName "a".
    const value = new Uint8Array([0x30, 7, 0xa0, 5, 0x30, 3, 0x82, 1, 0x61]);
    extensions.push(new x509.Extension('2.5.29.30', true, value));
  }
  const around = options.around ?? NOW;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: (serial++).toString(16).padStart(4, '0'),
    subject: options.subject,
    issuer: options.issuer?.name ?? options.subject,
    notBefore: new Date(around + (options.notBeforeDays ?? -10) * DAY_MS),
    notAfter: new Date(around + (options.notAfterDays ?? 10) * DAY_MS),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: (options.issuer?.keys ?? keys).privateKey,
    extensions,
  });
  return {
    raw: new Uint8Array(certificate.rawData),
    pem: certificate.toString('pem'),
    keys,
    name: options.subject,
  };
}

/** The private key, PEM. */
export async function keyOf({ keys }: Issued): Promise<string> {
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  const body = Buffer.from(key).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`;
}

/** As much of a request as authenticators look at. */
export function requestOf(options: {
  readonly peer?: PeerCertificate;
  readonly authorization?: string;
}): RequestRecord {
  return {
    peerCertificate: options.peer,
    header: (name: string) => (name === 'authorization' ? options.authorization : undefined),
  } as unknown as RequestRecord;
}

export function peerOf(leaf: Issued, ...chain: readonly Issued[]): PeerCertificate {
  return { raw: leaf.raw, chain: chain.map(({ raw }) => raw) };
}
