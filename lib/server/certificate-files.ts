/**
 * A serving certificate in files that somebody replaces while the server runs: cert-manager, a
 * Secret's mount, an administrator.
 *
 * 1. The contents are compared, every `pollMs`: mounts replace a link to the folder above, which
 *    watching the files would not see.
 * 2. Connections that are there keep their certificate and go on; new ones get the new one.
 * 3. What can't be used (one of the two files is new, the other not yet) is told once and leaves
 *    the old certificate in force; the next look may find a pair.
 */

import { readFile } from 'node:fs/promises';

import type { Clock } from '../storage/index.js';
import { TransportError, type Listener, type ServingCertificate } from '../transport/index.js';

export interface CertificateFiles {
  /** PEM of the serving certificate, followed by its intermediates. */
  readonly certFile: string;
  /** PEM of its private key. */
  readonly keyFile: string;
}

export interface CertificateFollowerOptions {
  readonly files: CertificateFiles;
  /** What is being served at first, as `readCertificateFiles` gave it. */
  readonly serving: ServingCertificate;
  readonly listener: Pick<Listener, 'setCertificates'>;
  readonly clock: Clock;
  /** Default 10 000. */
  readonly pollMs?: number;
  readonly onReloaded?: () => void;
  readonly onFailure?: (error: unknown) => void;
}

/** As often as a kubelet's mounts change at the most, and cheap: two small files. */
const POLL_MS = 10_000;

/** Rejects with a TransportError `bad-certificate` that names the file. */
export async function readCertificateFiles(files: CertificateFiles): Promise<ServingCertificate> {
  const read = async (file: string): Promise<string> => {
    try {
      return await readFile(file, 'utf8');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new TransportError('bad-certificate', `${file}: ${reason}`, error);
    }
  };
  const [cert, key] = await Promise.all([read(files.certFile), read(files.keyFile)]);
  return { cert, key };
}

/** Serves what is in the files until it is closed. */
export class CertificateFollower {
  readonly #options: CertificateFollowerOptions;
  #seen: string;
  /** What was wrong at the last look: the same again tells nothing new. */
  #failure = '';
  #timer: { cancel(): void } | undefined;
  #closed = false;

  constructor(options: CertificateFollowerOptions) {
    this.#options = options;
    this.#seen = identityOf(options.serving);
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  /** Looks at the files now. */
  async look(): Promise<void> {
    const { files, listener, onReloaded, onFailure } = this.#options;
    try {
      const certificate = await readCertificateFiles(files);
      const identity = identityOf(certificate);
      if (identity === this.#seen || this.#closed) return;
      this.#seen = identity;
      listener.setCertificates(certificate);
      onReloaded?.();
      this.#failure = '';
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      if (failure !== this.#failure) onFailure?.(error);
      this.#failure = failure;
    }
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#timer = this.#options.clock.setTimer(this.#options.pollMs ?? POLL_MS, () => {
      void this.look().then(() => this.#schedule());
    });
  }
}

const identityOf = ({ cert, key }: ServingCertificate): string =>
  `${cert.toString()}\u0000${key.toString()}`;
