/**
 * Which groups, versions and resources are served: the documents that clients find out from, in the
 * legacy and the aggregated form, and the handler of their paths.
 */

export { aggregatedDiscovery } from './aggregated.js';
export type {
  ApiGroupDiscovery,
  ApiGroupDiscoveryList,
  ApiResourceDiscovery,
  ApiSubresourceDiscovery,
  ApiVersionDiscovery,
  ResponseKind,
} from './aggregated.js';
export { createDiscoveryHandler } from './handler.js';
export type { DiscoveryHandler } from './handler.js';
export {
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
  storageVersionHash,
} from './legacy.js';
export type {
  ApiGroup,
  ApiGroupList,
  ApiResource,
  ApiResourceList,
  ApiVersions,
  GroupVersionForDiscovery,
} from './legacy.js';
export { compareVersions } from './version.js';
