/** Encryption configurations for tests. */

import { parseEncryptionConfiguration } from '../../../lib/storage/encryption/index.js';
import type { EncryptionRules } from '../../../lib/storage/encryption/index.js';

/** A secret of so many bytes, each the same. */
export const secret = (byte: number, bytes = 32): string =>
  Buffer.alloc(bytes, byte).toString('base64');

/** `name` of a key, and the byte that its secret consists of. */
export type Key = readonly [name: string, byte: number];

export const aesgcm = (...keys: readonly Key[]): object => ({
  aesgcm: { keys: keys.map(([name, byte]) => ({ name, secret: secret(byte) })) },
});

export const identity: object = { identity: {} };

export type Rule = readonly [resources: readonly string[], ...providers: readonly object[]];

export function configuration(...rules: readonly Rule[]): string {
  return JSON.stringify({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'EncryptionConfiguration',
    resources: rules.map(([resources, ...providers]) => ({ resources, providers })),
  });
}

/** All resources by these providers. */
export function rulesOf(...providers: readonly object[]): EncryptionRules {
  return parseEncryptionConfiguration(configuration([['*.*'], ...providers]));
}
