/**
 * The `objects` that a test server begins with, in the order in which they are given.
 *
 *  1. Each is created by the rules of the API; a status that it has is kept, where the type has a
 *     status subresource by a second write.
 *  2. What is refused is told with its place (`objects[2]`, or the file and the document) and the
 *     message of the server's Status.
 */

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments, type Document } from 'yaml';
import type { KubernetesObject } from '../object/index.js';
import { isStatusError } from '../request/index.js';
import { isDocument } from './definitions.js';
import { TestingError } from './error.js';
import type { InProcessClient } from './in-process.js';
import { DEFAULT_NAMESPACE } from './objects.js';
import { pathOf, type ServedTypes } from './served-types.js';

/** Throws a TestingError `invalid-object` or `unknown-type`. */
export async function createInitialObjects(
  objects: readonly (string | object)[],
  types: ServedTypes,
  client: InProcessClient,
): Promise<void> {
  for (const [index, given] of objects.entries()) {
    for (const initial of await readObjects(given, `objects[${index}]`)) {
      await createObject(initial, types, client);
    }
  }
}

interface InitialObject {
  readonly place: string;
  readonly object: KubernetesObject & { readonly status?: unknown };
  readonly contentType: 'application/json' | 'application/yaml';
  /** The object as it is sent, with what is given put into its metadata. */
  readonly text: (identity?: Identity) => string;
}

/** Which version of which object is to be replaced. */
interface Identity {
  readonly name?: string;
  readonly resourceVersion?: string;
}

async function readObjects(given: string | object, place: string): Promise<InitialObject[]> {
  if (typeof given !== 'string') return [plainObject(given, place)];
  if (isDocument(given)) return readDocuments(given, place);
  const files = await filesOf(given);
  const read = await Promise.all(
    files.map(async (file) => readDocuments(await readText(file), file)),
  );
  return read.flat();
}

function plainObject(given: object, place: string): InitialObject {
  const { metadata } = given as KubernetesObject;
  const text = (identity?: Identity): string =>
    JSON.stringify({ ...given, metadata: { ...metadata, ...identity } });
  try {
    text();
  } catch (error) {
    throw new TestingError('invalid-object', `${place}: ${(error as Error).message}`);
  }
  return { place, object: given, contentType: 'application/json', text };
}

function readDocuments(text: string, place: string): InitialObject[] {
  const parsed = parseAllDocuments(text, { intAsBigInt: true, logLevel: 'error' });
  const documents: Document.Parsed[] = 'empty' in parsed ? [] : parsed;
  return documents.flatMap((document, index) => {
    const where = documents.length === 1 ? place : `${place}, document ${index + 1}`;
    const [error] = document.errors;
    if (error !== undefined) throw new TestingError('invalid-object', `${where}: ${error.message}`);
    const object = document.toJS() as KubernetesObject | null;
    if (object === null) return [];
    return [
      {
        place: where,
        object,
        contentType: 'application/yaml',
        text: (identity = {}) => {
          // Printed out of the document: values that a double can't hold stay as they are.
          const copy = document.clone() as Document;
          for (const [field, value] of Object.entries(identity)) {
            copy.setIn(['metadata', field], value);
          }
          return copy.toString({ directives: false });
        },
      },
    ];
  });
}

async function filesOf(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (!found.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
  return names.map((name) => join(path, name));
}

async function readText(file: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(path: string, error: unknown): TestingError {
  const message = `objects: ${path} can't be read: ${(error as Error).message}`;
  return new TestingError('invalid-options', message, { cause: error });
}

async function createObject(
  { place, object, contentType, text }: InitialObject,
  types: ServedTypes,
  client: InProcessClient,
): Promise<void> {
  const served = types.ofObject(object, place);
  const namespace = object.metadata?.namespace ?? DEFAULT_NAMESPACE;
  try {
    const path = pathOf(served, { namespace });
    const answer = await client.request({ method: 'POST', path, contentType, body: text() });
    if (object.status === undefined || !served.version.statusSubresource) return;
    const { name = '', resourceVersion = '' } =
      (JSON.parse(answer) as KubernetesObject).metadata ?? {};
    await client.request({
      method: 'PUT',
      path: pathOf(served, { namespace, name }, 'status'),
      contentType,
      body: text({ name, resourceVersion }),
    });
  } catch (error) {
    if (!isStatusError(error)) throw error;
    throw new TestingError('invalid-object', `${place}: ${error.message}`, { cause: error });
  }
}
