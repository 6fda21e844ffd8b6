/**
 * Which groups an event may concern, found without asking every group.
 *
 * A group is registered in one place, the narrowest that its scope allows:
 *
 *   any namespace ─┬─ by name          metadata.name=web-0, or a watch of one object
 *                  ├─ by field value   spec.nodeName=node-7
 *                  ├─ by label value   app=web, app in (web, api): under each value
 *                  └─ the rest
 *   namespace a   ─┴─ the same four
 *
 * An event visits two of these trees, that of its namespace and that of any, with the names, field
 * values and labels of the version before and of the new one: an object that moves from one value
 * to another concerns the watches of both.
 *
 * Invariant: an empty set or index is removed at once, so nothing remains of groups that are gone.
 */

import type { WatchGroup } from './group.js';
import type { EventRecord } from './log.js';
import type { Version } from './version.js';

/** Groups by some value. */
type GroupsByValue = Map<string, Set<WatchGroup>>;

/** The groups of one namespace, or of all. */
class NamespaceInterest {
  readonly #names: GroupsByValue = new Map();
  /** By index of the field, then by value. */
  readonly #fields = new Map<number, GroupsByValue>();
  /** By label key, then by value. */
  readonly #labels = new Map<string, GroupsByValue>();
  readonly #rest = new Set<WatchGroup>();

  get isEmpty(): boolean {
    return this.#names.size + this.#fields.size + this.#labels.size === 0 && this.#rest.size === 0;
  }

  add(group: WatchGroup): void {
    const { scope } = group;
    if (scope.name !== undefined) return addTo(this.#names, scope.name, group);
    const field = scope.fieldEquality();
    if (field !== undefined) return addTo(valuesOf(this.#fields, field.index), field.value, group);
    const label = scope.labelEquality();
    if (label === undefined) {
      this.#rest.add(group);
      return;
    }
    for (const value of label.values) addTo(valuesOf(this.#labels, label.key), value, group);
  }

  delete(group: WatchGroup): void {
    const { scope } = group;
    if (scope.name !== undefined) return deleteFrom(this.#names, scope.name, group);
    const field = scope.fieldEquality();
    if (field !== undefined) {
      deleteValues(this.#fields, field.index, [field.value], group);
      return;
    }
    const label = scope.labelEquality();
    if (label === undefined) this.#rest.delete(group);
    else deleteValues(this.#labels, label.key, label.values, group);
  }

  visit(record: EventRecord, ask: (group: WatchGroup) => void): void {
    this.#rest.forEach(ask);
    const { version, previous } = record;
    const name = (version ?? previous)!.name;
    this.#names.get(name)?.forEach(ask);
    if (version !== undefined) this.#visitValues(version, ask);
    if (previous !== undefined) this.#visitValues(previous, ask);
  }

  #visitValues(version: Version, ask: (group: WatchGroup) => void): void {
    for (const [index, values] of this.#fields) {
      values.get(version.fields[index] ?? '')?.forEach(ask);
    }
    if (this.#labels.size === 0) return;
    const labels = version.labels;
    for (let index = 0; index < labels.length; index += 2) {
      this.#labels
        .get(labels[index]!)
        ?.get(labels[index + 1]!)
        ?.forEach(ask);
    }
  }
}

export class Interest {
  readonly #any = new NamespaceInterest();
  readonly #namespaces = new Map<string, NamespaceInterest>();
  #asked = 0;

  /** How many times a group was asked whether an event concerns it. */
  get asked(): number {
    return this.#asked;
  }

  /** Whether no group is registered. */
  get isEmpty(): boolean {
    return this.#any.isEmpty && this.#namespaces.size === 0;
  }

  add(group: WatchGroup): void {
    const { namespace } = group.scope;
    if (namespace === undefined) return this.#any.add(group);
    let interest = this.#namespaces.get(namespace);
    if (interest === undefined) {
      interest = new NamespaceInterest();
      this.#namespaces.set(namespace, interest);
    }
    interest.add(group);
  }

  delete(group: WatchGroup): void {
    const { namespace } = group.scope;
    if (namespace === undefined) return this.#any.delete(group);
    const interest = this.#namespaces.get(namespace)!;
    interest.delete(group);
    if (interest.isEmpty) this.#namespaces.delete(namespace);
  }

  /** Offers the event to every group that it may concern, once. */
  offer(record: EventRecord): void {
    const ask = (group: WatchGroup): void => {
      if (group.askedSequence === record.sequence) return;
      group.askedSequence = record.sequence;
      this.#asked++;
      group.offer(record);
    };
    this.#any.visit(record, ask);
    const { namespace } = (record.version ?? record.previous)!;
    this.#namespaces.get(namespace)?.visit(record, ask);
  }
}

function valuesOf<Key>(index: Map<Key, GroupsByValue>, key: Key): GroupsByValue {
  let values = index.get(key);
  if (values === undefined) {
    values = new Map();
    index.set(key, values);
  }
  return values;
}

function addTo(groups: GroupsByValue, value: string, group: WatchGroup): void {
  const found = groups.get(value);
  if (found === undefined) groups.set(value, new Set([group]));
  else found.add(group);
}

function deleteFrom(groups: GroupsByValue, value: string, group: WatchGroup): void {
  const found = groups.get(value);
  found?.delete(group);
  if (found?.size === 0) groups.delete(value);
}

function deleteValues<Key>(
  index: Map<Key, GroupsByValue>,
  key: Key,
  values: readonly string[],
  group: WatchGroup,
): void {
  const groups = index.get(key);
  if (groups === undefined) return;
  for (const value of values) deleteFrom(groups, value, group);
  if (groups.size === 0) index.delete(key);
}
