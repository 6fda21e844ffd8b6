/**
 * Reading `spec.versions`: schema, subresources, printer columns and selectable fields of each
 * version. Of a schema only the root is looked at; it is kept whole for OpenAPI.
 */

import type { JsonSchema, PrinterColumn, ResourceVersion } from '../../object/index.js';
import { ColumnPathError, parseColumnPath } from '../table/index.js';
import type { DefinitionField } from './field.js';
import { checkLabel } from './names.js';
import { readScale } from './scale.js';
import { readSelectableFields } from './selectable.js';

const KNOWN = [
  'name',
  'served',
  'storage',
  'deprecated',
  'deprecationWarning',
  'schema',
  'subresources',
  'additionalPrinterColumns',
  'selectableFields',
] as const;

const COLUMN_TYPES = ['string', 'integer', 'number', 'boolean', 'date'] as const;
const COLUMN_FORMATS: readonly string[] = [
  'int32',
  'int64',
  'float',
  'double',
  'byte',
  'date',
  'date-time',
  'password',
];

/** Characters of a deprecation warning: it goes into a header of every answer. */
const DEPRECATION_WARNING_MAX = 256;

/** Reads all versions: at least one, names unique, exactly one stored. */
export function readVersions(list: DefinitionField, schemaRequired: boolean): ResourceVersion[] {
  if (list.isAbsent) {
    list.refuse('is required');
    return [];
  }
  const versions: ResourceVersion[] = [];
  const elements = list.elements();
  if (elements.length === 0 && Array.isArray(list.value)) list.refuse('must not be empty');
  for (const element of elements) {
    const version = readVersion(element, schemaRequired);
    if (version === undefined) continue;
    if (versions.some(({ name }) => name === version.name && name !== '')) {
      element.member('name').refuse(`"${version.name}" is there twice`);
    }
    versions.push(version);
  }
  const stored = versions.filter(({ storage }) => storage).length;
  if (versions.length > 0 && stored !== 1) {
    list.refuse(`must have exactly one version with storage: true, has ${stored}`);
  }
  return versions;
}

function readVersion(
  version: DefinitionField,
  schemaRequired: boolean,
): ResourceVersion | undefined {
  if (!version.isObject(KNOWN)) return undefined;
  const name = version.member('name').requiredText();
  checkLabel(version.member('name'), name);
  const schema = readSchema(version.member('schema'), schemaRequired);
  const deprecationWarning = readDeprecationWarning(version);
  return {
    name,
    served: requiredFlag(version.member('served')),
    storage: requiredFlag(version.member('storage')),
    deprecated: version.member('deprecated').flag() ?? false,
    ...(deprecationWarning === undefined ? {} : { deprecationWarning }),
    ...(schema === undefined ? {} : { schema }),
    ...readSubresources(version.member('subresources')),
    printerColumns: readColumns(version.member('additionalPrinterColumns')),
    selectableFields: readSelectableFields(version.member('selectableFields'), schema),
  };
}

function requiredFlag(field: DefinitionField): boolean {
  if (field.isAbsent) field.refuse('is required');
  return field.flag() ?? false;
}

function readDeprecationWarning(version: DefinitionField): string | undefined {
  const field = version.member('deprecationWarning');
  const text = field.text();
  if (text === undefined) return undefined;
  if (version.member('deprecated').value !== true) {
    field.refuse('must not be there unless deprecated is true');
  }
  if (/\p{Cc}/u.test(text)) field.refuse('must not contain control characters');
  if (text.length > DEPRECATION_WARNING_MAX) {
    field.refuse(`must have at most ${DEPRECATION_WARNING_MAX} characters`);
  }
  return text;
}

function readSchema(holder: DefinitionField, required: boolean): JsonSchema | undefined {
  if (holder.isAbsent) {
    if (required) holder.refuse('is required');
    return undefined;
  }
  if (!holder.isObject(['openAPIV3Schema'])) return undefined;
  const schema = holder.member('openAPIV3Schema');
  if (!schema.isObject()) return undefined;
  const type = schema.member('type');
  if (type.value !== 'object') type.refuse('must be object');
  if (!schema.member('properties').isAbsent) schema.member('properties').isObject();
  return schema.value as JsonSchema;
}

function readSubresources(
  subresources: DefinitionField,
): Pick<ResourceVersion, 'statusSubresource' | 'scale'> {
  if (subresources.isAbsent || !subresources.isObject(['status', 'scale'])) {
    return { statusSubresource: false };
  }
  const status = subresources.member('status');
  const scale = readScale(subresources.member('scale'));
  return {
    statusSubresource: !status.isAbsent && status.isObject([]),
    ...(scale === undefined ? {} : { scale }),
  };
}

function readColumns(list: DefinitionField): readonly PrinterColumn[] {
  return list.elements().flatMap((column) => readColumn(column) ?? []);
}

function readColumn(column: DefinitionField): PrinterColumn | undefined {
  const known = ['name', 'type', 'format', 'description', 'priority', 'jsonPath'];
  if (!column.isObject(known)) return undefined;
  const name = column.member('name').requiredText();
  if (column.member('type').isAbsent) column.member('type').refuse('is required');
  const type = column.member('type').choice(COLUMN_TYPES);
  const format = column.member('format').text() ?? '';
  if (format !== '' && !COLUMN_FORMATS.includes(format)) {
    column.member('format').refuse(`must be one of ${COLUMN_FORMATS.join(', ')}`);
  }
  const description = column.member('description').text() ?? '';
  const jsonPath = column.member('jsonPath').requiredText();
  checkColumnPath(column.member('jsonPath'), jsonPath);
  if (type === undefined) return undefined;
  return {
    name,
    type,
    ...(format === '' ? {} : { format }),
    ...(description === '' ? {} : { description }),
    priority: column.member('priority').count(0),
    jsonPath,
  };
}

function checkColumnPath(field: DefinitionField, path: string): void {
  if (path === '') return;
  try {
    parseColumnPath(path);
  } catch (error) {
    if (!(error instanceof ColumnPathError)) throw error;
    field.refuse(error.message);
  }
}
