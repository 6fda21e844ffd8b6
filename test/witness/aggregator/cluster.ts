/**
 * A control plane of real programs: etcd, and kube-apiserver with RBAC, its aggregator and a front
 * proxy whose authority can be replaced while it runs. Nothing schedules or runs pods.
 */

import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { keyOf } from '../../auth/authority.js';
import type { Issued } from '../../auth/authority.js';
import { issueNow } from '../../client/server.js';
import { run, start } from '../command.js';
import type { CommandResult, RunningCommand } from '../command.js';
import { freePort } from '../free-port.js';

/** How long a program may take to be ready. */
const READY_TIMEOUT_MS = 180_000;
const POLL_MS = 250;

export interface Programs {
  readonly etcd: string;
  readonly kubeApiserver: string;
  readonly kubectl: string;
}

/** Users by token, with their groups. */
const USERS = [
  ['admin', 'system:masters'],
  ['mia', 'makers'],
  ['gus', 'guests'],
] as const;

export type User = (typeof USERS)[number][0];

export class Cluster {
  readonly folder: string;
  readonly programs: Programs;
  readonly url: string;
  readonly #ports: { readonly etcd: number; readonly peer: number; readonly api: number };
  #ca: Issued | undefined;
  #proxyCas: readonly Issued[] = [];
  #etcd: RunningCommand | undefined;
  #apiserver: RunningCommand | undefined;

  private constructor(folder: string, programs: Programs, ports: readonly number[]) {
    this.folder = folder;
    this.programs = programs;
    const [etcd = 0, peer = 0, api = 0] = ports;
    this.#ports = { etcd, peer, api };
    this.url = `https://127.0.0.1:${api}`;
  }

  static async start(programs: Programs): Promise<Cluster> {
    const folder = await mkdtemp(join(tmpdir(), 'shardwatch-cluster-'));
    const ports = [await freePort(), await freePort(), await freePort()];
    const cluster = new Cluster(folder, programs, ports);
    try {
      await cluster.#writePki();
      cluster.#startEtcd();
      await cluster.startApiserver();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  /** PEM of the authority of kube-apiserver's own certificate. */
  get ca(): string {
    return this.#ca?.pem ?? '';
  }

  token(user: User): string {
    return `${user}-token`;
  }

  kubectl(user: User, args: readonly string[], input = ''): Promise<CommandResult> {
    return run(this.programs.kubectl, args, { input, env: this.#env(user) });
  }

  watch(user: User, args: readonly string[]): RunningCommand {
    return start(this.programs.kubectl, args, { env: this.#env(user) });
  }

  /** A kubeconfig file for somebody whose token is in a file. */
  async writeKubeconfig(name: string, user: object): Promise<string> {
    const cluster = {
      server: this.url,
      'tls-server-name': 'kubernetes',
      'certificate-authority': this.file('ca.crt'),
    };
    const file = this.file(name);
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'c',
    };
    await writeFile(file, JSON.stringify(config), { mode: 0o600 });
    return file;
  }

  /** A new authority of the front proxy beside the old ones, and a certificate of the new one. */
  async rotateProxy(): Promise<string> {
    await this.#addProxyAuthority();
    const newest = this.#proxyCas.at(-1) as Issued;
    // A line of its signature: no other certificate has it.
    const body = newest.pem.trim().split('\n').at(-2) ?? '';
    await until('the new authority is published', async () => {
      const path = ['get', 'configmap', '-n', 'kube-system', 'extension-apiserver-authentication'];
      const shown = await this.kubectl('admin', [...path, '-o', 'json']);
      return shown.stdout.includes(body);
    });
    await this.#writeProxyCertificate();
    return newest.name;
  }

  async startApiserver(): Promise<void> {
    this.#apiserver = start(this.programs.kubeApiserver, this.#apiserverFlags());
    await until('kube-apiserver is ready', async () => {
      if (this.#apiserver?.child.exitCode !== null) {
        throw new Error(`kube-apiserver has ended: ${this.#apiserver?.stderr().slice(-3_000)}`);
      }
      return (await this.kubectl('admin', ['get', '--raw', '/readyz'])).stdout === 'ok';
    });
  }

  async stopApiserver(): Promise<void> {
    await end(this.#apiserver);
    this.#apiserver = undefined;
  }

  async stop(): Promise<void> {
    await end(this.#apiserver);
    await end(this.#etcd);
    await rm(this.folder, { recursive: true, force: true });
  }

  #env(user: User): { readonly [name: string]: string } {
    return { HOME: this.folder, KUBECONFIG: this.file(`${user}.kubeconfig`) };
  }

  async #writePki(): Promise<void> {
    const ca = await issueNow({ subject: 'CN=cluster-ca', authority: true });
    const hosts = ['kubernetes'];
    const serving = await issueNow({ subject: 'CN=kube-apiserver', issuer: ca, hosts });
    const accounts = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#ca = ca;
    await this.#writeFiles({
      'ca.crt': ca.pem,
      'serving.crt': serving.pem,
      'serving.key': await keyOf(serving),
      'accounts.key': accounts.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      'accounts.pub': accounts.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      'tokens.csv': USERS.map(
        ([user, group], index) => `${this.token(user)},${user},${index},"${group}"\n`,
      ).join(''),
    });
    await this.#addProxyAuthority();
    await this.#writeProxyCertificate();
    for (const [user] of USERS) {
      await this.writeKubeconfig(`${user}.kubeconfig`, { token: this.token(user) });
    }
  }

  async #addProxyAuthority(): Promise<void> {
    const subject = `CN=front-proxy-ca-${this.#proxyCas.length + 1}`;
    this.#proxyCas = [...this.#proxyCas, await issueNow({ subject, authority: true })];
    await this.#writeFiles({ 'proxy-ca.crt': this.#proxyCas.map(({ pem }) => pem).join('\n') });
  }

  async #writeProxyCertificate(): Promise<void> {
    const issuer = this.#proxyCas.at(-1) as Issued;
    const proxy = await issueNow({ subject: 'CN=front-proxy-client', issuer });
    await this.#writeFiles({ 'proxy.key': await keyOf(proxy), 'proxy.crt': proxy.pem });
  }

  async #writeFiles(files: { readonly [name: string]: string }): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await writeFile(this.file(name), `${text}\n`, { mode: 0o600 });
    }
  }

  #startEtcd(): void {
    const { etcd, peer } = this.#ports;
    const client = `http://127.0.0.1:${etcd}`;
    const other = `http://127.0.0.1:${peer}`;
    this.#etcd = start(this.programs.etcd, [
      ...['--data-dir', this.file('etcd'), '--name', 'only'],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', other, '--initial-advertise-peer-urls', other],
      ...['--initial-cluster', `only=${other}`],
    ]);
  }

  #apiserverFlags(): readonly string[] {
    const flags: { readonly [name: string]: string } = {
      'etcd-servers': `http://127.0.0.1:${this.#ports.etcd}`,
      'bind-address': '127.0.0.1',
      'secure-port': String(this.#ports.api),
      'endpoint-reconciler-type': 'none',
      'service-cluster-ip-range': '10.0.0.0/24',
      'authorization-mode': 'RBAC',
      'cert-dir': this.folder,
      'tls-cert-file': this.file('serving.crt'),
      'tls-private-key-file': this.file('serving.key'),
      'client-ca-file': this.file('ca.crt'),
      'token-auth-file': this.file('tokens.csv'),
      'service-account-issuer': 'https://kubernetes.default.svc',
      'service-account-key-file': this.file('accounts.pub'),
      'service-account-signing-key-file': this.file('accounts.key'),
      'requestheader-client-ca-file': this.file('proxy-ca.crt'),
      'requestheader-allowed-names': 'front-proxy-client',
      'requestheader-username-headers': 'X-Remote-User',
      'requestheader-uid-headers': 'X-Remote-Uid',
      'requestheader-group-headers': 'X-Remote-Group',
      'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
      'proxy-client-cert-file': this.file('proxy.crt'),
      'proxy-client-key-file': this.file('proxy.key'),
    };
    return Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  }
}

/** Asks again and again until it is so. Rejects after READY_TIMEOUT_MS. */
export async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const endsAt = Date.now() + READY_TIMEOUT_MS;
  while (!(await condition())) {
    if (Date.now() > endsAt) throw new Error(`it is never so that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

export async function end(running: RunningCommand | undefined): Promise<void> {
  running?.child.kill('SIGTERM');
  await running?.ended;
}
