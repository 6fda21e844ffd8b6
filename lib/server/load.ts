/**
 * Objects from YAML or JSON files, created in a server that has not got them yet: what an example
 * or a test environment starts with.
 *
 * 1. What exists already is left as it is.
 * 2. A file that can't be used is told with its name, the number of the document and the reason;
 *    the objects before it stay.
 */

import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isScalar, parseAllDocuments } from 'yaml';
import { apiVersionOf, type ResourceType } from '../object/index.js';
import type { InjectedRequest } from './inject.js';
import type { InjectedResponse } from './injected-response.js';

/** A file of objects that can't be loaded. */
export class LoadError extends Error {
  override readonly name: string = 'LoadError';
  readonly code: string = 'load-failed';
}

/** Serves a request as if its sender were allowed everything. */
export type Inject = (request: InjectedRequest) => Promise<InjectedResponse>;

export interface Loaded {
  readonly created: number;
  /** Were there already. */
  readonly existing: number;
}

/** Creates the objects of files, or of the `.yaml`, `.yml` and `.json` files of folders. */
export async function loadObjects(
  paths: readonly string[],
  types: readonly ResourceType[],
  inject: Inject,
): Promise<Loaded> {
  let created = 0;
  let existing = 0;
  for (const file of await filesOf(paths)) {
    const documents = await readDocuments(file);
    for (const [index, document] of documents.entries()) {
      const place = `${file}: document ${index + 1}`;
      const collection = collectionOf(document, types, place);
      if (await isThere(document, collection, inject)) {
        existing++;
        continue;
      }
      const answer = await inject({
        method: 'POST',
        path: collection,
        headers: { 'content-type': 'application/yaml' },
        body: document.text,
      });
      if (answer.status === 201) created++;
      else if (answer.status === 409) existing++;
      else throw new LoadError(`${place}: ${messageOf(answer)}`);
    }
  }
  return { created, existing };
}

async function filesOf(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const found = await stat(path).catch((error: unknown) => {
      throw new LoadError(`${path}: can't be read: ${(error as Error).message}`);
    });
    if (!found.isDirectory()) {
      files.push(path);
      continue;
    }
    const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
    files.push(...names.map((name) => join(path, name)));
  }
  return files;
}

interface ReadDocument {
  readonly apiVersion: unknown;
  readonly kind: unknown;
  readonly namespace: unknown;
  readonly name: unknown;
  /** As it is written: printed anew, long numbers would lose digits. */
  readonly text: string;
}

async function readDocuments(file: string): Promise<ReadDocument[]> {
  const text = await readText(file);
  const parsed = parseAllDocuments(text);
  const documents: ReadDocument[] = [];
  let end = 0;
  for (const document of 'empty' in parsed ? [] : parsed) {
    const start = end;
    end = document.range[2];
    const { contents, errors } = document;
    if (contents === null || (isScalar(contents) && contents.value === null)) continue;
    const [error] = errors;
    if (error !== undefined) {
      throw new LoadError(`${file}: document ${documents.length + 1}: ${error.message}`);
    }
    documents.push({
      apiVersion: document.get('apiVersion'),
      kind: document.get('kind'),
      namespace: document.getIn(['metadata', 'namespace']),
      name: document.getIn(['metadata', 'name']),
      text: text.slice(start, end),
    });
  }
  return documents;
}

async function readText(file: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
  } catch (error) {
    throw new LoadError(`${file}: can't be read: ${(error as Error).message}`);
  }
}

async function isThere(
  { name }: ReadDocument,
  collection: string,
  inject: Inject,
): Promise<boolean> {
  if (typeof name !== 'string' || name === '') return false;
  const path = `${collection}/${encodeURIComponent(name)}`;
  const { status } = await inject({ method: 'GET', path });
  return status === 200;
}

function collectionOf(
  document: ReadDocument,
  types: readonly ResourceType[],
  place: string,
): string {
  for (const type of types) {
    for (const version of type.versions) {
      const apiVersion = apiVersionOf(type.group, version.name);
      if (document.kind !== type.kind || document.apiVersion !== apiVersion) continue;
      const root = type.group === '' ? `/api/${apiVersion}` : `/apis/${apiVersion}`;
      const namespace = String(document.namespace ?? 'default');
      const scope = type.namespaced ? `/namespaces/${encodeURIComponent(namespace)}` : '';
      return `${root}${scope}/${type.resource}`;
    }
  }
  const subject = `${String(document.apiVersion)} ${String(document.kind)}`;
  throw new LoadError(`${place}: no resource type serves ${subject}`);
}

function messageOf(answer: InjectedResponse): string {
  const text = answer.text();
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text;
  }
}
