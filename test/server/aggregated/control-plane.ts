/**
 * As much of a cluster's control plane as an aggregated server needs, over real TLS: an API server
 * with the authentication ConfigMap, token and access reviews, and the aggregator's front proxy,
 * which passes everything else on under the name of its user.
 */

import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer as createHttpsServer, request as httpsRequest } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { UserInfo } from '../../../lib/request/index.js';
import { defineResource } from '../../../lib/rest/index.js';
import { createServer } from '../../../lib/server/index.js';
import { systemClock } from '../../../lib/storage/index.js';
import { mount } from '../../../lib/transport/index.js';
import { keyOf } from '../../auth/authority.js';
import type { Issued } from '../../auth/authority.js';
import { bodyOf, issueNow } from '../../client/server.js';

const CONFIG_MAPS = '/api/v1/namespaces/kube-system/configmaps';
const NAME = 'extension-apiserver-authentication';

/** What is asked in a SubjectAccessReview. */
export interface AccessSpec {
  readonly user: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra: { readonly [key: string]: readonly string[] };
  readonly resourceAttributes?: { readonly [field: string]: string };
  readonly nonResourceAttributes?: { readonly path: string; readonly verb: string };
}

export interface ControlPlane {
  readonly url: string;
  /** A folder of its own, removed with it. */
  readonly folder: string;
  /** For the aggregated server. */
  readonly kubeconfig: string;
  readonly clusterCa: Issued;
  /** Who has which bearer token. */
  readonly users: Map<string, UserInfo>;
  /** Every access review so far. */
  readonly accessReviews: AccessSpec[];
  readonly tokenReviews: string[];
  /** Decides access reviews; the status of the review. */
  policy: (spec: AccessSpec) => object;
  /** Whether reviews are answered 503. */
  isReviewing: boolean;
  /** The front proxy's authority, and its own certificate. */
  readonly proxy: FrontProxy;
  /** Where everything but the core API and reviews goes. */
  aggregated: Aggregated | undefined;
  /** A kubeconfig for a user with this token, through the front proxy. */
  kubeconfigFor(token: string): Promise<string>;
  /** Publishes another authority of the front proxy, and uses a certificate of it from now on. */
  rotateProxy(): Promise<void>;
  /** Stops answering: every connection ends. */
  stop(): Promise<void>;
  /** Answers again, at the same address. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Where a server is that stands behind the front proxy, and how it is known. */
export interface Aggregated {
  readonly port: number;
  readonly ca: string;
  readonly servername: string;
}

export interface FrontProxy {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export const userOf = (username: string, groups: readonly string[] = []): UserInfo => ({
  username,
  uid: `uid-${username}`,
  groups: [...groups, 'system:authenticated'],
  extra: {},
});

const ROBOT_TOKEN = 'robot-token';

/** Starts one, with the aggregated server's own account and no other user. */
export async function startControlPlane(): Promise<ControlPlane> {
  const plane = new Plane(
    await issueNow({ subject: 'CN=cluster-ca', authority: true }),
    await mkdtemp(join(tmpdir(), 'shardwatch-control-plane-')),
  );
  await plane.begin();
  return plane;
}

class Plane implements ControlPlane {
  readonly folder: string;
  readonly clusterCa: Issued;
  readonly users = new Map([[ROBOT_TOKEN, userOf('system:serviceaccount:widgets:robot')]]);
  readonly accessReviews: AccessSpec[] = [];
  readonly tokenReviews: string[] = [];
  policy: (spec: AccessSpec) => object = () => ({ allowed: false });
  isReviewing = true;
  aggregated: Aggregated | undefined;
  kubeconfig = '';
  url = '';
  #proxy: FrontProxy = { ca: '', cert: '', key: '' };
  #agent = new Agent();
  #server: Server | undefined;
  readonly #core = createServer({
    resources: [defineResource({ group: '', version: 'v1', kind: 'ConfigMap' })],
    authenticator: { authenticate: async () => userOf('anybody') },
  });
  readonly #mounted = mount({ handler: this.#core.handler, clock: systemClock });

  constructor(clusterCa: Issued, folder: string) {
    this.clusterCa = clusterCa;
    this.folder = folder;
  }

  get proxy(): FrontProxy {
    return this.#proxy;
  }

  async begin(): Promise<void> {
    await this.#core.ready();
    await this.rotateProxy();
    const serving = await issueNow({
      subject: 'CN=kube-apiserver',
      issuer: this.clusterCa,
      hosts: ['kubernetes'],
    });
    this.#server = createHttpsServer(
      { cert: serving.pem, key: await keyOf(serving) },
      (request, response) => void this.#serve(request, response),
    );
    await this.#listen(0);
    this.kubeconfig = await this.kubeconfigFor(ROBOT_TOKEN);
  }

  async kubeconfigFor(token: string): Promise<string> {
    const ca = Buffer.from(this.clusterCa.pem).toString('base64');
    const cluster = {
      server: this.url,
      'tls-server-name': 'kubernetes',
      'certificate-authority-data': ca,
    };
    const file = join(this.folder, `${token}.kubeconfig`);
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: { token } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'c',
    };
    await writeFile(file, JSON.stringify(config), { mode: 0o600 });
    return file;
  }

  async rotateProxy(): Promise<void> {
    const authority = await issueNow({ subject: 'CN=front-proxy-ca', authority: true });
    const client = await issueNow({ subject: 'CN=front-proxy-client', issuer: authority });
    this.#agent.destroy();
    this.#agent = new Agent({ keepAlive: true });
    this.#proxy = { ca: authority.pem, cert: client.pem, key: await keyOf(client) };
    await this.#publish();
  }

  async start(): Promise<void> {
    await this.#listen(Number(new URL(this.url).port));
  }

  async stop(): Promise<void> {
    const server = this.#server as Server;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    await this.#mounted.close({ graceMs: 0 });
    if (this.#server?.listening === true) await this.stop();
    await this.#core.close({ graceMs: 0 });
    await rm(this.folder, { recursive: true, force: true });
  }

  async #listen(port: number): Promise<void> {
    const server = this.#server as Server;
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    this.url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async #publish(): Promise<void> {
    const body = JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: NAME },
      data: {
        'client-ca-file': this.clusterCa.pem,
        'requestheader-client-ca-file': this.#proxy.ca,
        'requestheader-allowed-names': '["front-proxy-client"]',
        'requestheader-username-headers': '["X-Remote-User"]',
        'requestheader-uid-headers': '["X-Remote-Uid"]',
        'requestheader-group-headers': '["X-Remote-Group"]',
        'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
      },
    });
    await this.#core.inject({ method: 'DELETE', path: `${CONFIG_MAPS}/${NAME}` });
    const headers = { 'content-type': 'application/json' };
    const created = await this.#core.inject({ method: 'POST', path: CONFIG_MAPS, headers, body });
    if (created.status !== 201) throw new Error(`the ConfigMap was answered ${created.status}`);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
    const user = this.users.get(token);
    const path = request.url?.split('?')[0] ?? '';
    if (user === undefined) {
      response.writeHead(401).end();
    } else if (path.endsWith('/tokenreviews')) {
      await this.#review(request, response, (spec) => this.#reviewToken(spec as { token: string }));
    } else if (path.endsWith('/subjectaccessreviews')) {
      await this.#review(request, response, (spec) => this.#reviewAccess(spec as AccessSpec));
    } else if (path.startsWith('/api/v1/')) {
      this.#mounted.nodeHandler(request, response);
    } else {
      this.#forward(request, response, user);
    }
  }

  async #review(
    request: IncomingMessage,
    response: ServerResponse,
    decide: (spec: unknown) => object,
  ): Promise<void> {
    const review = JSON.parse(await bodyOf(request)) as { readonly spec: unknown };
    const status = decide(review.spec);
    if (this.isReviewing) response.writeHead(201).end(JSON.stringify({ ...review, status }));
    else response.writeHead(503).end();
  }

  #reviewToken({ token }: { readonly token: string }): object {
    this.tokenReviews.push(token);
    const user = this.users.get(token);
    return user === undefined ? {} : { authenticated: true, user };
  }

  #reviewAccess(spec: AccessSpec): object {
    this.accessReviews.push(spec);
    return this.policy(spec);
  }

  #forward(request: IncomingMessage, response: ServerResponse, user: UserInfo): void {
    if (this.aggregated === undefined) {
      response.writeHead(503).end('service unavailable');
      return;
    }
    const { authorization: _, ...kept } = request.headers;
    const { cert, key } = this.#proxy;
    const forwarded = httpsRequest({
      host: '127.0.0.1',
      ...this.aggregated,
      cert,
      key,
      agent: this.#agent,
      method: request.method,
      path: request.url,
      headers: { ...kept, ...identityHeaders(user) },
    });
    forwarded.on('response', (answer: IncomingMessage) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      response.flushHeaders();
      answer.on('error', () => response.destroy());
      answer.pipe(response);
    });
    forwarded.on('error', () => {
      if (response.headersSent) response.destroy();
      else response.writeHead(503).end('service unavailable');
    });
    response.on('close', () => forwarded.destroy());
    request.pipe(forwarded);
  }
}

/** As kube-apiserver sends them: extra keys percent-encoded, groups one header each. */
export function identityHeaders(user: UserInfo): { readonly [name: string]: string | string[] } {
  const extra = Object.entries(user.extra).map(
    ([key, values]) => [`X-Remote-Extra-${encodeURIComponent(key)}`, values.map(bytes)] as const,
  );
  return {
    'X-Remote-User': bytes(user.username),
    'X-Remote-Uid': user.uid,
    'X-Remote-Group': user.groups.map(bytes),
    ...Object.fromEntries(extra),
  };
}

// Go sends UTF-8; Node sends a byte for a character.
const bytes = (text: string): string => Buffer.from(text).toString('latin1');
