/**
 * What a resource type is: the part of its definition that every layer needs (cache, discovery,
 * OpenAPI, REST). A definition is made by `defineResource` or read from a CustomResourceDefinition
 * (both in `shardwatch/rest`), and is immutable.
 */

/** A JSON value as decoded by `decodeJson` of `shardwatch/object/lossless` or by `JSON.parse`. */
export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** An OpenAPI v3 schema as a CustomResourceDefinition carries it. */
export type JsonSchema = { readonly [key: string]: JsonValue };

/** One column of a server-printed table (spec.versions[].additionalPrinterColumns). */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly description?: string;
  /** 0 is shown always, above 0 only in wide output. */
  readonly priority: number;
  readonly jsonPath: string;
}

/** Where a version keeps what `/scale` shows (spec.versions[].subresources.scale). */
export interface ScaleSubresource {
  /** Path of the wanted count, below `.spec`: `.spec.replicas`. */
  readonly specReplicasPath: string;
  /** Path of the present count, below `.status`: `.status.replicas`. */
  readonly statusReplicasPath: string;
  /** Path of a label selector as text, below `.spec` or `.status`. */
  readonly labelSelectorPath?: string;
}

/** A subresource besides `status` and `scale`, as discovery tells it. */
export interface Subresource {
  readonly name: string;
  /** In alphabetical order. */
  readonly verbs: readonly string[];
  /** What it takes and answers. */
  readonly kind: string;
  /** Group and version of the kind. Absent: those that the request is in. */
  readonly groupVersion?: { readonly group: string; readonly version: string };
  /** Whether it hands the connection over (an upgrade) instead of answering with an object. */
  readonly connects: boolean;
}

/** One version of a resource type. */
export interface ResourceVersion {
  readonly name: string;
  readonly served: boolean;
  /** Exactly one version of a type is stored. */
  readonly storage: boolean;
  readonly deprecated: boolean;
  readonly deprecationWarning?: string;
  readonly schema?: JsonSchema;
  /** Whether `/status` is a subresource. */
  readonly statusSubresource: boolean;
  /** Absent: `/scale` is no subresource. */
  readonly scale?: ScaleSubresource;
  readonly printerColumns: readonly PrinterColumn[];
  /** Field paths a field selector may name, such as `spec.nodeName` (without a leading dot). */
  readonly selectableFields: readonly string[];
}

/** A resource type with all its versions. */
export interface ResourceType {
  /** `''` for the core group. */
  readonly group: string;
  /** Plural, lower case: `widgets`. */
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly versions: readonly ResourceVersion[];
  /**
   * Keys of labels by which lists find objects, as they do by selectable fields. Absent: none.
   */
  readonly indexedLabels?: readonly string[];
  /**
   * The verbs that are served, in the words of request info (`deletecollection`). Absent: all of
   * them, as of every type whose objects are stored.
   */
  readonly verbs?: readonly string[];
  /** Of every served version, besides `status` and `scale`. Absent: none. */
  readonly subresources?: readonly Subresource[];
}

/** `widgets.example.com`, or `widgets` in the core group: how messages name a type. */
export function qualifiedResource(type: Pick<ResourceType, 'group' | 'resource'>): string {
  return type.group === '' ? type.resource : `${type.resource}.${type.group}`;
}

/** `example.com/v1`, or `v1` in the core group. */
export function apiVersionOf(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}

/** The version that is stored. Throws a RangeError for a type that has none. */
export function storageVersion(type: ResourceType): ResourceVersion {
  const version = type.versions.find((candidate) => candidate.storage);
  if (version === undefined) throw new RangeError(`${qualifiedResource(type)} stores no version`);
  return version;
}
