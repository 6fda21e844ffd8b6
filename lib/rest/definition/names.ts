/**
 * The names of a type: what each may look like, and how those that are not given follow from the
 * kind (apiextensions, `CustomResourceDefinitionNames`).
 */

import { isDns1035Label, isDns1123Subdomain } from '../../object/index.js';
import type { DefinitionField } from './field.js';

export interface DefinedNames {
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
}

const KNOWN = ['plural', 'singular', 'kind', 'listKind', 'shortNames', 'categories'] as const;

/** Reads `spec.names`. */
export function readNames(names: DefinitionField): DefinedNames | undefined {
  if (!names.isObject(KNOWN)) return undefined;
  const kind = names.member('kind').requiredText();
  checkKind(names.member('kind'), kind);
  // What follows from a kind is as good or bad as the kind, and at fault only by its length.
  const kindIsFine = kind !== '' && isDns1035Label(kind.toLowerCase()).length === 0;
  const listKind = names.member('listKind').text() ?? `${kind}List`;
  if (kindIsFine || !names.member('listKind').isAbsent) {
    checkKind(names.member('listKind'), listKind);
  }
  if (kind !== '' && kind === listKind) {
    names.member('listKind').refuse('must differ from the kind');
  }
  const plural = names.member('plural').requiredText();
  checkLabel(names.member('plural'), plural);
  const singular = names.member('singular').text() ?? kind.toLowerCase();
  if (!names.member('singular').isAbsent) checkLabel(names.member('singular'), singular);
  return {
    plural,
    singular,
    kind,
    listKind,
    shortNames: readLabels(names.member('shortNames')),
    categories: readLabels(names.member('categories')),
  };
}

/** The plural that a kind has unless told otherwise: `Policy` → `policies`. */
export function pluralOf(kind: string): string {
  const singular = kind.toLowerCase();
  if (/[^aeiou]y$/.test(singular)) return `${singular.slice(0, -1)}ies`;
  return /(?:s|x|z|ch|sh)$/.test(singular) ? `${singular}es` : `${singular}s`;
}

/** Notes when `text` is no DNS label of RFC 1035, which a name in a path has to be. */
export function checkLabel(field: DefinitionField, text: string): void {
  if (text !== '') isDns1035Label(text).forEach((reason) => field.refuse(reason));
}

/** Notes when `group` is no domain; where `dotted`, it needs a dot as well. */
export function checkGroup(field: DefinitionField, group: string, dotted: boolean): void {
  if (group === '') return;
  const reasons = isDns1123Subdomain(group);
  for (const reason of reasons) field.refuse(reason);
  if (reasons.length === 0 && dotted && !group.includes('.')) {
    field.refuse('should be a domain with at least one dot');
  }
}

/** Notes when `kind` is no kind: a label but for its capitals. */
export function checkKind(field: DefinitionField, kind: string): void {
  checkLabel(field, kind.toLowerCase());
}

function readLabels(list: DefinitionField): readonly string[] {
  return list.elements().map((element) => {
    const text = element.requiredText();
    checkLabel(element, text);
    return text;
  });
}
