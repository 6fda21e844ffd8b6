/**
 * Providers: how a value is kept. The first of a rule encrypts; every one of them is tried for what
 * it recognises by the text that the value begins with, so that keys can be changed one after the
 * other. The forms are upstream's (apiserver `storage/value/encrypt`), byte for byte:
 *
 *     aesgcm     k8s:enc:aesgcm:v1:<name of the key>:  nonce (12)  ciphertext  tag (16)
 *     identity   the value itself
 *
 * AES-GCM authenticates the path of the value with it: a value that is copied to another key can't
 * be decrypted there.
 */

import { createCipheriv, createDecipheriv, randomBytes, type CipherGCMTypes } from 'node:crypto';

export interface Decrypted {
  readonly value: Uint8Array;
  /** It is to be written anew: with the first key of the first provider it would look different. */
  readonly isStale: boolean;
}

export interface Provider {
  /** `path`: where the value is kept. */
  encrypt(value: Uint8Array, path: string): Uint8Array;
  /**
   * `undefined` where it is not of this provider. Throws an Error whose message says why a value
   * that is can't be decrypted.
   */
  decrypt(stored: Uint8Array, path: string): Decrypted | undefined;
}

/** A name, and 16, 24 or 32 bytes. */
export interface EncryptionKey {
  readonly name: string;
  readonly secret: Uint8Array;
}

/** Sizes of secrets that AES takes. */
export const SECRET_BYTES: readonly number[] = [16, 24, 32];

/** Values as they are. What another provider has written is not taken for one. */
export const IDENTITY: Provider = {
  encrypt: (value) => value,
  decrypt: (stored) =>
    beginsWith(stored, ENCRYPTED) ? undefined : { value: stored, isStale: false },
};

/** AES-GCM with the first of the keys. */
export class AesGcmProvider implements Provider {
  readonly #keys: readonly { readonly header: Buffer; readonly key: EncryptionKey }[];

  constructor(keys: readonly EncryptionKey[]) {
    this.#keys = keys.map((key) => ({ header: Buffer.from(`${AES_GCM}${key.name}:`), key }));
  }

  encrypt(value: Uint8Array, path: string): Uint8Array {
    const { header, key } = this.#keys[0]!;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(algorithmOf(key), key.secret, nonce);
    cipher.setAAD(Buffer.from(path));
    const encrypted = cipher.update(value);
    return plain(Buffer.concat([header, nonce, encrypted, cipher.final(), cipher.getAuthTag()]));
  }

  decrypt(stored: Uint8Array, path: string): Decrypted | undefined {
    if (!beginsWith(stored, AES_GCM_BYTES)) return undefined;
    const index = this.#keys.findIndex(({ header }) => beginsWith(stored, header));
    const found = this.#keys[index];
    if (found === undefined) {
      throw new Error(
        `it was encrypted by aesgcm with the key ${nameIn(stored)}, which is not given`,
      );
    }
    const { header, key } = found;
    const body = stored.subarray(header.length);
    if (body.length < NONCE_BYTES + TAG_BYTES) throw new Error('it is cut off');
    const tagAt = body.length - TAG_BYTES;
    const nonce = body.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv(algorithmOf(key), key.secret, nonce);
    decipher.setAAD(Buffer.from(path)).setAuthTag(body.subarray(tagAt));
    const value = decipher.update(body.subarray(NONCE_BYTES, tagAt));
    try {
      decipher.final();
    } catch (cause) {
      const reason = `it is damaged, was written for another key, or ${key.name} is another secret now`;
      throw new Error(reason, { cause });
    }
    return { value: plain(value), isStale: index > 0 };
  }
}

const ENCRYPTED: Buffer = Buffer.from('k8s:enc:');
const AES_GCM = 'k8s:enc:aesgcm:v1:';
const AES_GCM_BYTES: Buffer = Buffer.from(AES_GCM);
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

function algorithmOf({ secret }: EncryptionKey): CipherGCMTypes {
  return `aes-${(secret.length * 8) as 128 | 192 | 256}-gcm`;
}

function nameIn(stored: Uint8Array): string {
  const end = stored.indexOf(COLON, AES_GCM.length);
  const name = end < 0 ? new Uint8Array() : stored.subarray(AES_GCM.length, end);
  return JSON.stringify(Buffer.from(name).toString());
}

const COLON = 0x3a;

// As other storages hand out bytes.
function plain({ buffer, byteOffset, length }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}

function beginsWith(bytes: Uint8Array, text: Uint8Array): boolean {
  return bytes.length >= text.length && Buffer.compare(bytes.subarray(0, text.length), text) === 0;
}
