/**
 * Scopes and keys on their way to the addon.
 *
 * A scope is one flat array:
 *   namespace, name, apiVersion, labels, { key, operator, values, value… }…,
 *   fields, { path, operator, value }…,
 *   and, of a shard, ranges, key of the shard, { first, last in two halves each }…
 *
 * The addon has text as UTF-8, which knows no half of a surrogate pair. No key in a cache has one,
 * so a key that has is no object's; sent as it is, it would be taken for another.
 */

import type {
  FieldRequirement,
  LabelOperator,
  ObjectKey,
  ShardSelector,
} from '../../object/index.js';
import type { EngineScope } from '../contract.js';
import { FIELD_OPERATOR, LABEL_OPERATOR, SHARD_KEY } from '../wire.js';
import type { PackedKey, PackedScope } from './addon.js';

const LABEL_OPERATORS: Readonly<Record<LabelOperator, number>> = {
  In: LABEL_OPERATOR.in,
  NotIn: LABEL_OPERATOR.notIn,
  Exists: LABEL_OPERATOR.exists,
  DoesNotExist: LABEL_OPERATOR.doesNotExist,
  GreaterThan: LABEL_OPERATOR.greaterThan,
  LessThan: LABEL_OPERATOR.lessThan,
};

const FIELD_OPERATORS: Readonly<Record<FieldRequirement['operator'], number>> = {
  Equals: FIELD_OPERATOR.equals,
  NotEquals: FIELD_OPERATOR.notEquals,
};

const SHARD_KEYS: Readonly<Record<ShardSelector['field'], number>> = {
  'object.metadata.uid': SHARD_KEY.uid,
  'object.metadata.namespace': SHARD_KEY.namespace,
};

/** What packs the commonest scopes: all, and one namespace. */
export function packScope({ namespace, name, apiVersion, selector }: EngineScope): PackedScope {
  if (selector === undefined) return [namespace, name, apiVersion, 0, 0];
  const packed: (string | number | undefined)[] = [namespace, name, apiVersion];
  packed.push(selector.labels.length);
  for (const { key, operator, values } of selector.labels) {
    packed.push(key, LABEL_OPERATORS[operator], values.length);
    for (const value of values) packed.push(value);
  }
  packed.push(selector.fields.length);
  for (const { path, operator, value } of selector.fields) {
    packed.push(path, FIELD_OPERATORS[operator], value);
  }
  packShard(selector.shard, packed);
  return packed;
}

function packShard(
  shard: ShardSelector | undefined,
  packed: (string | number | undefined)[],
): void {
  if (shard === undefined) return;
  packed.push(shard.ranges.length, SHARD_KEYS[shard.field]);
  for (const { start, end } of shard.ranges) {
    for (const hash of [start, end - 1n]) {
      packed.push(Number(hash >> 32n), Number(BigInt.asUintN(32, hash)));
    }
  }
}

export function packKey(key: ObjectKey | undefined): PackedKey | undefined {
  return key === undefined ? undefined : [key.namespace, key.name];
}

// In Node since version 20; the library that the types are of is older.
interface WellFormedText {
  isWellFormed(): boolean;
}

/** Whether the key can be an object's: no half of a surrogate pair is in it. */
export function isKey({ namespace, name }: ObjectKey): boolean {
  return (
    (name as unknown as WellFormedText).isWellFormed() &&
    (namespace as unknown as WellFormedText).isWellFormed()
  );
}
