/**
 * Discovery as one document for all groups (KEP-3352, `apidiscovery.k8s.io/v2`). A client uses it
 * only where `/api` and `/apis` both answer in this form. A server of its own resources always
 * calls them current.
 */

import type { ResourceType } from '../object/index.js';
import {
  servedGroups,
  servedSubresources,
  servedTypes,
  servedVersions,
  verbsOf,
} from './resources.js';

/** The kind that a resource answers with. */
export interface ResponseKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface ApiSubresourceDiscovery {
  readonly subresource: string;
  readonly responseKind: ResponseKind;
  readonly verbs: readonly string[];
}

export interface ApiResourceDiscovery {
  readonly resource: string;
  readonly responseKind: ResponseKind;
  readonly scope: 'Namespaced' | 'Cluster';
  readonly singularResource: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly subresources?: readonly ApiSubresourceDiscovery[];
}

export interface ApiVersionDiscovery {
  readonly version: string;
  readonly resources: readonly ApiResourceDiscovery[];
  readonly freshness: 'Current';
}

export interface ApiGroupDiscovery {
  readonly metadata: { readonly name: string };
  readonly versions: readonly ApiVersionDiscovery[];
}

export interface ApiGroupDiscoveryList {
  readonly kind: 'APIGroupDiscoveryList';
  readonly apiVersion: 'apidiscovery.k8s.io/v2';
  readonly metadata: { readonly [key: string]: never };
  readonly items: readonly ApiGroupDiscovery[];
}

/** The named groups (`/apis`), or the core group alone (`/api`). */
export function aggregatedDiscovery(
  types: readonly ResourceType[],
  groups: 'named' | 'core' = 'named',
): ApiGroupDiscoveryList {
  const names = groups === 'core' ? [''] : servedGroups(types);
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: names
      .map((name) => groupDiscovery(types, name))
      .filter(({ versions }) => versions.length > 0),
  };
}

function groupDiscovery(types: readonly ResourceType[], group: string): ApiGroupDiscovery {
  return {
    metadata: { name: group },
    versions: servedVersions(types, group).map((version) => {
      return {
        version,
        resources: servedTypes(types, group, version).map((type) => {
          return resourceDiscovery(type, version);
        }),
        freshness: 'Current',
      };
    }),
  };
}

function resourceDiscovery(type: ResourceType, version: string): ApiResourceDiscovery {
  const { group, kind, shortNames, categories } = type;
  const responseKind = { group, version, kind };
  const subresources = servedSubresources(type, version).map(
    ({ name, verbs, responseKind: answers }): ApiSubresourceDiscovery => {
      return { subresource: name, responseKind: answers, verbs };
    },
  );
  return {
    resource: type.resource,
    responseKind,
    scope: type.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: type.singular,
    verbs: verbsOf(type),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}
