/** The resource types of one test server, found by what tests call them. */

import {
  apiVersionOf,
  qualifiedResource,
  storageVersion,
  type KubernetesObject,
  type ResourceType,
  type ResourceVersion,
  type UnknownObject,
} from '../object/index.js';
import type { DefinedResource } from '../rest/index.js';
import { TestingError } from './error.js';

/** A resource as tests name it: `widgets.example.com`, or what `defineResource` gave. */
export type ResourceReference<T = UnknownObject> = string | DefinedResource<T>;

/** The same where the type of its objects does not matter. */
export type ResourceName = string | ResourceType;

/** Which object of a resource. */
export interface ObjectReference {
  readonly name: string;
  /** Default `default`; a cluster-scoped object has none. */
  readonly namespace?: string;
}

/** A type in one of its versions. */
export interface ServedType {
  readonly type: ResourceType;
  readonly version: ResourceVersion;
}

export class ServedTypes {
  readonly all: readonly ResourceType[];
  readonly #byName: ReadonlyMap<string, ResourceType>;

  constructor(types: readonly ResourceType[]) {
    this.all = types;
    this.#byName = new Map(types.map((type) => [qualifiedResource(type), type]));
  }

  /** `widgets.example.com`, sorted. */
  get names(): readonly string[] {
    return [...this.#byName.keys()].sort();
  }

  /** The names of those whose objects this server stores, sorted. */
  get stored(): readonly string[] {
    return this.names.filter((name) => isStored(this.#byName.get(name) as ResourceType));
  }

  /** Throws a TestingError `unknown-type`. */
  find(reference: ResourceName): ResourceType {
    const name = typeof reference === 'string' ? reference : nameOf(reference);
    const type = this.#byName.get(name);
    if (type !== undefined) return type;
    const near = this.all.find(({ resource, kind, singular }) =>
      [resource, kind, singular].includes(name),
    );
    const advice = near === undefined ? '' : ` (its name is "${qualifiedResource(near)}")`;
    throw this.#unknown(`no resource is called "${name}"${advice}`);
  }

  /**
   * The name of a type whose objects are stored. Throws `unknown-type`, and `invalid-options` where
   * they are somewhere else: what happens to them is not seen here.
   */
  nameOfStored(reference: ResourceName): string {
    const type = this.find(reference);
    const name = qualifiedResource(type);
    if (isStored(type)) return name;
    throw new TestingError(
      'invalid-options',
      `the objects of ${name} are not stored here, so their changes are not seen: ask for them, by get and list`,
    );
  }

  /** The type of an object, in the version the object is in. Throws `unknown-type`. */
  ofObject({ apiVersion, kind }: KubernetesObject, place = 'the object'): ServedType {
    for (const type of this.all) {
      if (type.kind !== kind) continue;
      const version = type.versions.find(
        ({ name, served }) => served && apiVersionOf(type.group, name) === apiVersion,
      );
      if (version !== undefined) return { type, version };
    }
    const subject = `apiVersion ${JSON.stringify(apiVersion)} and kind ${JSON.stringify(kind)}`;
    throw this.#unknown(`${place} has ${subject}, which is not served here`);
  }

  /** The version that tests ask in: the stored one, where it is served. */
  preferred(type: ResourceType): ServedType {
    const stored = storageVersion(type);
    const version = stored.served ? stored : type.versions.find(({ served }) => served);
    return { type, version: version ?? stored };
  }

  #unknown(message: string): TestingError {
    return new TestingError('unknown-type', `${message}; served are ${this.names.join(', ')}`);
  }
}

function isStored(type: ResourceType): boolean {
  const { handlers, readThrough } = type as DefinedResource;
  return handlers === undefined && readThrough === undefined;
}

function nameOf(reference: unknown): string {
  const { group, resource } = (reference ?? {}) as Partial<ResourceType>;
  if (typeof group === 'string' && typeof resource === 'string') {
    return qualifiedResource({ group, resource });
  }
  throw new TestingError('invalid-options', 'a resource is a name or what defineResource gave');
}

/** The path of a type's collection, or of one object of it. */
export function pathOf(
  { type, version }: ServedType,
  reference: { readonly namespace?: string | undefined; readonly name?: string | undefined },
  subresource?: string,
): string {
  const apiVersion = apiVersionOf(type.group, version.name);
  const segments = [type.group === '' ? 'api' : 'apis', ...apiVersion.split('/')];
  if (reference.namespace !== undefined && type.namespaced) {
    segments.push('namespaces', reference.namespace);
  }
  segments.push(type.resource);
  if (reference.name !== undefined) segments.push(reference.name);
  if (subresource !== undefined) segments.push(subresource);
  return `/${segments.map((segment) => encodeURIComponent(segment)).join('/')}`;
}
