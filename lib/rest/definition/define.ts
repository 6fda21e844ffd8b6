/**
 * Resource types made by code. The options are put into the form of a CustomResourceDefinition and
 * read by the same rules as a file; problems name the option that they come from.
 */

import type { JsonSchema, PrinterColumn, ResourceType } from '../../object/index.js';
import { DefinitionField } from './field.js';
import { deepFreeze } from './freeze.js';
import { pluralOf } from './names.js';
import { DefinitionError } from './problem.js';
import type { DefinitionProblem } from './problem.js';
import { readSpec } from './reader.js';

/** A printer column; the priority is 0 unless told. */
export type PrinterColumnOptions = Omit<PrinterColumn, 'priority'> & { readonly priority?: number };

/** What may differ between the versions of a type. */
export interface VersionOptions {
  /** An OpenAPI v3 schema of the whole object. Default: objects of any shape. */
  readonly schema?: JsonSchema;
  /** Whether `/status` is a subresource. Default false. */
  readonly statusSubresource?: boolean;
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
export interface ResourceOptions extends VersionOptions {
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
  /** The name of the only version. */
  readonly version?: string;
  readonly versions?: readonly NamedVersionOptions[];
}

declare const objectType: unique symbol;

/** A resource type that knows, for the compiler, what its objects look like. */
export interface DefinedResource<T> extends ResourceType {
  readonly [objectType]?: T;
}

/**
 * Defines a resource type. `T` is the type of its objects.
 *
 * Throws a DefinitionError that names every option at fault.
 *
 * @example
 * const widgets = defineResource<Widget>({ group: 'example.com', version: 'v1', kind: 'Widget' });
 */
export function defineResource<T = unknown>(options: ResourceOptions): DefinedResource<T> {
  const problems: DefinitionProblem[] = [];
  const root = new DefinitionField(options, '', problems);
  if (root.isObject(KNOWN)) checkVersionOptions(root);
  if (problems.length > 0) throw new DefinitionError(problems);
  const spec = new DefinitionField(toSpec(options), 'spec', problems);
  const type = readSpec(spec, { strict: false });
  if (type === undefined || problems.length > 0) {
    const single = options.versions === undefined;
    throw new DefinitionError(
      problems.map(({ field, reason }) => ({ field: toOption(field, single), reason })),
    );
  }
  return deepFreeze(structuredClone(type));
}

const VERSION_OPTIONS = [
  'schema',
  'statusSubresource',
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
  'version',
  'versions',
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

function toSpec(options: ResourceOptions): unknown {
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
    subresources: version.statusSubresource === true ? { status: {} } : undefined,
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
    .replace('additionalPrinterColumns', 'printerColumns')
    .replace(/(selectableFields\[[0-9]+\])\.jsonPath$/, '$1');
}
