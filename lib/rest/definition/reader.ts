/**
 * A CustomResourceDefinition (`apiextensions.k8s.io/v1`) as a resource type.
 *
 * Refused rather than half understood: conversion by webhook, `preserveUnknownFields`, fields that
 * nobody knows (a misspelt `shortName` would be lost without a word). Rules within the schema
 * (structural schemas, validation) are not looked at here.
 */

import type { ResourceType } from '../../object/index.js';
import type { DefinitionField } from './field.js';
import { checkGroup, readNames } from './names.js';
import type { DefinitionProblem } from './problem.js';
import { readVersions } from './version.js';

export const DEFINITION_API_VERSION = 'apiextensions.k8s.io/v1';
export const DEFINITION_KIND = 'CustomResourceDefinition';

const SPEC = [
  'group',
  'names',
  'scope',
  'versions',
  'conversion',
  'preserveUnknownFields',
] as const;
const SCOPES = ['Namespaced', 'Cluster'] as const;

/** What a definition made by code may leave out. */
export interface ReadRules {
  /** A group with a dot, a schema for each version: what the API asks of a definition. */
  readonly strict: boolean;
}

/** Reads a whole definition object; notes problems and answers undefined when there are any. */
export function readDefinition(
  definition: DefinitionField,
  problems: DefinitionProblem[],
): ResourceType | undefined {
  const before = problems.length;
  if (!definition.isObject()) return undefined;
  const apiVersion = definition.member('apiVersion');
  if (apiVersion.value !== DEFINITION_API_VERSION) {
    apiVersion.refuse(`must be ${DEFINITION_API_VERSION}, is ${told(apiVersion.value)}`);
  }
  const kind = definition.member('kind');
  if (kind.value !== DEFINITION_KIND) {
    kind.refuse(`must be ${DEFINITION_KIND}, is ${told(kind.value)}`);
  }
  // Something else altogether: problems of its spec would only confuse.
  if (problems.length > before) return undefined;
  const type = readSpec(definition.member('spec'), { strict: true });
  const name = definition.member('metadata').member('name');
  const text = name.requiredText();
  if (type === undefined || problems.length > before) return undefined;
  const expected = `${type.resource}.${type.group}`;
  if (text !== expected) {
    name.refuse(`must be spec.names.plural and spec.group, joined by a dot: ${expected}`);
    return undefined;
  }
  return type;
}

/** Reads the `spec` of a definition. */
export function readSpec(spec: DefinitionField, rules: ReadRules): ResourceType | undefined {
  if (!spec.isObject(SPEC)) return undefined;
  const groupField = spec.member('group');
  const group = rules.strict ? groupField.requiredText() : (groupField.text() ?? '');
  checkGroup(groupField, group, rules.strict);
  const scope = spec.member('scope');
  if (scope.isAbsent) scope.refuse('is required');
  const namespaced = scope.choice(SCOPES) === 'Namespaced';
  checkConversion(spec.member('conversion'));
  if (spec.member('preserveUnknownFields').flag() === true) {
    const reason = 'must be false; say x-kubernetes-preserve-unknown-fields in the schema instead';
    spec.member('preserveUnknownFields').refuse(reason);
  }
  const versions = readVersions(spec.member('versions'), rules.strict);
  const names = readNames(spec.member('names'));
  if (names === undefined) return undefined;
  return {
    group,
    resource: names.plural,
    singular: names.singular,
    kind: names.kind,
    listKind: names.listKind,
    namespaced,
    shortNames: names.shortNames,
    categories: names.categories,
    versions,
  };
}

function checkConversion(conversion: DefinitionField): void {
  if (conversion.isAbsent || !conversion.isObject(['strategy', 'webhook'])) return;
  const strategy = conversion.member('strategy').text();
  if (strategy === 'Webhook') {
    conversion.member('strategy').refuse('conversion by webhook is not supported, only None is');
  } else if (strategy !== 'None') {
    conversion.member('strategy').refuse('must be None');
  } else if (!conversion.member('webhook').isAbsent) {
    conversion.member('webhook').refuse('must not be there when the strategy is None');
  }
}

function told(value: unknown): string {
  return typeof value === 'string' ? `"${value}"` : 'missing';
}
