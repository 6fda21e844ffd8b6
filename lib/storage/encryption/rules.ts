/**
 * Which providers a resource's values have: the first rule that names it, by itself or by a
 * wildcard. What no rule names is kept as it is.
 */

import { IDENTITY, type Decrypted, type Provider } from './provider.js';

export interface EncryptionRule {
  /** `secrets`, `widgets.example.com`, `*.example.com`, `*.` (the core group), `*.*`. */
  readonly resources: readonly string[];
  /** At least one. */
  readonly providers: readonly Provider[];
}

export class EncryptionRules {
  readonly #rules: readonly EncryptionRule[];

  constructor(rules: readonly EncryptionRule[]) {
    this.#rules = rules;
  }

  /** `path`: where the value is kept, which is authenticated with it. */
  encrypt(type: ResourceName, value: Uint8Array, path: string): Uint8Array {
    return this.#providersOf(type)[0]!.encrypt(value, path);
  }

  /** Throws an Error whose message says why not. */
  decrypt(type: ResourceName, stored: Uint8Array, path: string): Decrypted {
    const [first, ...others] = this.#providersOf(type);
    const newest = first!.decrypt(stored, path);
    if (newest !== undefined) return newest;
    for (const provider of others) {
      const decrypted = provider.decrypt(stored, path);
      if (decrypted !== undefined) return { ...decrypted, isStale: true };
    }
    throw new Error('no provider of the encryption configuration recognises it');
  }

  #providersOf(type: ResourceName): readonly Provider[] {
    return this.#rules.find((rule) => isNamed(rule, type))?.providers ?? UNNAMED;
  }
}

/** Of the core group `group` is empty. */
export interface ResourceName {
  readonly group: string;
  readonly resource: string;
}

const UNNAMED: readonly Provider[] = [IDENTITY];

function isNamed({ resources }: EncryptionRule, { group, resource }: ResourceName): boolean {
  const own = group === '' ? resource : `${resource}.${group}`;
  return resources.some((name) => name === own || name === `*.${group}` || name === '*.*');
}
