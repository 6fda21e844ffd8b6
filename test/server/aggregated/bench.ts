/** An aggregated server of widgets behind a control plane of the test's own. */

import { writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import type { RequestOptions } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import type { ExecutionContext } from 'ava';

import { defineResource } from '../../../lib/rest/index.js';
import { createAggregatedServer } from '../../../lib/server/index.js';
import type {
  AggregatedServer,
  AggregatedServerOptions,
  LogFields,
  Logger,
} from '../../../lib/server/index.js';
import { keyOf } from '../../auth/authority.js';
import type { Issued } from '../../auth/authority.js';
import { issueNow } from '../../client/server.js';
import { ManualClock } from '../../clock.js';
import { startControlPlane } from './control-plane.js';
import type { ControlPlane } from './control-plane.js';

export const GROUP_VERSION = '/apis/example.com/v1';
export const WIDGETS = `${GROUP_VERSION}/namespaces/shop/widgets`;

export const widgets = defineResource({
  group: 'example.com',
  version: 'v1',
  kind: 'Widget',
  shortNames: ['wd'],
  statusSubresource: true,
  printerColumns: [{ name: 'Color', type: 'string', jsonPath: '.spec.color' }],
});

export interface Answered {
  readonly status: number;
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined };
  readonly text: string;
  /** Of the certificate that the server showed. */
  readonly serial: string;
}

export interface Bench {
  readonly plane: ControlPlane;
  readonly server: AggregatedServer;
  readonly clock: ManualClock;
  readonly port: number;
  /** Issues the serving certificates. */
  readonly servingCa: Issued;
  readonly certFile: string;
  readonly keyFile: string;
  readonly log: readonly (readonly [message: string, fields: LogFields])[];
  /** Asks the server itself, not through the front proxy. */
  ask(path: string, options?: RequestOptions, body?: string): Promise<Answered>;
  /** Puts another serving certificate in place. */
  renew(): Promise<void>;
}

export async function bench(
  t: ExecutionContext,
  options: Partial<AggregatedServerOptions> = {},
  given?: ControlPlane,
): Promise<Bench> {
  const plane = given ?? (await startControlPlane());
  const clock = new ManualClock(Date.now());
  const log: [string, LogFields][] = [];
  const server = await createAggregatedServer({
    resources: [widgets],
    kubeconfig: plane.kubeconfig,
    clock,
    random: () => 0,
    logger: loggerTo(log),
    ...options,
  });
  const servingCa = await issueNow({ subject: 'CN=widgets-ca', authority: true });
  const certFile = join(plane.folder, 'tls.crt');
  const keyFile = join(plane.folder, 'tls.key');
  const renew = async (): Promise<void> => {
    const hosts = ['widgets.widgets.svc'];
    const serving = await issueNow({ subject: 'CN=widgets', issuer: servingCa, hosts });
    await writeFile(keyFile, await keyOf(serving));
    await writeFile(certFile, serving.pem);
  };
  await renew();
  const { port } = await server.listen({ tls: { certFile, keyFile } });
  const servername = 'widgets.widgets.svc';
  plane.aggregated = { port, ca: servingCa.pem, servername };
  await server.ready();
  t.teardown(async () => {
    await server.close({ graceMs: 0 });
    await plane.close();
  });
  const ask: Bench['ask'] = (path, more = {}, body) =>
    askServer({ port, path, ca: servingCa.pem, servername, ...more }, body);
  return { plane, server, clock, port, servingCa, certFile, keyFile, log, ask, renew };
}

export function loggerTo(log: [string, LogFields][]): Logger {
  const write = (fields: LogFields, message: string): void => void log.push([message, fields]);
  return { debug: () => undefined, info: write, warn: write, error: write };
}

export function askServer(options: RequestOptions, body?: string): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest({ host: '127.0.0.1', agent: false, ...options });
    request.on('response', (response) => {
      const socket = response.socket as TLSSocket;
      const serial = socket.getPeerCertificate().serialNumber;
      const { statusCode: status = 0, headers } = response;
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status, headers, text, serial }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}
