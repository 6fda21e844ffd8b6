/**
 * Names that several types lay claim to. Within a group, plural, singular and short names are one
 * name space and kinds with list kinds another (upstream's condition NamesAccepted); a type may use
 * one name twice itself, as the singular `sheep` of `sheep`.
 */

import type { ResourceType } from '../../object/index.js';
import { qualifiedResource } from '../../object/index.js';
import { DefinitionError } from './problem.js';

/** Why `types` can't be served together, one text for each clash: none when they can. */
export function findNameConflicts(
  types: readonly ResourceType[],
): readonly { readonly index: number; readonly field: string; readonly reason: string }[] {
  const owners = new Map<string, number>();
  const conflicts: { index: number; field: string; reason: string }[] = [];
  for (const [index, type] of types.entries()) {
    for (const { space, name, field } of claimsOf(type)) {
      const key = `${type.group}/${space}/${name}`;
      const owner = owners.get(key) ?? index;
      owners.set(key, owner);
      const other = types[owner];
      if (owner === index || other === undefined) continue;
      conflicts.push({
        index,
        field,
        reason: `"${name}" already belongs to ${qualifiedResource(other)}`,
      });
      // The same type once more: its other names say nothing new.
      if (field === 'spec.names.plural') break;
    }
  }
  return conflicts;
}

/** Throws a DefinitionError when types from wherever can't be served together. */
export function checkNameConflicts(types: readonly ResourceType[]): void {
  const conflicts = findNameConflicts(types);
  if (conflicts.length === 0) return;
  throw new DefinitionError(
    conflicts.map(({ index, field, reason }) => {
      const type = types[index];
      const name = type === undefined ? '' : `${qualifiedResource(type)}: `;
      return { field: '', reason: `${name}${field}: ${reason}` };
    }),
  );
}

interface Claim {
  readonly space: 'resource' | 'kind';
  readonly name: string;
  readonly field: string;
}

function claimsOf(type: ResourceType): readonly Claim[] {
  return [
    { space: 'resource', name: type.resource, field: 'spec.names.plural' },
    { space: 'resource', name: type.singular, field: 'spec.names.singular' },
    ...type.shortNames.map((name, index): Claim => {
      return { space: 'resource', name, field: `spec.names.shortNames[${index}]` };
    }),
    { space: 'kind', name: type.kind, field: 'spec.names.kind' },
    { space: 'kind', name: type.listKind, field: 'spec.names.listKind' },
  ];
}
