/**
 * A list's or watch's scope, ready to be asked: which objects belong to it, where to look for them,
 * and how they are served.
 *
 * Requirements on `metadata.name=` and `metadata.namespace=` narrow the place that is searched (as
 * upstream narrows it); they are checked like all others too, so that contradictions match nothing.
 */

import {
  FieldMatcher,
  type FieldRequirement,
  hasShard,
  isInShard,
  LabelMatcher,
  type LabelRequirement,
  type ShardSelector,
} from '../../object/index.js';
import { checkDeclared } from '../checks.js';
import type { EngineScope, WatchEventType } from '../contract.js';
import type { EventRecord } from './log.js';
import { uidHash } from './uid.js';
import { type Rendering, renderingOf, type Version } from './version.js';

const NAME = 'metadata.name';
const NAMESPACE = 'metadata.namespace';

/** A declared field and the value that a selector demands of it. */
export interface FieldEquality {
  /** Index of the field in the order of declaration. */
  readonly index: number;
  readonly value: string;
}

/** A label and the values of which a selector demands one. */
export interface LabelEquality {
  readonly key: string;
  readonly values: readonly string[];
}

/** A value, or one of some, without which an object does not belong to a scope. */
export interface Demand {
  /** Of a label. */
  readonly key: string | undefined;
  /** Of a declared field, in the order of declaration; below 0 for a label. */
  readonly position: number;
  readonly values: readonly string[];
}

export class Scope {
  /** Only objects of this namespace; absent: of all. */
  readonly namespace: string | undefined;
  /** Only objects of this name; absent: all. */
  readonly name: string | undefined;
  /** Whether a selector is part of it, even one that only narrows. */
  readonly hasSelector: boolean;
  /** How its objects are served. */
  readonly rendering: Rendering;
  readonly #labels: readonly LabelRequirement[];
  readonly #fields: readonly FieldRequirement[];
  readonly #declared: readonly string[];
  readonly #shard: ShardSelector | undefined;
  // Asked first: it turns most versions away without a lookup by path.
  readonly #requiredField: FieldEquality | undefined;

  readonly #labelMatcher: LabelMatcher;
  readonly #fieldMatcher: FieldMatcher;

  // The version that the lookup below reads: one function for the scope's whole life.
  #version: Version | undefined;
  readonly #field = (path: string): string | undefined => this.#fieldOf(this.#version!, path);

  /** Throws `undeclared-field` for a field that is neither metadata's nor in `declared`. */
  constructor(scope: EngineScope, declared: readonly string[]) {
    this.#labels = scope.selector?.labels ?? [];
    this.#fields = scope.selector?.fields ?? [];
    this.#labelMatcher = new LabelMatcher(this.#labels);
    this.#fieldMatcher = new FieldMatcher(this.#fields);
    this.#declared = declared;
    checkDeclared(this.#fields, declared);
    this.namespace = scope.namespace ?? this.#required(NAMESPACE);
    this.name = scope.name ?? this.#required(NAME);
    this.#shard = scope.selector?.shard;
    this.hasSelector = this.#labels.length + this.#fields.length > 0 || this.#shard !== undefined;
    this.rendering = renderingOf(scope.apiVersion);
    this.#requiredField = this.fieldEquality();
  }

  /** Whether the version meets the selector, wherever it is. */
  selects(version: Version): boolean {
    const required = this.#requiredField;
    if (required !== undefined && (version.fields[required.index] ?? '') !== required.value) {
      return false;
    }
    if (!this.#labelMatcher.matches(version.labels)) return false;
    this.#version = version;
    const selects = this.#fieldMatcher.matches(this.#field);
    this.#version = undefined;
    return selects && this.#isInShard(version);
  }

  /**
   * What a watch of this scope is told of an event, or `undefined` for nothing:
   *
   *   before   after      told
   *   –        matches    ADDED     the new version
   *   matches  matches    MODIFIED  the new version
   *   matches  –          DELETED   the version before, at the event's revision
   */
  transition(record: EventRecord): WatchEventType | undefined {
    const { version, previous } = record;
    // One object has one place: a replay of a long log mostly meets those of others.
    if (!this.#covers((version ?? previous)!)) return undefined;
    const before = previous !== undefined && (!this.hasSelector || this.selects(previous));
    const after = version !== undefined && (!this.hasSelector || this.selects(version));
    if (after) return before ? 'MODIFIED' : 'ADDED';
    return before ? 'DELETED' : undefined;
  }

  /** A declared field for which exactly one value will do, if there is one. */
  fieldEquality(): FieldEquality | undefined {
    for (const { path, operator, value } of this.#fields) {
      const index = this.#declared.indexOf(path);
      if (operator === 'Equals' && index >= 0) return { index, value };
    }
    return undefined;
  }

  /** A label for which only certain values will do, if there is one. */
  labelEquality(): LabelEquality | undefined {
    const found = this.#labels.find(({ operator }) => operator === 'In');
    return found === undefined ? undefined : { key: found.key, values: found.values };
  }

  /** What an object must have; a field that may be absent is not among it. */
  demands(): readonly Demand[] {
    const demands: Demand[] = [];
    for (const { path, operator, value } of this.#fields) {
      const position = this.#declared.indexOf(path);
      if (operator !== 'Equals' || position < 0 || value === '') continue;
      demands.push({ key: undefined, position, values: [value] });
    }
    for (const { key, operator, values } of this.#labels) {
      if (operator === 'In') demands.push({ key, position: -1, values });
    }
    return demands;
  }

  /** Whether the object is where the scope looks. */
  #covers({ namespace, name }: Version): boolean {
    if (this.namespace !== undefined && this.namespace !== namespace) return false;
    return this.name === undefined || this.name === name;
  }

  #isInShard(version: Version): boolean {
    const shard = this.#shard;
    if (shard === undefined) return true;
    if (shard.field === 'object.metadata.namespace') return isInShard(shard, version.namespace);
    return hasShard(shard, uidHash(version));
  }

  #required(path: string): string | undefined {
    return this.#fields.find((field) => field.path === path && field.operator === 'Equals')?.value;
  }

  #fieldOf(version: Version, path: string): string | undefined {
    if (path === NAME) return version.name;
    if (path === NAMESPACE) return version.namespace;
    return version.fields[this.#declared.indexOf(path)];
  }
}
