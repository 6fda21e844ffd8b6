/**
 * The paths and operations of a resource type.
 *
 * kubectl decides by them: a PATCH with the type's `x-kubernetes-group-version-kind` and a query
 * parameter `fieldValidation` means that the server checks objects, and the content types of that
 * PATCH are the patches it sends (KEP-2885). Only what is really accepted is listed.
 */

import type { JsonSchema, JsonValue, ResourceType, ResourceVersion } from '../object/index.js';
import { metaReference, reference } from './meta-schemas.js';
import {
  DELETE_COLLECTION_PARAMETERS,
  DELETE_PARAMETERS,
  GET_PARAMETERS,
  LIST_PARAMETERS,
  NAME,
  NAMESPACE,
  PATCH_PARAMETERS,
  PRETTY,
  WATCH_PARAMETERS,
  WRITE_PARAMETERS,
} from './parameters.js';
import type { Parameter } from './parameters.js';
import { subresourcePaths } from './subresources.js';
import type { GroupVersionKind, ObjectPart } from './subresources.js';
import { schemaName } from './type-schemas.js';

export type PathItem = { readonly [key: string]: JsonValue };

const JSON_TYPE = 'application/json';
const WATCH_TYPE = 'application/json;stream=watch';
const BODY_TYPES: readonly string[] = [JSON_TYPE, 'application/yaml'];
const PATCH_TYPES: readonly string[] = [
  'application/json-patch+json',
  'application/merge-patch+json',
];

/** The paths of one version of a type, without the common prefix being left out. */
export function resourcePaths(
  type: ResourceType,
  version: ResourceVersion,
): { readonly [path: string]: PathItem } {
  const make = new OperationMaker(type, version);
  const root = type.group === '' ? `/api/${version.name}` : `/apis/${type.group}/${version.name}`;
  const everywhere = `${root}/${type.resource}`;
  const scoped = type.namespaced ? `${root}/namespaces/{namespace}/${type.resource}` : everywhere;
  const inScope = type.namespaced ? [NAMESPACE, PRETTY] : [PRETTY];
  const ofObject = [NAME, ...inScope];
  const served = (verb: string): boolean => isServed(type, verb);
  // What is listed for a path: a path at which nothing is served is none.
  const path = (name: string, item: PathItem): { readonly [path: string]: PathItem } =>
    Object.keys(item).length > 1 ? { [name]: item } : {};
  return {
    ...(type.namespaced
      ? path(everywhere, {
          ...(served('list') ? { get: make.listEverywhere() } : {}),
          parameters: [PRETTY],
        })
      : {}),
    ...path(scoped, {
      ...(served('list') ? { get: make.list() } : {}),
      ...(served('create') ? { post: make.create() } : {}),
      ...(served('deletecollection') ? { delete: make.deleteCollection() } : {}),
      parameters: inScope,
    }),
    ...path(`${scoped}/{name}`, {
      ...(served('get') ? { get: make.read() } : {}),
      ...(served('update') ? { put: make.replace() } : {}),
      ...(served('patch') ? { patch: make.patch() } : {}),
      ...(served('delete') ? { delete: make.delete() } : {}),
      parameters: ofObject,
    }),
    ...subresourcePaths(
      type,
      version,
      `${scoped}/{name}`,
      (part) => make.subresource(part),
      ofObject,
    ),
  };
}

interface OperationOptions {
  readonly kind?: GroupVersionKind;
  readonly id: string;
  readonly action: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly body?: JsonSchema;
  readonly responses: { readonly [code: string]: JsonSchema };
}

class OperationMaker {
  readonly #type: ResourceType;
  readonly #version: ResourceVersion;
  /** `ExampleComV1`. */
  readonly #prefix: string;
  /** `NamespacedWidget`. */
  readonly #subject: string;
  readonly #object: JsonSchema;
  readonly #list: JsonSchema;

  constructor(type: ResourceType, version: ResourceVersion) {
    this.#type = type;
    this.#version = version;
    const group = type.group === '' ? 'core' : type.group;
    this.#prefix = [...group.split(/[.-]/), version.name].map(capitalised).join('');
    this.#subject = `${type.namespaced ? 'Namespaced' : ''}${type.kind}`;
    this.#object = reference(schemaName(type.group, version.name, type.kind));
    this.#list = reference(schemaName(type.group, version.name, type.listKind));
  }

  listEverywhere(): JsonValue {
    return this.#operation({
      id: `list${this.#prefix}${this.#type.kind}ForAllNamespaces`,
      action: 'list',
      description: `${this.#lists} objects of kind ${this.#type.kind} of all namespaces`,
      parameters: this.#listParameters,
      responses: { 200: this.#listContent },
    });
  }

  list(): JsonValue {
    return this.#operation({
      id: `list${this.#prefix}${this.#subject}`,
      action: 'list',
      description: `${this.#lists} objects of kind ${this.#type.kind}`,
      parameters: this.#listParameters,
      responses: { 200: this.#listContent },
    });
  }

  create(): JsonValue {
    return this.#operation({
      id: `create${this.#prefix}${this.#subject}`,
      action: 'post',
      description: `creates a ${this.#type.kind}`,
      parameters: WRITE_PARAMETERS,
      body: content(BODY_TYPES, this.#object),
      responses: { 201: content(BODY_TYPES, this.#object) },
    });
  }

  deleteCollection(): JsonValue {
    return this.#operation({
      id: `delete${this.#prefix}Collection${this.#subject}`,
      action: 'deletecollection',
      description: `deletes all objects of kind ${this.#type.kind} that meet the selectors`,
      parameters: DELETE_COLLECTION_PARAMETERS,
      body: content(BODY_TYPES, metaReference('DeleteOptions')),
      responses: { 200: content(BODY_TYPES, metaReference('Status')) },
    });
  }

  read(part: ObjectPart = this.#whole): JsonValue {
    return this.#operation({
      kind: part.kind,
      id: `read${this.#prefix}${this.#subject}${part.suffix}`,
      action: 'get',
      description: `reads ${part.subject}`,
      parameters: part.isOwn ? [] : GET_PARAMETERS,
      responses: { 200: content(BODY_TYPES, part.schema) },
    });
  }

  replace(part: ObjectPart = this.#whole): JsonValue {
    return this.#operation({
      kind: part.kind,
      id: `replace${this.#prefix}${this.#subject}${part.suffix}`,
      action: 'put',
      description: `replaces ${part.subject}`,
      parameters: WRITE_PARAMETERS,
      body: content(BODY_TYPES, part.schema),
      responses: { 200: content(BODY_TYPES, part.schema) },
    });
  }

  patch(part: ObjectPart = this.#whole): JsonValue {
    return this.#operation({
      kind: part.kind,
      id: `patch${this.#prefix}${this.#subject}${part.suffix}`,
      action: 'patch',
      description: `changes ${part.subject} by a patch`,
      parameters: PATCH_PARAMETERS,
      body: content(PATCH_TYPES, metaReference('Patch')),
      responses: { 200: content(BODY_TYPES, part.schema) },
    });
  }

  /** The operations of a subresource, by method. */
  subresource(part: ObjectPart): PathItem {
    const { verbs } = part;
    if (part.connects)
      return { get: this.#connect(part, 'get'), post: this.#connect(part, 'post') };
    return {
      ...(verbs.includes('get') ? { get: this.read(part) } : {}),
      ...(verbs.includes('update') ? { put: this.replace(part) } : {}),
      ...(verbs.includes('create') ? { post: this.#post(part) } : {}),
      ...(verbs.includes('patch') ? { patch: this.patch(part) } : {}),
    };
  }

  #post(part: ObjectPart): JsonValue {
    return this.#operation({
      kind: part.kind,
      id: `create${this.#prefix}${this.#subject}${part.suffix}`,
      action: 'post',
      description: `creates ${part.subject}`,
      parameters: WRITE_PARAMETERS,
      body: content(BODY_TYPES, part.schema),
      responses: { 201: content(BODY_TYPES, part.schema) },
    });
  }

  #connect(part: ObjectPart, method: string): JsonValue {
    return this.#operation({
      kind: part.kind,
      id: `connect${capitalised(method)}${this.#prefix}${this.#subject}${part.suffix}`,
      action: 'connect',
      description: `connects to ${part.subject}`,
      parameters: [],
      responses: { 101: {} },
    });
  }

  delete(): JsonValue {
    return this.#operation({
      id: `delete${this.#prefix}${this.#subject}`,
      action: 'delete',
      description: `deletes a ${this.#type.kind}`,
      parameters: DELETE_PARAMETERS,
      body: content(BODY_TYPES, metaReference('DeleteOptions')),
      responses: { 200: content(BODY_TYPES, metaReference('Status')) },
    });
  }

  get #lists(): string {
    return isServed(this.#type, 'watch') ? 'lists or watches' : 'lists';
  }

  get #listParameters(): readonly Parameter[] {
    return isServed(this.#type, 'watch')
      ? LIST_PARAMETERS
      : LIST_PARAMETERS.filter(({ name }) => !WATCH_PARAMETERS.has(String(name)));
  }

  get #listContent(): JsonSchema {
    const watch = isServed(this.#type, 'watch') ? [WATCH_TYPE] : [];
    return content([...BODY_TYPES, ...watch], this.#list);
  }

  get #whole(): ObjectPart {
    const { group, kind } = this.#type;
    return {
      name: '',
      suffix: '',
      subject: `a ${kind}`,
      kind: { group, version: this.#version.name, kind },
      schema: this.#object,
      verbs: [],
      connects: false,
      isOwn: false,
    };
  }

  #operation(options: OperationOptions): JsonValue {
    const { group, version, kind } = options.kind ?? this.#whole.kind;
    const responses = Object.entries(options.responses).map(([code, schema]) => {
      const description = DESCRIPTIONS[code] ?? 'OK';
      const isEmpty = Object.keys(schema).length === 0;
      return [code, { description, ...(isEmpty ? {} : { content: schema }) }] as const;
    });
    return {
      tags: [this.#prefix],
      description: options.description,
      operationId: options.id,
      parameters: options.parameters,
      ...(options.body === undefined
        ? {}
        : {
            requestBody: { required: isBodyRequired(options), content: options.body },
          }),
      responses: { ...Object.fromEntries(responses), 401: { description: 'Unauthorized' } },
      'x-kubernetes-action': options.action,
      'x-kubernetes-group-version-kind': { group, kind, version },
    };
  }
}

const DESCRIPTIONS: { readonly [code: string]: string } = {
  101: 'Switching Protocols',
  201: 'Created',
};

// A delete has options, and an action on an object often says all by its name.
function isBodyRequired({ action, kind }: OperationOptions): boolean {
  return !action.startsWith('delete') && !(action === 'post' && kind !== undefined);
}

function content(mediaTypes: readonly string[], schema: JsonSchema): JsonSchema {
  return Object.fromEntries(mediaTypes.map((mediaType) => [mediaType, { schema }]));
}

function isServed({ verbs }: ResourceType, verb: string): boolean {
  return verbs?.includes(verb) ?? true;
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
