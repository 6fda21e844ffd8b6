/**
 * Resource types made by code. The options are put into the form of a CustomResourceDefinition and
 * read by the same rules as a file; problems name the option that they come from.
 */

import type {
  JsonSchema,
  PrinterColumn,
  ResourceType,
  ScaleSubresource,
  UnknownObject,
} from '../../object/index.js';
import { DefinitionField } from './field.js';
import { deepFreeze } from './freeze.js';
import { readIndexedLabels } from './indexed.js';
import { pluralOf } from './names.js';
import { DefinitionError } from './problem.js';
import type { DefinitionProblem } from './problem.js';
import { readSpec } from './reader.js';
import { readStrategy } from './strategy.js';
import type { ResourceStrategy } from './strategy.js';
import { readSubresources } from './subresources.js';
import type { OwnSubresources } from './subresources.js';
import type { VirtualHandlers } from '../virtual/contract.js';
import { readVirtual } from '../virtual/definition.js';
import type { ReadThrough } from '../virtual/read-through.js';

/** A printer column; the priority is 0 unless told. */
export type PrinterColumnOptions = Omit<PrinterColumn, 'priority'> & { readonly priority?: number };

/** What may differ between the versions of a type. */
export interface VersionOptions {
  /** An OpenAPI v3 schema of the whole object. Default: objects of any shape. */
  readonly schema?: JsonSchema;
  /** Whether `/status` is a subresource. Default false. */
  readonly statusSubresource?: boolean;
  /** Makes `/scale` a subresource: which fields hold the counts. Default: it is none. */
  readonly scale?: ScaleSubresource;
  /** Columns of tables after the name. Default: the age. */
  readonly printerColumns?: readonly PrinterColumnOptions[];
  /** Fields that field selectors may name, such as `spec.color`. At most 8. */
  readonly selectableFields?: readonly string[];
}

/** One of several versions. */
export interface NamedVersionOptions extends VersionOptions {
  readonly name: string;
  /** Default true. */
  readonly served?: boolean;
  /** Exactly one version is stored. Default: true where it is the only one. */
  readonly storage?: boolean;
  readonly deprecated?: boolean;
  readonly deprecationWarning?: string;
}

/** The options of a type with one version stand beside the names; with more, in `versions`. */
export interface ResourceOptions<T = UnknownObject> extends VersionOptions {
  /** A domain such as `example.com`; '' for the core group. */
  readonly group: string;
  readonly kind: string;
  /** Default: the English plural of the kind in lower case. */
  readonly plural?: string;
  /** Default: the kind in lower case. */
  readonly singular?: string;
  /** Default: the kind and `List`. */
  readonly listKind?: string;
  /** Default `Namespaced`. */
  readonly scope?: 'Namespaced' | 'Cluster';
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /**
   * Keys of labels by which lists find objects without looking at all of them, as they do by
   * `selectableFields`. At most 8. Default: none.
   */
  readonly indexedLabels?: readonly string[];
  /** The name of the only version. */
  readonly version?: string;
  readonly versions?: readonly NamedVersionOptions[];
  /** What happens to objects on their way into the storage. Default: nothing of the type's own. */
  readonly strategy?: ResourceStrategy<T>;
  /** Subresources of the type's own, in all its versions. */
  readonly subresources?: OwnSubresources<T>;
  /**
   * Makes the type a virtual one: nothing of it is stored, these functions answer its verbs. What
   * there is no function for is not served.
   */
  readonly handlers?: VirtualHandlers<T>;
  /**
   * Makes the type one whose objects are another system's: what `readThrough()` gives. They are
   * kept in a watch cache and served from there; `handlers` may then have functions that write.
   */
  readonly readThrough?: ReadThrough<T>;
}

declare const objectType: unique symbol;

/**
 * A resource type that knows, for the compiler, what its objects look like, and carries the
 * functions of its authors. Frozen.
 */
export interface DefinedResource<T = UnknownObject> extends ResourceType {
  readonly [objectType]?: T;
  readonly strategy?: ResourceStrategy<T>;
  readonly subresourceHandlers?: OwnSubresources<T>;
  readonly handlers?: VirtualHandlers<T>;
  readonly readThrough?: ReadThrough<T>;
}

/**
 * Defines a resource type. `T` is the type of its objects: its hooks and functions know it.
 *
 * Throws a DefinitionError that names every option at fault.
 *
 * @example
 * const widgets = defineResource<Widget>({
 *   group: 'example.com',
 *   version: 'v1',
 *   kind: 'Widget',
 *   strategy: {
 *     validate: ({ spec }) =>
 *       spec.size > 0 ? [] : [fieldInvalid('spec.size', spec.size, 'must be positive')],
 *   },
 * });
 */
export function defineResource<T extends object = UnknownObject>(
  options: ResourceOptions<T>,
): DefinedResource<T> {
  const problems: DefinitionProblem[] = [];
  const root = new DefinitionField(options, '', problems);
  let behavior: Behavior<T> = {};
  if (root.isObject(KNOWN)) {
    checkVersionOptions(root);
    behavior = readBehavior(root);
  }
  if (problems.length > 0) throw new DefinitionError(problems);
  const spec = new DefinitionField(toSpec(options), 'spec', problems);
  const type = readSpec(spec, { strict: false });
  if (type === undefined || problems.length > 0) {
    const single = options.versions === undefined;
    throw new DefinitionError(
      problems.map(({ field, reason }) => ({ field: toOption(field, single), reason })),
    );
  }
  // Functions have no copy: only the data is the definition's own.
  return Object.freeze({ ...deepFreeze(structuredClone(type)), ...deepFreeze(behavior) });
}

type Behavior<T> = Pick<
  DefinedResource<T>,
  | 'strategy'
  | 'subresources'
  | 'subresourceHandlers'
  | 'handlers'
  | 'readThrough'
  | 'verbs'
  | 'indexedLabels'
>;

function readBehavior<T>(root: DefinitionField): Behavior<T> {
  const kind = root.member('kind').value;
  const strategy = readStrategy<T>(root.member('strategy'));
  const own = readSubresources<T>(
    root.member('subresources'),
    typeof kind === 'string' ? kind : '',
  );
  const virtual = readVirtual<T>(root);
  const indexedLabels = readIndexedLabels(root.member('indexedLabels'));
  return {
    ...(strategy === undefined ? {} : { strategy }),
    ...own,
    ...virtual,
    ...(indexedLabels === undefined ? {} : { indexedLabels }),
  };
}

const VERSION_OPTIONS = [
  'schema',
  'statusSubresource',
  'scale',
  'printerColumns',
  'selectableFields',
] as const;
const NAMED_VERSION_OPTIONS = [
  ...VERSION_OPTIONS,
  'name',
  'served',
  'storage',
  'deprecated',
  'deprecationWarning',
] as const;
const KNOWN = [
  ...VERSION_OPTIONS,
  'group',
  'kind',
  'plural',
  'singular',
  'listKind',
  'scope',
  'shortNames',
  'categories',
  'indexedLabels',
  'version',
  'versions',
  'strategy',
  'subresources',
  'handlers',
  'readThrough',
] as const;

function checkVersionOptions(root: DefinitionField): void {
  root.member('kind').text();
  const versions = root.member('versions');
  if (versions.isAbsent) {
    root.member('statusSubresource').flag();
    root.member('printerColumns').elements();
    root.member('selectableFields').elements();
    return;
  }
  for (const name of ['version', ...VERSION_OPTIONS]) {
    if (!root.member(name).isAbsent) root.member(name).refuse('must not stand beside versions');
  }
  for (const version of versions.elements()) {
    if (!version.isObject(NAMED_VERSION_OPTIONS)) continue;
    version.member('statusSubresource').flag();
    version.member('printerColumns').elements();
    version.member('selectableFields').elements();
  }
}

function toSpec<T>(options: ResourceOptions<T>): unknown {
  const versions = options.versions ?? [{ ...options, name: options.version }];
  const only = versions.length === 1;
  return {
    group: options.group,
    scope: options.scope ?? 'Namespaced',
    names: {
      kind: options.kind,
      plural: options.plural ?? pluralOf(options.kind ?? ''),
      singular: options.singular,
      listKind: options.listKind,
      shortNames: options.shortNames,
      categories: options.categories,
    },
    versions: versions.map((version) => toSpecVersion(version, only)),
  };
}

function toSpecVersion(
  version: VersionOptions & Partial<Omit<NamedVersionOptions, 'name'>> & { name?: unknown },
  only: boolean,
): unknown {
  return {
    name: version.name,
    served: version.served ?? true,
    storage: version.storage ?? only,
    deprecated: version.deprecated,
    deprecationWarning: version.deprecationWarning,
    schema: version.schema === undefined ? undefined : { openAPIV3Schema: version.schema },
    subresources: {
      status: version.statusSubresource === true ? {} : undefined,
      scale: version.scale,
    },
    additionalPrinterColumns: version.printerColumns,
    selectableFields: version.selectableFields?.map((path) => {
      return { jsonPath: typeof path === 'string' ? `.${path}` : path };
    }),
  };
}

function toOption(field: string, single: boolean): string {
  return field
    .replace(/^spec\.(?:names\.)?/, '')
    .replace(/^versions\[0\]\.name$/, single ? 'version' : '$&')
    .replace(/^versions\[0\]\./, single ? '' : '$&')
    .replace('schema.openAPIV3Schema', 'schema')
    .replace('subresources.scale', 'scale')
    .replace('additionalPrinterColumns', 'printerColumns')
    .replace(/(selectableFields\[[0-9]+\])\.jsonPath$/, '$1');
}
