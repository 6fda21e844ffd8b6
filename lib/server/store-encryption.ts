/** Encryption at rest as the flags of `shardwatch serve` ask for it, over any store. */

import {
  EncryptedStorage,
  EncryptionError,
  followEncryptionFile,
  readEncryptionFile,
} from '../storage/encryption/index.js';
import type { Storage } from '../storage/index.js';
import { FlagError } from './flag-error.js';
import type { Logger } from './logger.js';

export interface EncryptionFlags {
  readonly encryptionProviderConfig?: string;
  readonly encryptionProviderConfigAutomaticReload?: boolean;
}

export interface StoreEncryption {
  /** `pathPrefix`: what is in front of a key where it is kept. */
  wrap(storage: Storage, pathPrefix: string): Storage;
  stop(): void;
}

/** Throws a FlagError for a configuration that can't be used. */
export async function openEncryption(
  { encryptionProviderConfig: path, encryptionProviderConfigAutomaticReload }: EncryptionFlags,
  logger: Logger,
): Promise<StoreEncryption> {
  if (path === undefined) {
    if (encryptionProviderConfigAutomaticReload !== true) return NO_ENCRYPTION;
    const flag = '--encryption-provider-config-automatic-reload';
    throw new FlagError(`${flag} needs --encryption-provider-config FILE`);
  }
  try {
    if (encryptionProviderConfigAutomaticReload === true) {
      const { rules, stop } = await followEncryptionFile(path, {
        onReload: () => logger.info({ path }, 'encryption configuration reloaded'),
        onError: ({ message }) =>
          logger.error({ message }, 'encryption configuration not reloaded'),
      });
      return { wrap: (storage, pathPrefix) => encrypted({ storage, pathPrefix, rules }), stop };
    }
    const rules = await readEncryptionFile(path);
    return {
      wrap: (storage, pathPrefix) => encrypted({ storage, pathPrefix, rules: () => rules }),
      stop: () => undefined,
    };
  } catch (error) {
    if (!(error instanceof EncryptionError)) throw error;
    throw new FlagError(`--encryption-provider-config ${error.message}`);
  }
}

const NO_ENCRYPTION: StoreEncryption = { wrap: (storage) => storage, stop: () => undefined };

function encrypted(options: ConstructorParameters<typeof EncryptedStorage>[0]): Storage {
  return new EncryptedStorage(options);
}
