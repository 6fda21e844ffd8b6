/**
 * Loads @peculiar/x509 when certificates are first read or made.
 *
 * Its dependency injection wants three functions of the Reflect metadata proposal to be there
 * before it is loaded. They are defined here, unless a polyfill has done so, and hence the import
 * is dynamic; it also keeps a quarter of a second out of the start of programs that never need it.
 */

import { webcrypto } from 'node:crypto';

import type * as X509 from '@peculiar/x509';

/** The library's module. */
export type X509Library = typeof X509;

let loading: Promise<X509Library> | undefined;

export function loadX509(): Promise<X509Library> {
  loading ??= load();
  return loading;
}

async function load(): Promise<X509Library> {
  defineMetadataFunctions();
  const library = await import('@peculiar/x509');
  library.cryptoProvider.set(webcrypto as never);
  return library;
}

function defineMetadataFunctions(): void {
  const reflect = Reflect as unknown as { [name: string]: unknown };
  if (reflect['getMetadata'] !== undefined) return;
  const metadata = new WeakMap<object, Map<unknown, unknown>>();
  const getOwnMetadata = (key: unknown, target: object): unknown => metadata.get(target)?.get(key);
  const functions = {
    getOwnMetadata,
    getMetadata(key: unknown, target: object): unknown {
      for (let object: object | null = target; object; object = Object.getPrototypeOf(object)) {
        if (metadata.get(object)?.has(key)) return getOwnMetadata(key, object);
      }
      return undefined;
    },
    defineMetadata(key: unknown, value: unknown, target: object): void {
      const entries = metadata.get(target) ?? new Map<unknown, unknown>();
      metadata.set(target, entries.set(key, value));
    },
  };
  for (const [name, value] of Object.entries(functions)) {
    Object.defineProperty(Reflect, name, { value, configurable: true, writable: true });
  }
}
