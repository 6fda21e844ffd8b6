/**
 * What both forms of discovery tell: groups, their versions in order, and what can be done there.
 * Only versions that are served are told of; a group without any is none.
 */

import { compareUtf8 } from '../object/index.js';
import type { ResourceType } from '../object/index.js';
import { compareVersions } from './version.js';

/** What is served for every stored type; the order is upstream's for custom resources. */
const RESOURCE_VERBS: readonly string[] = [
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'create',
  'update',
  'watch',
];

/** What is served for `/status` and `/scale`. */
const WRITABLE_VERBS: readonly string[] = ['get', 'patch', 'update'];

/** A subresource, with the kind that it takes and answers. */
export interface ServedSubresource {
  readonly name: string;
  readonly verbs: readonly string[];
  readonly responseKind: {
    readonly group: string;
    readonly version: string;
    readonly kind: string;
  };
}

/** The subresources of a version: status, scale, and the type's own in the order of their names. */
export function servedSubresources(
  type: ResourceType,
  version: string,
): readonly ServedSubresource[] {
  const { statusSubresource, scale } = versionOf(type, version) ?? {};
  const own = { group: type.group, version };
  const served: ServedSubresource[] = [];
  if (statusSubresource === true) {
    const responseKind = { ...own, kind: type.kind };
    served.push({ name: 'status', verbs: WRITABLE_VERBS, responseKind });
  }
  if (scale !== undefined) {
    const responseKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
    served.push({ name: 'scale', verbs: WRITABLE_VERBS, responseKind });
  }
  for (const { name, verbs, kind, groupVersion = own } of type.subresources ?? []) {
    const { group, version: kindVersion } = groupVersion;
    served.push({ name, verbs, responseKind: { group, version: kindVersion, kind } });
  }
  return served;
}

/** What is served for a type, in upstream's order. */
export function verbsOf({ verbs }: ResourceType): readonly string[] {
  if (verbs === undefined) return RESOURCE_VERBS;
  return RESOURCE_VERBS.filter((verb) => verbs.includes(verb));
}

/** The named groups that serve a version, in alphabetical order: all have one priority. */
export function servedGroups(types: readonly ResourceType[]): readonly string[] {
  const groups = new Set<string>();
  for (const type of types) {
    if (type.group !== '' && type.versions.some(({ served }) => served)) groups.add(type.group);
  }
  return [...groups].sort(compareUtf8);
}

/** The versions that a group serves, the preferred one first. */
export function servedVersions(types: readonly ResourceType[], group: string): readonly string[] {
  const versions = new Set<string>();
  for (const type of types) {
    if (type.group !== group) continue;
    for (const { name, served } of type.versions) if (served) versions.add(name);
  }
  return [...versions].sort(compareVersions);
}

/** The types that serve a version of a group, in the order of their names. */
export function servedTypes(
  types: readonly ResourceType[],
  group: string,
  version: string,
): readonly ResourceType[] {
  return types
    .filter((type) => type.group === group && versionOf(type, version)?.served === true)
    .sort((left, right) => compareUtf8(left.resource, right.resource));
}

export function versionOf(
  type: ResourceType,
  version: string,
): ResourceType['versions'][number] | undefined {
  return type.versions.find(({ name }) => name === version);
}
