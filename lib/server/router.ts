/** What stands behind a server's filters: resources, discovery, OpenAPI, other endpoints. */

import { createDiscoveryHandler } from '../discovery/index.js';
import { qualifiedResource, type ResourceType } from '../object/index.js';
import { createOpenApiHandler } from '../openapi/index.js';
import { pageNotFound, type Answer, type RequestRecord } from '../request/index.js';
import type { RestHandler } from '../rest/index.js';
import { endpointAnswer, type EndpointParts } from './endpoints.js';
import { implicitNamespaceAnswer } from './implicit-namespace.js';
import { ADMINISTRATOR } from './inject.js';
import type { Route } from './pipeline.js';

export interface RouterParts {
  readonly types: readonly ResourceType[];
  readonly rest: RestHandler;
  readonly endpoints: Omit<EndpointParts, 'paths'>;
  readonly now: () => number;
}

export function createRouter({ types, rest, endpoints, now }: RouterParts): Route {
  const discovery = createDiscoveryHandler(types);
  const openApi = createOpenApiHandler(types);
  const hasNamespaces = types.some((type) => qualifiedResource(type) === 'namespaces');
  const parts: EndpointParts = { ...endpoints, paths: () => groupPaths(types) };
  return (request, info, user) => {
    if (info.isResourceRequest) {
      const namespace = hasNamespaces ? undefined : implicitNamespaceAnswer(info);
      return namespace ?? rest(request, info, user ?? ADMINISTRATOR);
    }
    return documentAnswer(request);
  };

  async function documentAnswer(request: RequestRecord): Promise<Answer> {
    const answer =
      (await endpointAnswer(request, parts)) ?? discovery(request) ?? openApi(request, now());
    if (answer === undefined) throw pageNotFound();
    return answer;
  }
}

function groupPaths(types: readonly ResourceType[]): string[] {
  const paths = new Set<string>(['/api', '/apis']);
  for (const { group, versions } of types) {
    if (group !== '') paths.add(`/apis/${group}`);
    for (const version of versions.filter(({ served }) => served)) {
      paths.add(group === '' ? `/api/${version.name}` : `/apis/${group}/${version.name}`);
    }
  }
  return [...paths];
}
