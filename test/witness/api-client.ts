/**
 * A bare HTTP/2 client with the certificate of a kubeconfig: what the witness tests change and read
 * the server by when no real client is the subject.
 */

import { readFile } from 'node:fs/promises';
import http2 from 'node:http2';
import { parse } from 'yaml';

export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
  json<T>(): T;
}

export interface ApiClient {
  request(method: string, path: string, body?: unknown, contentType?: string): Promise<ApiAnswer>;
  close(): void;
}

interface Kubeconfig {
  clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }];
  users: [{ user: { 'client-certificate-data': string; 'client-key-data': string } }];
}

export async function apiClient(kubeconfig: string): Promise<ApiClient> {
  const config = parse(await readFile(kubeconfig, 'utf8')) as Kubeconfig;
  const cluster = config.clusters[0].cluster;
  const user = config.users[0].user;
  const session = http2.connect(cluster.server, {
    ca: Buffer.from(cluster['certificate-authority-data'], 'base64'),
    cert: Buffer.from(user['client-certificate-data'], 'base64'),
    key: Buffer.from(user['client-key-data'], 'base64'),
  });
  session.on('error', () => {
    // Each stream reports the failure to its own request.
  });
  return {
    request: (method, path, body, contentType = 'application/json') =>
      request(session, method, path, body, contentType),
    close: () => session.close(),
  };
}

function request(
  session: http2.ClientHttp2Session,
  method: string,
  path: string,
  body: unknown,
  contentType: string,
): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': method,
      ':path': path,
      ...(body === undefined ? {} : { 'content-type': contentType }),
    });
    let status = 0;
    const chunks: Buffer[] = [];
    stream.on('response', (headers) => (status = headers[':status'] ?? 0));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    // Whichever way it ended; after the answer's end this changes nothing.
    stream.on('close', () => reject(new Error(`${method} ${path}: closed without an answer`)));
    stream.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      resolve({ status, text, json: <T>(): T => JSON.parse(text) as T });
    });
    stream.end(body === undefined ? undefined : encode(body));
  });
}

const encode = (body: unknown): string => (typeof body === 'string' ? body : JSON.stringify(body));
