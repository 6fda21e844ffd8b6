/**
 * Reads kubeconfig files (client-go `tools/clientcmd`, restated): one file, one context of it.
 *
 * 1. `…-data` wins over the file of the same name; paths are relative to the kubeconfig's folder.
 * 2. What is not understood and would change who one is or where one connects to (`exec`,
 *    `auth-provider`, `proxy-url`) is refused, not passed over.
 */

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';

import { parse } from 'yaml';

import type { ClientConfig, Impersonation, Material } from './config.js';
import { ClientError, reasonOf } from './error.js';

export interface KubeconfigSource {
  /** Default: the first file of the environment variable KUBECONFIG, then `~/.kube/config`. */
  readonly file?: string;
  /** The text of such a file, in place of a file; relative paths are the working directory's. */
  readonly text?: string;
  /** Default the file's `current-context`. */
  readonly context?: string;
}

/** Throws a ClientError `bad-kubeconfig`, with the file and the entry that is wrong. */
export function readKubeconfig(source: KubeconfigSource = {}): ClientConfig {
  const file = source.file ?? defaultFile();
  const place = source.text === undefined ? `kubeconfig ${file}` : 'the kubeconfig';
  const folder = source.text === undefined ? dirname(resolve(file)) : process.cwd();
  const document = new Document(place, source.text ?? textOf(file), folder);
  return document.config(source.context);
}

function defaultFile(): string {
  const files = (process.env['KUBECONFIG'] ?? '').split(delimiter);
  const first = files.find((path) => path !== '');
  return first ?? join(homedir(), '.kube', 'config');
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ClientError('bad-kubeconfig', `kubeconfig ${file}: ${reasonOf(error)}`, error);
  }
}

type Fields = { readonly [name: string]: unknown };

class Document {
  readonly #place: string;
  readonly #folder: string;
  readonly #root: Fields;

  constructor(place: string, text: string, folder: string) {
    this.#place = place;
    this.#folder = folder;
    let root: unknown;
    try {
      root = parse(text);
    } catch (error) {
      throw this.#refusal(`is no YAML: ${reasonOf(error)}`);
    }
    if (!isFields(root)) throw this.#refusal('holds no Config');
    this.#root = root;
  }

  config(contextName: string | undefined): ClientConfig {
    const current = contextName ?? this.#root['current-context'];
    if (typeof current !== 'string' || current === '') {
      throw this.#refusal('has no current-context');
    }
    const context = this.#named('contexts', 'context', current);
    const clusterName = this.#text(context, 'cluster', `context "${current}"`) ?? '';
    const cluster = this.#named('clusters', 'cluster', clusterName);
    const userName = this.#text(context, 'user', `context "${current}"`) ?? '';
    const user = userName === '' ? {} : this.#named('users', 'user', userName);
    return {
      ...this.#cluster(cluster, `cluster "${clusterName}"`),
      ...this.#user(user, `user "${userName}"`),
    };
  }

  #cluster(cluster: Fields, where: string): ClientConfig {
    const server = this.#text(cluster, 'server', where);
    if (server === undefined || !/^https?:\/\//.test(server) || !URL.canParse(server)) {
      throw this.#refusal(`${where}: server is no http or https URL`);
    }
    if (cluster['proxy-url'] !== undefined) {
      throw this.#refusal(`${where}: proxy-url is not supported`);
    }
    const authority = this.#material(cluster, 'certificate-authority', where);
    const insecure = cluster['insecure-skip-tls-verify'] === true;
    if (insecure && authority !== undefined) {
      throw this.#refusal(`${where} has a certificate-authority and insecure-skip-tls-verify`);
    }
    const tlsServerName = this.#text(cluster, 'tls-server-name', where);
    return {
      server,
      ...(authority === undefined ? {} : { certificateAuthority: authority }),
      ...(tlsServerName === undefined ? {} : { tlsServerName }),
      insecureSkipTlsVerify: insecure,
    };
  }

  #user(user: Fields, where: string): Omit<ClientConfig, 'server'> {
    for (const field of ['exec', 'auth-provider']) {
      if (user[field] === undefined) continue;
      throw this.#refusal(`${where}: ${field} is not supported; use a token or a certificate`);
    }
    const clientCertificate = this.#material(user, 'client-certificate', where);
    const clientKey = this.#material(user, 'client-key', where);
    if ((clientCertificate === undefined) !== (clientKey === undefined)) {
      throw this.#refusal(`${where} has one of client-certificate and client-key, and not both`);
    }
    const token = this.#token(user, where);
    const username = this.#text(user, 'username', where);
    const impersonate = this.#impersonation(user, where);
    return {
      ...(clientCertificate === undefined ? {} : { clientCertificate }),
      ...(clientKey === undefined ? {} : { clientKey }),
      ...(token === undefined ? {} : { token }),
      ...(username === undefined
        ? {}
        : { basic: { username, password: this.#text(user, 'password', where) ?? '' } }),
      ...(impersonate === undefined ? {} : { impersonate }),
    };
  }

  // A file that holds the newest token wins over the token that was there once.
  #token(user: Fields, where: string): Material | undefined {
    const file = this.#text(user, 'tokenFile', where);
    if (file !== undefined) return { file: resolve(this.#folder, file) };
    const data = this.#text(user, 'token', where);
    return data === undefined ? undefined : { data };
  }

  #impersonation(user: Fields, where: string): Impersonation | undefined {
    const username = this.#text(user, 'as', where);
    if (username === undefined) return undefined;
    const uid = this.#text(user, 'as-uid', where);
    return {
      username,
      ...(uid === undefined ? {} : { uid }),
      groups: this.#texts(user['as-groups'] ?? [], `${where}: as-groups`),
      extra: this.#extra(user['as-user-extra'] ?? {}, `${where}: as-user-extra`),
    };
  }

  #extra(value: unknown, where: string): { readonly [key: string]: readonly string[] } {
    if (!isFields(value)) throw this.#refusal(`${where} is no map of lists`);
    return Object.fromEntries(
      Object.entries(value).map(([key, list]) => [key, this.#texts(list, `${where}.${key}`)]),
    );
  }

  #texts(value: unknown, where: string): readonly string[] {
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    throw this.#refusal(`${where} is no list of strings`);
  }

  #material(fields: Fields, name: string, where: string): Material | undefined {
    const data = this.#text(fields, `${name}-data`, where);
    if (data !== undefined) return { data: Buffer.from(data, 'base64').toString() };
    const file = this.#text(fields, name, where);
    return file === undefined ? undefined : { file: resolve(this.#folder, file) };
  }

  // Empty is the same as not there, as everywhere in the format.
  #text(fields: Fields, name: string, where: string): string | undefined {
    const value = fields[name];
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value !== 'string') throw this.#refusal(`${where}: ${name} is no string`);
    return value;
  }

  #named(list: string, field: string, name: string): Fields {
    const entries = this.#root[list];
    const found = (Array.isArray(entries) ? entries : []).find(
      (entry: unknown) => isFields(entry) && entry['name'] === name,
    ) as Fields | undefined;
    const value = found?.[field];
    if (!isFields(value)) throw this.#refusal(`has no ${field} "${name}"`);
    return value;
  }

  #refusal(why: string): ClientError {
    return new ClientError('bad-kubeconfig', `${this.#place} ${why}`);
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
