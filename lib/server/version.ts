/** `/version`: which Kubernetes release the API follows, and which build answers. */

import { createRequire } from 'node:module';
import { arch, platform } from 'node:process';

/**
 * The Kubernetes minor release whose behaviour is followed. kubectl warns when it is more than one
 * minor release apart.
 */
const KUBERNETES_MAJOR = '1';
const KUBERNETES_MINOR = '34';

const ARCHITECTURES: { readonly [name: string]: string } = { x64: 'amd64', ia32: '386' };

/** The version of this package. */
export const packageVersion: string = (
  createRequire(import.meta.url)('shardwatch/package.json') as { version: string }
).version;

/** The document served at `/version` (apimachinery `version.Info`). */
export function versionDocument(): { readonly [field: string]: string } {
  return {
    major: KUBERNETES_MAJOR,
    minor: KUBERNETES_MINOR,
    gitVersion: `v${KUBERNETES_MAJOR}.${KUBERNETES_MINOR}.0+shardwatch-${packageVersion}`,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: `node ${process.versions.node}`,
    compiler: 'v8',
    platform: `${platform}/${ARCHITECTURES[arch] ?? arch}`,
  };
}
