/**
 * What a client shows a server and trusts it by, as it is in its files now: tokens of service
 * accounts and certificates are replaced while a process runs.
 *
 * 1. Files are read again when they were read RELOAD_MS ago, and the token also after a 401.
 * 2. A file that can't be read any more leaves what was read before in force (a mount is being
 *    replaced); the first time it is an error.
 */

import { readFileSync } from 'node:fs';

import type { ClientConfig, Material } from './config.js';
import { ClientError, reasonOf } from './error.js';

/** As client-go: tokens are replaced long before they expire. */
const RELOAD_MS = 60_000;

/** The part that a TLS connection is made with. */
export interface TlsMaterial {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

export class Credentials {
  readonly #config: ClientConfig;
  readonly #now: () => number;
  readonly #files = new Map<string, string>();
  #tls: TlsMaterial | undefined;
  #token: string | undefined;
  #readAt = -Infinity;

  constructor(config: ClientConfig, now: () => number) {
    this.#config = config;
    this.#now = now;
  }

  /** The same object until something in it changes. Throws a ClientError `bad-credentials`. */
  tls(): TlsMaterial {
    this.#refresh();
    return this.#tls as TlsMaterial;
  }

  /** The value of `Authorization`, if any. Throws a ClientError `bad-credentials`. */
  authorization(): string | undefined {
    this.#refresh();
    if (this.#token !== undefined) return `Bearer ${this.#token}`;
    const { basic } = this.#config;
    if (basic === undefined) return undefined;
    return `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString('base64')}`;
  }

  /** The server did not take them: what is in the files may be newer. */
  refused(): void {
    this.#readAt = -Infinity;
  }

  #refresh(): void {
    const now = this.#now();
    const age = now - this.#readAt;
    if (age >= 0 && age < RELOAD_MS) return;
    const { certificateAuthority, clientCertificate, clientKey, token } = this.#config;
    const tls = {
      ca: this.#read(certificateAuthority),
      cert: this.#read(clientCertificate),
      key: this.#read(clientKey),
    };
    this.#token = this.#read(token)?.trim();
    if (this.#tls === undefined || !isSame(this.#tls, tls)) this.#tls = tls;
    this.#readAt = now;
  }

  #read(material: Material | undefined): string | undefined {
    if (material === undefined) return undefined;
    if ('data' in material) return material.data;
    const { file } = material;
    try {
      const text = readFileSync(file, 'utf8');
      this.#files.set(file, text);
      return text;
    } catch (error) {
      const before = this.#files.get(file);
      if (before !== undefined) return before;
      throw new ClientError('bad-credentials', `${file}: ${reasonOf(error)}`, error);
    }
  }
}

const isSame = (one: TlsMaterial, other: TlsMaterial): boolean =>
  one.ca === other.ca && one.cert === other.cert && one.key === other.key;
