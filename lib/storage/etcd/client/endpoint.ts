/** The addresses of etcd's members, as users write them: `https://10.0.0.1:2379`. */

import { EtcdError } from './error.js';

export interface Endpoint {
  /** As it is told in errors and metrics: scheme, host and port. */
  readonly url: string;
  /** What gRPC connects to: `10.0.0.1:2379`, `[::1]:2379`. */
  readonly address: string;
  readonly isSecure: boolean;
}

/** Port of an address that names none. */
const PORT_DEFAULT = 2379;

/**
 * Throws an EtcdError `invalid-argument` where there is none, where one is no http:// or https://
 * address of a host, or where an address is there twice.
 */
export function parseEndpoints(urls: readonly string[]): readonly Endpoint[] {
  if (urls.length === 0)
    throw invalid('no endpoint: name at least one, as in http://127.0.0.1:2379');
  const endpoints = urls.map(parseEndpoint);
  const twice = endpoints.find(({ url }, index) =>
    endpoints.some((e, i) => i < index && e.url === url),
  );
  if (twice !== undefined) throw invalid(`the endpoint ${twice.url} is there twice`);
  return endpoints;
}

function parseEndpoint(text: string): Endpoint {
  const url = URL.parse(text.trim());
  if (url === null || url.hostname === '') {
    throw invalid(`the endpoint ${JSON.stringify(text)} is no address such as http://host:2379`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    const scheme = JSON.stringify(url.protocol.slice(0, -1));
    throw invalid(
      `the endpoint ${JSON.stringify(text)} has the scheme ${scheme}; etcd is reached by http or https`,
    );
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw invalid(
      `the endpoint ${JSON.stringify(text)} has more than scheme, host and port; ` +
        'a user and a password are options of their own',
    );
  }
  // The URL drops the port that is its scheme's own.
  const own =
    /:(?:80|443)\/?$/.exec(text.trim()) === null ? PORT_DEFAULT : schemePort(url.protocol);
  const address = `${url.hostname}:${url.port === '' ? own : url.port}`;
  return { url: `${url.protocol}//${address}`, address, isSecure: url.protocol === 'https:' };
}

function schemePort(protocol: string): number {
  return protocol === 'https:' ? 443 : 80;
}

function invalid(message: string): EtcdError {
  return new EtcdError('invalid-argument', message);
}
