/**
 * The subresources of a type as OpenAPI tells them: which there are, and the schema of what each
 * takes and answers. Of functions nobody knows more than the kind.
 */

import type { JsonSchema, JsonValue, ResourceType, ResourceVersion } from '../object/index.js';
import { reference } from './meta-schemas.js';
import type { Parameter } from './parameters.js';
import { SCALE_SCHEMA } from './scale-schemas.js';
import { schemaName } from './type-schemas.js';

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** A whole object, or a subresource of it. */
export interface ObjectPart {
  readonly name: string;
  /** Of operation names: `Status`. */
  readonly suffix: string;
  /** As descriptions call it: `the status of a Widget`. */
  readonly subject: string;
  readonly kind: GroupVersionKind;
  readonly schema: JsonSchema;
  readonly verbs: readonly string[];
  readonly connects: boolean;
  /** Whether a function serves it, so that options of reading say nothing. */
  readonly isOwn: boolean;
}

interface PathItems {
  readonly [path: string]: { readonly [key: string]: JsonValue };
}

/** The paths below that of an object. */
export function subresourcePaths(
  type: ResourceType,
  version: ResourceVersion,
  objectPath: string,
  operationsOf: (part: ObjectPart) => { readonly [method: string]: JsonValue },
  parameters: readonly Parameter[],
): PathItems {
  return Object.fromEntries(
    partsOf(type, version).map((part) => [
      `${objectPath}/${part.name}`,
      { ...operationsOf(part), parameters },
    ]),
  );
}

const WRITABLE = ['get', 'update', 'patch'];

function partsOf(type: ResourceType, version: ResourceVersion): ObjectPart[] {
  const { group, kind } = type;
  const own: GroupVersionKind = { group, version: version.name, kind };
  const object = reference(schemaName(group, version.name, kind));
  const served = { verbs: WRITABLE, connects: false, isOwn: false };
  const parts: ObjectPart[] = [];
  if (version.statusSubresource) {
    const subject = `the status of a ${kind}`;
    parts.push({ name: 'status', suffix: 'Status', subject, kind: own, schema: object, ...served });
  }
  if (version.scale !== undefined) {
    parts.push({
      name: 'scale',
      suffix: 'Scale',
      subject: `the scale of a ${kind}`,
      kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      schema: reference(SCALE_SCHEMA),
      ...served,
    });
  }
  for (const { name, verbs, connects, ...told } of type.subresources ?? []) {
    const { group: kindGroup, version: kindVersion } = told.groupVersion ?? own;
    parts.push({
      name,
      suffix: name.split('-').map(capitalised).join(''),
      subject: `${name} of a ${kind}`,
      kind: { group: kindGroup, version: kindVersion, kind: told.kind },
      schema: told.kind === kind && told.groupVersion === undefined ? object : ANYTHING,
      verbs,
      connects,
      isOwn: true,
    });
  }
  return parts;
}

const ANYTHING: JsonSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
