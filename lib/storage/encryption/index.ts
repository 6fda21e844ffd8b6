/**
 * Encryption at rest: a storage whose values are encrypted before another one sees them, by the
 * rules of kube-apiserver's EncryptionConfiguration file.
 */

export { followEncryptionFile, readEncryptionFile } from './configuration-file.js';
export type { EncryptionFileOptions, FollowedFile } from './configuration-file.js';
export { parseEncryptionConfiguration } from './configuration.js';
export { EncryptedStorage, type EncryptedStorageOptions } from './encrypted-storage.js';
export { EncryptionError, type EncryptionErrorCode } from './error.js';
export type { Decrypted } from './provider.js';
export type { EncryptionRules, ResourceName } from './rules.js';
