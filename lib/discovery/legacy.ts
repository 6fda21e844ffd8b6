/**
 * Discovery as one document a group and version (`meta/v1`): `/api`, `/apis`, `/apis/G`,
 * `/apis/G/V`. Every client understands it, and an aggregator probes `/apis/G/V`.
 */

import { createHash } from 'node:crypto';
import { apiVersionOf, storageVersion } from '../object/index.js';
import type { ResourceType } from '../object/index.js';
import {
  servedGroups,
  servedSubresources,
  servedTypes,
  servedVersions,
  verbsOf,
} from './resources.js';

export interface GroupVersionForDiscovery {
  readonly groupVersion: string;
  readonly version: string;
}

export interface ApiVersions {
  readonly kind: 'APIVersions';
  readonly versions: readonly string[];
  readonly serverAddressByClientCIDRs: readonly {
    readonly clientCIDR: string;
    readonly serverAddress: string;
  }[];
}

export interface ApiGroup {
  readonly kind?: 'APIGroup';
  readonly apiVersion?: 'v1';
  readonly name: string;
  readonly versions: readonly GroupVersionForDiscovery[];
  readonly preferredVersion: GroupVersionForDiscovery;
}

export interface ApiGroupList {
  readonly kind: 'APIGroupList';
  readonly apiVersion: 'v1';
  readonly groups: readonly ApiGroup[];
}

export interface ApiResource {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  /** Group and version of the kind, where they are not those of the list. */
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /** Tells whether two versions of a cluster store a type alike; opaque. */
  readonly storageVersionHash?: string;
}

export interface ApiResourceList {
  readonly kind: 'APIResourceList';
  readonly apiVersion: 'v1';
  readonly groupVersion: string;
  readonly resources: readonly ApiResource[];
}

/** `/api`: versions of the core group (none is usual here). `serverAddress` is `host:port`. */
export function apiVersions(types: readonly ResourceType[], serverAddress: string): ApiVersions {
  return {
    kind: 'APIVersions',
    versions: servedVersions(types, ''),
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  };
}

/** `/apis`: all named groups. */
export function apiGroupList(types: readonly ResourceType[]): ApiGroupList {
  const groups = servedGroups(types).flatMap((group) => bareGroup(types, group) ?? []);
  return { kind: 'APIGroupList', apiVersion: 'v1', groups };
}

/** `/apis/G`; undefined for a group that serves nothing. */
export function apiGroup(types: readonly ResourceType[], group: string): ApiGroup | undefined {
  const bare = bareGroup(types, group);
  return bare === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...bare };
}

/** `/apis/G/V` and, for the group '', `/api/V`; undefined for a version that serves nothing. */
export function apiResourceList(
  types: readonly ResourceType[],
  group: string,
  version: string,
): ApiResourceList | undefined {
  const served = servedTypes(types, group, version);
  if (served.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf(group, version),
    resources: served.flatMap((type) => apiResources(type, version)),
  };
}

/** The first 8 bytes of SHA-256 over `group/version/kind` of the stored version, in base64. */
export function storageVersionHash(type: ResourceType): string {
  const { name } = storageVersion(type);
  const digest = createHash('sha256').update(`${type.group}/${name}/${type.kind}`).digest();
  return digest.subarray(0, 8).toString('base64');
}

function bareGroup(types: readonly ResourceType[], group: string): ApiGroup | undefined {
  if (group === '') return undefined;
  const versions = servedVersions(types, group).map((version) => {
    return { groupVersion: apiVersionOf(group, version), version };
  });
  const [preferredVersion] = versions;
  return preferredVersion === undefined ? undefined : { name: group, versions, preferredVersion };
}

function apiResources(type: ResourceType, version: string): readonly ApiResource[] {
  const { resource, singular, namespaced, kind, shortNames, categories } = type;
  const main: ApiResource = {
    name: resource,
    singularName: singular,
    namespaced,
    kind,
    verbs: verbsOf(type),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    // What is not stored has no version that it is stored in.
    ...(type.verbs === undefined ? { storageVersionHash: storageVersionHash(type) } : {}),
  };
  const subresources = servedSubresources(type, version).map((subresource): ApiResource => {
    const { verbs, responseKind } = subresource;
    const isOfGroup = responseKind.group === type.group && responseKind.version === version;
    return {
      name: `${resource}/${subresource.name}`,
      singularName: '',
      namespaced,
      // As upstream, named only where they differ from those of the list.
      ...(isOfGroup ? {} : { group: responseKind.group, version: responseKind.version }),
      kind: responseKind.kind,
      verbs,
    };
  });
  return [main, ...subresources];
}
