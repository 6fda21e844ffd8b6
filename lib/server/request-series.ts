/**
 * Under which labels a request is counted, and in which series: found by the few things that tell
 * requests to one resource apart, so that labels are joined for the first of a kind alone.
 *
 * Label values come from the served types, never from clients: whatever is not served counts under
 * empty ones.
 */

import {
  OTHER_VERB,
  requestVerb,
  type RequestLabels,
  type RequestMetrics,
  type RequestSeries,
} from '../metrics/index.js';
import type { ResourceType } from '../object/index.js';
import type { RequestInfo, RequestRecord } from '../request/index.js';

/** How a request is counted. */
export interface CountedRequest {
  readonly labels: RequestLabels;
  readonly series: RequestSeries;
}

/** By verb, scope and so on. */
type Kinds = Map<string, CountedRequest>;

interface ServedVersion {
  readonly group: string;
  readonly version: string;
  readonly kinds: Kinds;
}

export class RequestSeriesTable {
  readonly #requests: RequestMetrics;
  readonly #served = new Map<string, ServedVersion[]>();
  readonly #unserved: Kinds = new Map();

  constructor(types: readonly ResourceType[], requests: RequestMetrics) {
    this.#requests = requests;
    for (const { group, resource, versions } of types) {
      const present = this.#served.get(resource) ?? [];
      for (const { name, served } of versions) {
        if (served) present.push({ group, version: name, kinds: new Map() });
      }
      this.#served.set(resource, present);
    }
  }

  of(request: RequestRecord, info: RequestInfo | undefined): CountedRequest {
    const verb = info?.verb ?? request.method.toLowerCase();
    const dryRun = request.query.has('dryRun') ? 'All' : '';
    const kinds = info === undefined ? undefined : this.#kindsOf(info);
    if (kinds === undefined || info === undefined) {
      const labels = { ...NOTHING, verb: requestVerb(verb), dryRun };
      return this.#find(this.#unserved, `${verb}|${dryRun}`, () => labels);
    }
    const scope = scopeOf(info);
    const subresource = info.subresource === 'status' ? 'status' : '';
    return this.#find(kinds, `${verb}|${scope}|${subresource}|${dryRun}`, () => {
      const { group, version, resource } = info;
      return { verb: requestVerb(verb), dryRun, group, version, resource, subresource, scope };
    });
  }

  #kindsOf({ group, version, resource }: RequestInfo): Kinds | undefined {
    const versions = this.#served.get(resource) ?? [];
    for (const served of versions) {
      if (served.version === version && served.group === group) return served.kinds;
    }
    return undefined;
  }

  #find(kinds: Kinds, key: string, labelsOf: () => RequestLabels): CountedRequest {
    const known = kinds.get(key);
    if (known !== undefined) return known;
    const labels = labelsOf();
    const counted = { labels, series: this.#requests.series(labels) };
    // Under that one come methods that nobody has heard of, by any name.
    if (labels.verb !== OTHER_VERB) kinds.set(key, counted);
    return counted;
  }
}

const NOTHING = { group: '', version: '', resource: '', subresource: '', scope: '' };

function scopeOf({ name, verb, namespace }: RequestInfo): string {
  if (name !== '' || verb === 'create') return 'resource';
  return namespace === '' ? 'cluster' : 'namespace';
}
