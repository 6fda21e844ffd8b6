/** What stands in the data of the ConfigMap `extension-apiserver-authentication`. */

import { AuthError } from './error.js';
import type { FrontProxyTrust } from './front-proxy.js';

export type ConfigurationData = { readonly [key: string]: string | undefined };

/** PEM of the authorities of client certificates; undefined where there are none. */
export function readClientCa(data: ConfigurationData): string | undefined {
  return data['client-ca-file'] || undefined;
}

/** Undefined where no authority is named. Throws an AuthError `bad-front-proxy`. */
export function readFrontProxy(data: ConfigurationData): FrontProxyTrust | undefined {
  const authorities = data['requestheader-client-ca-file'];
  if (!authorities) return undefined;
  return {
    authorities,
    allowedNames: readList(data, 'requestheader-allowed-names'),
    usernameHeaders: readList(data, 'requestheader-username-headers'),
    uidHeaders: readList(data, 'requestheader-uid-headers'),
    groupHeaders: readList(data, 'requestheader-group-headers'),
    extraHeaderPrefixes: readList(data, 'requestheader-extra-headers-prefix'),
  };
}

// Lists are JSON in a string. One that is not there is empty: such a header is not used.
function readList(data: ConfigurationData, key: string): readonly string[] {
  const text = data[key] ?? '';
  if (text === '') return [];
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    throw refusal(key, error);
  }
  // As Go decodes a null slice.
  if (list === null) return [];
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'string')) throw refusal(key);
  return list;
}

function refusal(key: string, cause?: unknown): AuthError {
  const message = `${key} of the authentication ConfigMap is no JSON list of strings`;
  return new AuthError('bad-front-proxy', message, cause);
}
