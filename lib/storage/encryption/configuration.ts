/**
 * kube-apiserver's EncryptionConfiguration (`apiserver.config.k8s.io/v1`), in YAML or JSON, as
 * rules. Of its providers there are `aesgcm` and `identity`.
 *
 * A rule that could never count is refused, as upstream does: who writes one believes that
 * something is encrypted which is not.
 */

import { parseAllDocuments } from 'yaml';

import { EncryptionError } from './error.js';
import {
  AesGcmProvider,
  IDENTITY,
  SECRET_BYTES,
  type EncryptionKey,
  type Provider,
} from './provider.js';
import { EncryptionRules, type EncryptionRule } from './rules.js';

const API_VERSION = 'apiserver.config.k8s.io/v1';
const KIND = 'EncryptionConfiguration';
const UNSUPPORTED: ReadonlySet<string> = new Set(['aescbc', 'secretbox', 'kms']);

/** Throws an EncryptionError `invalid-configuration` that names the place. */
export function parseEncryptionConfiguration(text: string): EncryptionRules {
  const root = mapping(documentOf(text), 'the configuration');
  known(root, ['apiVersion', 'kind', 'resources'], '');
  if (root['apiVersion'] !== API_VERSION || root['kind'] !== KIND) {
    const found = `${JSON.stringify(root['apiVersion'])}, ${JSON.stringify(root['kind'])}`;
    throw invalid(`apiVersion and kind must be ${API_VERSION} and ${KIND}, but they are ${found}`);
  }
  const rules = sequence(root['resources'], 'resources').map(readRule);
  checkMasked(rules);
  return new EncryptionRules(rules);
}

function documentOf(text: string): unknown {
  const documents = parseAllDocuments(text);
  const [document] = Array.isArray(documents) ? documents : [];
  if (document === undefined || documents.length !== 1) {
    throw invalid(`it must be one document, but there are ${documents.length}`);
  }
  // The error's own text quotes lines of the file, and there are secrets in it.
  const [error] = document.errors;
  if (error !== undefined) {
    const line = error.linePos?.[0].line;
    throw invalid(`it is no YAML${line === undefined ? '' : `: line ${line}`} (${error.code})`);
  }
  return document.toJS();
}

function readRule(raw: unknown, index: number): EncryptionRule {
  const path = `resources[${index}]`;
  const rule = mapping(raw, path);
  known(rule, ['resources', 'providers'], `${path}.`);
  const resources = sequence(rule['resources'], `${path}.resources`).map((name, at) =>
    readResource(name, `${path}.resources[${at}]`),
  );
  const twice = resources.find((name, at) => resources.indexOf(name) < at);
  if (twice !== undefined) throw invalid(`${path}.resources: ${twice} is there twice`);
  const providers = sequence(rule['providers'], `${path}.providers`).map((provider, at) =>
    readProvider(provider, `${path}.providers[${at}]`),
  );
  return { resources, providers };
}

function readResource(raw: unknown, path: string): string {
  const name = string(raw, path);
  if (name === '*') throw invalid(`${path}: "*" alone means nothing; use "*." or "*.*"`);
  if (name !== name.toLowerCase()) throw invalid(`${path}: ${name} must be in lower case`);
  if (name.includes('/')) throw invalid(`${path}: ${name} must not name a subresource`);
  if (!/^(?:\*\.\*|\*\.[a-z0-9.-]*|[a-z0-9-]+(?:\.[a-z0-9.-]+)?)$/.test(name)) {
    throw invalid(`${path}: ${JSON.stringify(name)} is no resource, such as widgets.example.com`);
  }
  return name;
}

function readProvider(raw: unknown, path: string): Provider {
  const entries = Object.entries(mapping(raw, path));
  const [first] = entries;
  if (first === undefined || entries.length !== 1) {
    throw invalid(`${path} must have exactly one provider, but it has ${entries.length}`);
  }
  const [kind, settings] = first;
  if (kind === 'identity') return IDENTITY;
  if (kind === 'aesgcm') return new AesGcmProvider(readKeys(settings, `${path}.aesgcm`));
  const reason = UNSUPPORTED.has(kind) ? 'is not supported' : 'is no provider';
  throw invalid(`${path}: ${kind} ${reason}; aesgcm and identity are`);
}

function readKeys(raw: unknown, path: string): readonly EncryptionKey[] {
  const settings = mapping(raw, path);
  known(settings, ['keys'], `${path}.`);
  const keys = sequence(settings['keys'], `${path}.keys`).map((key, index) =>
    readKey(key, `${path}.keys[${index}]`),
  );
  const twice = keys.find(({ name }, at) => keys.findIndex((key) => key.name === name) < at);
  if (twice !== undefined) throw invalid(`${path}.keys: the name ${twice.name} is there twice`);
  return keys;
}

function readKey(raw: unknown, path: string): EncryptionKey {
  const key = mapping(raw, path);
  known(key, ['name', 'secret'], `${path}.`);
  const name = string(key['name'], `${path}.name`);
  if (name.includes(':')) throw invalid(`${path}.name must not contain ":"`);
  const text = string(key['secret'], `${path}.secret`).trim();
  if (!BASE64.test(text)) throw invalid(`${path}.secret is not base64`);
  const secret = Buffer.from(text, 'base64');
  if (!SECRET_BYTES.includes(secret.length)) {
    const sizes = SECRET_BYTES.join(', ');
    throw invalid(`${path}.secret has ${secret.length} bytes; it must have one of ${sizes}`);
  }
  return { name, secret };
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

// A name behind itself, and one behind or beside a wildcard that stands for it.
function checkMasked(rules: readonly EncryptionRule[]): void {
  const before = new Set<string>();
  for (const [index, { resources }] of rules.entries()) {
    for (const name of resources) {
      const wildcards = wildcardsFor(name);
      const mask =
        [name, ...wildcards].find((other) => before.has(other)) ??
        wildcards.find((wildcard) => resources.includes(wildcard));
      if (mask === undefined) continue;
      throw invalid(`resources[${index}].resources: ${name} is masked by ${mask}`);
    }
    for (const name of resources) before.add(name);
  }
}

function wildcardsFor(name: string): readonly string[] {
  if (name === '*.*') return [];
  if (name.startsWith('*.')) return ['*.*'];
  const dot = name.indexOf('.');
  return [`*.${dot < 0 ? '' : name.slice(dot + 1)}`, '*.*'];
}

function mapping(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw invalid(`${path} must be a mapping`);
}

function sequence(value: unknown, path: string): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0) return value;
  throw invalid(`${path} must be a list with at least one entry`);
}

function string(value: unknown, path: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw invalid(`${path} must be a text that is not empty`);
}

function known(value: object, names: readonly string[], path: string): void {
  const strange = Object.keys(value).find((name) => !names.includes(name));
  if (strange !== undefined) throw invalid(`${path}${strange} is no field`);
}

function invalid(message: string): EncryptionError {
  return new EncryptionError('invalid-configuration', message);
}
