/**
 * Resource types out of files: CustomResourceDefinitions in YAML (several documents) or JSON,
 * single or in a List, by file or by folder.
 *
 * 1. Either every file can be used, or one DefinitionError has all problems of all files.
 * 2. A folder stands for its own *.yaml, *.yml and *.json in the order of their names, not for
 *    those of folders within it.
 * 3. A document that is no definition is refused, not skipped: nothing that was asked for is lost.
 */

import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { ResourceType } from '../../object/index.js';
import { findNameConflicts } from './conflicts.js';
import { DefinitionField, isRecord } from './field.js';
import { deepFreeze } from './freeze.js';
import { DefinitionError } from './problem.js';
import type { DefinitionProblem } from './problem.js';
import { readDefinition } from './reader.js';

/** Reads the definitions of all `paths`. Throws a DefinitionError. */
export async function readResourceTypes(
  paths: readonly string[],
): Promise<readonly ResourceType[]> {
  const problems: DefinitionProblem[] = [];
  const placed: PlacedType[] = [];
  for (const path of paths) {
    for (const file of await filesOf(path, problems)) {
      const text = await readText(file, problems);
      if (text !== undefined) placed.push(...readFileText(file, text, problems));
    }
  }
  return finished(placed, problems);
}

/** Reads the definitions in the text of one file, whose name tells its format. */
export function parseResourceTypes(text: string, file: string): readonly ResourceType[] {
  const problems: DefinitionProblem[] = [];
  return finished(readFileText(file, text, problems), problems);
}

interface Place {
  readonly file: string;
  readonly document: number;
}

interface PlacedType {
  readonly type: ResourceType;
  readonly place: Place;
  /** Of the definition within its document: `items[2]` in a list. */
  readonly path: string;
}

const DEFINITION_FILE = /\.(?:yaml|yml|json)$/;
const LIST_KINDS: ReadonlySet<unknown> = new Set(['List', 'CustomResourceDefinitionList']);

function finished(
  placed: readonly PlacedType[],
  problems: DefinitionProblem[],
): readonly ResourceType[] {
  const types = placed.map(({ type }) => type);
  for (const { index, field, reason } of findNameConflicts(types)) {
    const at = placed[index];
    if (at === undefined) continue;
    problems.push({ ...at.place, field: at.path === '' ? field : `${at.path}.${field}`, reason });
  }
  if (problems.length > 0) throw new DefinitionError(problems);
  return types.map(deepFreeze);
}

async function filesOf(path: string, problems: DefinitionProblem[]): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const entries = await readdir(path, { withFileTypes: true });
    const files = entries
      .filter((entry) => !entry.isDirectory() && DEFINITION_FILE.test(entry.name))
      .map((entry) => join(path, entry.name))
      .sort();
    if (files.length === 0) {
      problems.push({ file: path, field: '', reason: 'has no *.yaml, *.yml or *.json file' });
    }
    return files;
  } catch (error) {
    problems.push({ file: path, field: '', reason: unreadable(error) });
    return [];
  }
}

async function readText(file: string, problems: DefinitionProblem[]): Promise<string | undefined> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
  } catch (error) {
    const reason = error instanceof TypeError ? 'is not UTF-8 text' : unreadable(error);
    problems.push({ file, field: '', reason });
    return undefined;
  }
}

function unreadable(error: unknown): string {
  return `can't be read: ${error instanceof Error ? error.message : String(error)}`;
}

function readFileText(
  file: string,
  text: string,
  problems: DefinitionProblem[],
): readonly PlacedType[] {
  const documents = parseDocuments(file, text, problems);
  if (documents === undefined) return [];
  const present = documents.filter(({ value }) => value !== null && value !== undefined);
  if (present.length === 0) {
    problems.push({ file, field: '', reason: 'has no CustomResourceDefinition' });
  }
  return present.flatMap(({ value, number }) => {
    return readDocument(value, { file, document: number }, problems);
  });
}

interface ParsedDocument {
  readonly value: unknown;
  /** From 1. */
  readonly number: number;
}

function parseDocuments(
  file: string,
  text: string,
  problems: DefinitionProblem[],
): readonly ParsedDocument[] | undefined {
  if (file.endsWith('.json')) {
    try {
      return [{ value: JSON.parse(text), number: 1 }];
    } catch (error) {
      problems.push({ file, field: '', reason: `is not JSON: ${(error as Error).message}` });
      return undefined;
    }
  }
  const before = problems.length;
  const documents: ParsedDocument[] = [];
  for (const [index, document] of [...parseAllDocuments(text, YAML_OPTIONS)].entries()) {
    const number = index + 1;
    const refuse = (reason: string): void => {
      problems.push({ file, document: number, field: '', reason: `is not YAML: ${reason}` });
    };
    for (const error of document.errors) refuse(firstLine(error.message));
    if (document.errors.length > 0) continue;
    try {
      documents.push({ value: document.toJS(), number });
    } catch (error) {
      // Aliases without an anchor, or too many of them.
      refuse((error as Error).message);
    }
  }
  return problems.length > before ? undefined : documents;
}

const YAML_OPTIONS = { merge: true, stringKeys: true, logLevel: 'error' } as const;

// The parser adds an excerpt of the file below.
function firstLine(message: string): string {
  return message.replace(/:?\n[^]*$/, '');
}

function readDocument(
  value: unknown,
  place: Place,
  problems: DefinitionProblem[],
): readonly PlacedType[] {
  const found: DefinitionProblem[] = [];
  const root = new DefinitionField(value, '', found);
  const isList = isRecord(value) && LIST_KINDS.has(value['kind']);
  const items = isList ? root.member('items').elements() : [root];
  const types = items.flatMap((item): readonly PlacedType[] => {
    const type = readDefinition(item, found);
    return type === undefined ? [] : [{ type, place, path: item.path }];
  });
  problems.push(...found.map((problem) => ({ ...place, ...problem })));
  return types;
}
