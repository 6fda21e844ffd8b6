/**
 * Finding objects by the value of an indexed field or label: an ordered copy-on-write tree with one
 * text for each object and each index that has a value of it. It is part of a state, as the
 * directory is, and says the same at the same moment.
 *
 *   0:2:n1 a/web    0:2:n1 b/api    0:2:n2 a/db    1:3:web a/web   …
 *   number, length of the value, value, key
 *
 * Invariants:
 *  1. A text is there exactly while the object in the directory has the value. A field that is ''
 *     or absent, and a label that is absent, have none.
 *  2. The texts of one value stand in key order, over all namespaces and within each.
 *  3. A text names its object, not a version of it: what changes no value changes no text.
 */

import { compareUtf8, type ObjectKey } from '../../object/index.js';
import type { IndexDeclaration } from '../indexes.js';
import { indexNames } from '../indexes.js';
import { type Tree, TreeSnapshot } from './tree.js';
import type { TreeShape } from './tree-node.js';
import type { Version } from './version.js';

const TEXT_SHAPE: TreeShape<string> = {
  keyOf: (text) => text,
  compare: compareUtf8,
  weightOf: () => 1,
};

const NO_TEXTS: TreeSnapshot<string> = TreeSnapshot.empty(TEXT_SHAPE);

/** The indexes of a cache: fields first, then labels. An index is known by its number. */
export class Indexes {
  readonly #fields: readonly number[];
  readonly #labels: readonly string[];
  /** As lists name them, by their numbers. */
  readonly names: readonly string[];
  /** The index of a state without objects. */
  readonly empty: ObjectIndex;

  /** `declared` are the declared fields, of which the indexed ones are some. */
  constructor(declared: readonly string[], { fields, labels }: IndexDeclaration) {
    this.#fields = fields.map((path) => declared.indexOf(path));
    this.#labels = labels;
    this.names = indexNames({ fields, labels });
    this.empty = new ObjectIndex(this, NO_TEXTS);
  }

  get count(): number {
    return this.#fields.length + this.#labels.length;
  }

  /** The number of the index of a declared field, by its position; below 0 where there is none. */
  ofField(position: number): number {
    return this.#fields.indexOf(position);
  }

  /** The number of the index of a label; below 0 where there is none. */
  ofLabel(key: string): number {
    const at = this.#labels.indexOf(key);
    return at < 0 ? at : this.#fields.length + at;
  }

  /** What the version has under the index; `undefined` where that is nothing. */
  valueOf(version: Version, number: number): string | undefined {
    const position = this.#fields[number];
    if (position !== undefined) return version.fields[position] || undefined;
    return version.label(this.#labels[number - this.#fields.length]!);
  }
}

/** How the texts of all entries begin that an index has of a value. */
export function indexPrefix(number: number, value: string): string {
  return `${number}:${value.length}:${value} `;
}

/** The object that is named behind a prefix. */
export function indexedKey(text: string): ObjectKey {
  const slash = text.indexOf('/');
  return { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

/** The index of one state. */
export class ObjectIndex {
  readonly indexes: Indexes;
  readonly texts: TreeSnapshot<string>;

  constructor(indexes: Indexes, texts: TreeSnapshot<string>) {
    this.indexes = indexes;
    this.texts = texts;
  }

  edit(): IndexEdit {
    return new IndexEdit(this.indexes, this.texts.edit());
  }

  /** How many texts begin so. */
  count(beginning: string): number {
    const last = beginning.length - 1;
    const behind = beginning.slice(0, last) + String.fromCharCode(beginning.charCodeAt(last) + 1);
    return this.texts.rank(behind) - this.texts.rank(beginning);
  }
}

/** An index in the making. */
export class IndexEdit {
  readonly #indexes: Indexes;
  readonly #texts: Tree<string>;

  constructor(indexes: Indexes, texts: Tree<string>) {
    this.#indexes = indexes;
    this.#texts = texts;
  }

  /** The object has `version` in the place of `previous`; `undefined` is none. */
  change(previous: Version | undefined, version: Version | undefined): void {
    const named = version ?? previous;
    if (named === undefined) return;
    for (let number = 0; number < this.#indexes.count; number++) {
      const from = previous && this.#indexes.valueOf(previous, number);
      const to = version && this.#indexes.valueOf(version, number);
      if (from === to) continue;
      const key = `${named.namespace}/${named.name}`;
      if (from !== undefined) this.#texts.delete(indexPrefix(number, from) + key);
      if (to !== undefined) this.#texts.put(indexPrefix(number, to) + key);
    }
  }

  /** The state that was made. The edit can go on from it. */
  finish(): ObjectIndex {
    return new ObjectIndex(this.#indexes, this.#texts.snapshot());
  }
}
