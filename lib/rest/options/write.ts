/**
 * The options of writes (`meta/v1` CreateOptions, UpdateOptions, PatchOptions), validated by
 * upstream's rules: every fault is named in one 422.
 */

import type { FieldError } from '../../request/index.js';
import {
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldTooLong,
  invalid,
} from '../../request/index.js';
import type { FieldValidation } from '../store/index.js';
import { optionalBoolean, textParameter } from './parameters.js';

/** Bytes of a field manager's name: upstream's limit. */
const FIELD_MANAGER_BYTES_MAX = 128;

const FIELD_VALIDATIONS: readonly string[] = ['', 'Ignore', 'Strict', 'Warn'];

export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
}

export type WriteOptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions';

/** Throws a StatusError 422. */
export function parseWriteOptions(query: URLSearchParams, kind: WriteOptionsKind): WriteOptions {
  const dryRun = query.getAll('dryRun');
  const fieldValidation = query.get('fieldValidation') ?? '';
  const errors: FieldError[] = [];
  if (kind === 'PatchOptions' && optionalBoolean(query, 'force') !== undefined) {
    errors.push(fieldForbidden('force', 'may not be specified for non-apply patch'));
  }
  errors.push(...fieldManagerErrors(textParameter(query, 'fieldManager') ?? ''));
  errors.push(...dryRunErrors(dryRun));
  if (!FIELD_VALIDATIONS.includes(fieldValidation)) {
    errors.push(fieldNotSupported('fieldValidation', fieldValidation, FIELD_VALIDATIONS));
  }
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', errors);
  return {
    dryRun: dryRun.length > 0,
    fieldValidation: fieldValidation === '' ? 'Warn' : (fieldValidation as FieldValidation),
  };
}

/** Only `All` is known. */
export function dryRunErrors(dryRun: readonly string[]): FieldError[] {
  if (dryRun.every((value) => value === 'All')) return [];
  return [fieldNotSupported('dryRun', dryRun, ['All'])];
}

function fieldManagerErrors(fieldManager: string): FieldError[] {
  const errors: FieldError[] = [];
  if (Buffer.byteLength(fieldManager) > FIELD_MANAGER_BYTES_MAX) {
    errors.push(fieldTooLong('fieldManager', FIELD_MANAGER_BYTES_MAX));
  }
  let position = 0;
  for (const character of fieldManager) {
    if (/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u.test(character)) {
      const point = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      const detail = `invalid character U+${point} (at position ${position})`;
      errors.push(fieldInvalid('fieldManager', fieldManager, detail));
    }
    position += Buffer.byteLength(character);
  }
  return errors;
}
