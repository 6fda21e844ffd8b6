/** The door of the discovery folder: which groups, versions and resources are served. */

export { aggregatedDiscovery } from './aggregated.js';
export type {
  ApiGroupDiscovery,
  ApiGroupDiscoveryList,
  ApiResourceDiscovery,
  ApiSubresourceDiscovery,
  ApiVersionDiscovery,
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
