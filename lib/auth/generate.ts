/**
 * The certificates a server makes itself: an authority, a serving certificate, and a client
 * certificate for its administrator (ECDSA P-256).
 *
 * 1. What is there and good is kept, so that kubeconfigs written earlier go on working. A pair is
 *    good when it can be read, key and certificate belong together, its authority issued it, it
 *    says what it should (hosts, user, groups), and it lasts for RENEW_BEFORE_MS more.
 * 2. A new authority makes everything new; otherwise only what is not good any more.
 * 3. All files are readable by their owner alone, and each is replaced whole. A crash between key
 *    and certificate leaves two that do not belong together, and rule 1 makes them anew.
 */

import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';

import type { AuthClock } from './contract.js';
import { AuthError } from './error.js';
import { writePrivateFile } from './private-file.js';
import { loadX509 } from './x509.js';
import type { X509Library } from './x509.js';

const DAY_MS = 86_400_000;
/** An authority lasts ten years, what it issues one; as kubeadm's. */
const AUTHORITY_LIFETIME_MS = 3650 * DAY_MS;
const CERTIFICATE_LIFETIME_MS = 365 * DAY_MS;
/** Time left below which a certificate is made anew. */
const RENEW_BEFORE_MS = 30 * DAY_MS;
/** Clients whose clock is a little behind must not find a certificate of the future. */
const BACKDATED_MS = 300_000;

/** Names under which a server on this machine is always reached. */
const OWN_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '::1'];
/** Addresses to listen on that nobody connects to. */
const UNSPECIFIED_HOSTS: ReadonlySet<string> = new Set(['', '0.0.0.0', '::']);

export interface GenerateOptions {
  /** The folder for the files; made when it is not there. */
  readonly directory: string;
  /** Further names and addresses the server is reached by. */
  readonly hosts?: readonly string[];
  readonly clock: AuthClock;
  /** The client certificate's user. Default `shardwatch-admin`. */
  readonly user?: string;
  /** The client certificate's groups. Default `system:masters`. */
  readonly groups?: readonly string[];
}

/** A key with its certificate, PEM, and the files they are in. */
export interface KeyPair {
  readonly key: string;
  readonly cert: string;
  readonly keyFile: string;
  readonly certFile: string;
}

export interface GeneratedCertificates {
  readonly authority: KeyPair;
  readonly serving: KeyPair;
  readonly client: KeyPair;
  /** What was made by this call; the rest was there. */
  readonly made: readonly ('authority' | 'serving' | 'client')[];
}

/**
 * Makes what is missing, or no longer good, in a folder, and returns all of it. Rejects with an
 * AuthError: `bad-host` for a host no certificate can name, `bad-folder` when the folder can't be
 * read or written.
 */
export async function generateCertificates(
  options: GenerateOptions,
): Promise<GeneratedCertificates> {
  const now = options.clock.now();
  const hosts = servingHosts(options.hosts ?? []);
  const user = options.user ?? 'shardwatch-admin';
  const groups = options.groups ?? ['system:masters'];
  const folder = new Folder(options.directory);

  const authority = await folder.keep('ca', isGoodAuthority(now), () => authoritySpec(now));
  const issuer = authority.pair;
  const serving = await folder.keep(
    'serving',
    (cert) => isIssued(cert, issuer, now) && hosts.every((host) => names(cert, host)),
    () => ({ ...issuedSpec(now, [['CN', 'shardwatch']]), issuer, hosts }),
  );
  const subject = subjectOf(user, groups);
  const client = await folder.keep(
    'client',
    (cert) => isIssued(cert, issuer, now) && hasSubject(cert, user, groups),
    () => ({ ...issuedSpec(now, subject), issuer }),
  );

  const made: ('authority' | 'serving' | 'client')[] = [];
  if (authority.made) made.push('authority');
  if (serving.made) made.push('serving');
  if (client.made) made.push('client');
  return { authority: issuer, serving: serving.pair, client: client.pair, made };
}

type Subject = readonly (readonly [attribute: string, value: string])[];

interface Spec {
  readonly subject: Subject;
  readonly notBefore: number;
  readonly notAfter: number;
  /** Without one it signs itself, as an authority. */
  readonly issuer?: KeyPair;
  /** With hosts it is a serving certificate, without a client's. */
  readonly hosts?: readonly string[];
}

/** The files of one folder. */
class Folder {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw folderError(directory, error);
    }
  }

  async keep(
    name: string,
    isGood: (certificate: X509Certificate) => boolean,
    specification: () => Spec,
  ): Promise<{ readonly pair: KeyPair; readonly made: boolean }> {
    const keyFile = join(this.#directory, `${name}.key`);
    const certFile = join(this.#directory, `${name}.crt`);
    const present = readPair(keyFile, certFile, isGood);
    if (present !== undefined) return { pair: present, made: false };
    const { key, cert } = await makePair(specification());
    try {
      writePrivateFile(keyFile, key);
      writePrivateFile(certFile, cert);
    } catch (error) {
      throw folderError(this.#directory, error);
    }
    return { pair: { key, cert, keyFile, certFile }, made: true };
  }
}

function readPair(
  keyFile: string,
  certFile: string,
  isGood: (certificate: X509Certificate) => boolean,
): KeyPair | undefined {
  const key = readText(keyFile);
  const cert = readText(certFile);
  if (key === undefined || cert === undefined) return undefined;
  try {
    const certificate = new X509Certificate(cert);
    const belongs = certificate.checkPrivateKey(createPrivateKey(key));
    return belongs && isGood(certificate) ? { key, cert, keyFile, certFile } : undefined;
  } catch {
    // Neither key nor certificate, or half of one: as good as not there.
    return undefined;
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw folderError(file, error);
  }
}

function isGoodAuthority(now: number): (certificate: X509Certificate) => boolean {
  return (certificate) =>
    certificate.ca && certificate.verify(certificate.publicKey) && isLasting(certificate, now);
}

function isIssued(certificate: X509Certificate, issuer: KeyPair, now: number): boolean {
  const authority = new X509Certificate(issuer.cert);
  return (
    certificate.checkIssued(authority) &&
    certificate.verify(authority.publicKey) &&
    isLasting(certificate, now)
  );
}

function isLasting(certificate: X509Certificate, now: number): boolean {
  const notBefore = Date.parse(certificate.validFrom);
  const notAfter = Date.parse(certificate.validTo);
  return notBefore <= now && now + RENEW_BEFORE_MS <= notAfter;
}

function names(certificate: X509Certificate, host: string): boolean {
  const found = isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host);
  return found !== undefined;
}

function hasSubject(
  certificate: X509Certificate,
  user: string,
  groups: readonly string[],
): boolean {
  const { CN, O } = certificate.toLegacyObject().subject as unknown as {
    readonly CN?: string;
    readonly O?: string | readonly string[];
  };
  const organizations = O === undefined ? [] : [O].flat();
  return CN === user && JSON.stringify(organizations) === JSON.stringify(groups);
}

function authoritySpec(now: number): Spec {
  // A name of its own for each authority: clients and verifiers look issuers up by name.
  const name = `shardwatch-ca-${randomBytes(6).toString('hex')}`;
  return {
    subject: [['CN', name]],
    notBefore: now - BACKDATED_MS,
    notAfter: now + AUTHORITY_LIFETIME_MS,
  };
}

function issuedSpec(now: number, subject: Subject): Omit<Spec, 'issuer'> {
  return {
    subject,
    notBefore: now - BACKDATED_MS,
    notAfter: now + CERTIFICATE_LIFETIME_MS,
  };
}

function subjectOf(user: string, groups: readonly string[]): Subject {
  return [...groups.map((group) => ['O', group] as const), ['CN', user]];
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

async function makePair(spec: Spec): Promise<{ readonly key: string; readonly cert: string }> {
  const library = await loadX509();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const name = spec.subject.map(([attribute, value]) => ({ [attribute]: [value] }));
  const validity = { notBefore: new Date(spec.notBefore), notAfter: new Date(spec.notAfter) };
  // Positive and without a leading zero byte, as DER wants integers; 127 bits of chance.
  const serialNumber = `4${randomBytes(16).toString('hex').slice(1)}`;
  const common = { serialNumber, signingAlgorithm: algorithm, ...validity };
  const extensions = [
    ...extensionsOf(library, spec),
    await library.SubjectKeyIdentifierExtension.create(keys.publicKey),
  ];
  const { X509CertificateGenerator: Generator } = library;
  let certificate;
  if (spec.issuer === undefined) {
    certificate = await Generator.createSelfSigned({ ...common, name, keys, extensions });
  } else {
    const issuer = new library.X509Certificate(spec.issuer.cert);
    extensions.push(await library.AuthorityKeyIdentifierExtension.create(issuer));
    certificate = await Generator.create({
      ...common,
      subject: name,
      issuer: issuer.subjectName.toJSON(),
      publicKey: keys.publicKey,
      signingKey: await importKey(spec.issuer.key),
      extensions,
    });
  }
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    key: `${library.PemConverter.encode(key, 'PRIVATE KEY')}\n`,
    cert: `${certificate.toString('pem')}\n`,
  };
}

function extensionsOf(library: X509Library, spec: Spec): InstanceType<X509Library['Extension']>[] {
  const { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension } = library;
  if (spec.issuer === undefined) {
    return [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ];
  }
  const { serverAuth, clientAuth } = library.ExtendedKeyUsage;
  const extensions = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new library.ExtendedKeyUsageExtension([spec.hosts === undefined ? clientAuth : serverAuth]),
  ];
  if (spec.hosts === undefined) return extensions;
  const alternativeNames = spec.hosts.map((host) => ({
    type: isIP(host) === 0 ? ('dns' as const) : ('ip' as const),
    value: host,
  }));
  return [...extensions, new library.SubjectAlternativeNameExtension(alternativeNames)];
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
}

// A host name of one or more DNS labels, the first of which may be a wildcard.
const dnsName =
  /^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;

function servingHosts(given: readonly string[]): readonly string[] {
  const hosts = new Set(OWN_HOSTS);
  const own = hostname();
  if (dnsName.test(own)) hosts.add(own.toLowerCase());
  for (const host of given) {
    if (UNSPECIFIED_HOSTS.has(host)) continue;
    if (isIP(host) === 0 && !dnsName.test(host)) {
      throw new AuthError('bad-host', `"${host}" is neither a host name nor an address`);
    }
    hosts.add(host.toLowerCase());
  }
  return [...hosts];
}

function folderError(place: string, error: unknown): AuthError {
  const reason = error instanceof Error ? error.message : String(error);
  return new AuthError('bad-folder', `certificates in ${place}: ${reason}`, error);
}
