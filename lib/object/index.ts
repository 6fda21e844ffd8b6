/**
 * Kubernetes objects as the layers above need them: canonical JSON, metadata, selectors, names.
 * What needs parsed values stands behind a door of its own, `shardwatch/object/lossless`.
 */

export { ObjectError } from './error.js';
export type { JsonErrorCode, ObjectErrorCode } from './error.js';
export { escapeFieldValue, formatFieldSelector, parseFieldSelector } from './field-selector.js';
export { compareNamespaces, compareUtf8 } from './key.js';
export type { ObjectKey } from './key.js';
export {
  checkLabelRequirement,
  formatLabelSelector,
  parseLabelSelector,
} from './label-selector.js';
export { JSON_BYTES_MAX, NESTING_MAX } from './limits.js';
export { FieldMatcher } from './field-matcher.js';
export { LabelMatcher, TERMS_SCANNED_MAX } from './label-matcher.js';
export { matchesFields, matchesLabels, meetsLabel, parseInt64 } from './match.js';
export type { FieldLookup, LabelLookup } from './match.js';
export type { KubernetesObject, ObjectMeta, OwnerReference, UnknownObject } from './metadata.js';
export type { FieldRequirement, LabelOperator, LabelRequirement } from './requirement.js';
export { apiVersionOf, qualifiedResource, storageVersion } from './resource.js';
export type {
  JsonSchema,
  JsonValue,
  PrinterColumn,
  ResourceType,
  ResourceVersion,
  ScaleSubresource,
  Subresource,
} from './resource.js';
export { scanContent, scanObject } from './scan.js';
export type { ObjectContent, ScannedObject } from './scan.js';
export { SelectorError } from './selector-error.js';
export {
  checkShardSelector,
  formatShardSelector,
  hasShard,
  isInShard,
  parseShardSelector,
  shardHash,
} from './shard-selector.js';
export type { ShardField, ShardRange, ShardSelector } from './shard-selector.js';
export { replaceApiVersion, stampedLength, stampInto, stampRevision } from './stamp.js';
export type { Stampable, StampedObject } from './stamp.js';
export {
  ANNOTATIONS_BYTES_MAX,
  annotationsSize,
  DNS_LABEL_LENGTH_MAX,
  DNS_SUBDOMAIN_LENGTH_MAX,
  isDns1035Label,
  isDns1123Label,
  isDns1123Subdomain,
  isLabelValue,
  isPathSegmentName,
  isQualifiedName,
  LABEL_VALUE_LENGTH_MAX,
  QUALIFIED_NAME_LENGTH_MAX,
} from './validation.js';
