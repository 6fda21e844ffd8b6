/**
 * YAML bodies and answers, numbers kept as they are written.
 *
 * YAML 1.2 with merge keys; one document. Aliases may expand to a bounded multiple of the text, so
 * that a small body can't become a large value.
 */

import type { ScalarTag, Tags } from 'yaml';
import { parseDocument, stringify } from 'yaml';
import type { JsonValue } from '../../object/index.js';
import { decodeJson, encodeJson, LosslessNumber } from '../../object/lossless/index.js';

/** Nodes that aliases may stand for, times the aliases: the yaml package's own default. */
const ALIAS_COUNT_MAX = 100;

/** A text that is no YAML, or YAML that JSON has no form for. */
export class YamlError extends Error {
  override readonly name: string = 'YamlError';
}

/** Decodes one YAML document into a JSON value. Throws a YamlError. */
export function decodeYaml(bytes: Uint8Array): JsonValue {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const document = parseDocument(text, {
      customTags: losslessTags,
      merge: true,
      stringKeys: true,
      prettyErrors: false,
    });
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const value: unknown = document.toJS({ maxAliasCount: ALIAS_COUNT_MAX });
    // Through JSON: whatever is no JSON (infinities, dates) is found, and the result is plain data.
    return decodeJson(encodeJson(value));
  } catch (error) {
    throw new YamlError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Encodes a JSON value as YAML. */
export function encodeYaml(value: JsonValue): Uint8Array {
  return Buffer.from(
    stringify(value, {
      customTags: losslessTags,
      // Older readers take more for dates, booleans and numbers: such strings are quoted.
      compat: 'yaml-1.1',
      lineWidth: 0,
      aliasDuplicateObjects: false,
    }),
  );
}

const JSON_NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;

// Ahead of the schema's own numbers, so that these never see a number that JSON can write.
function losslessTags(tags: Tags): Tags {
  return [LOSSLESS_NUMBER, ...tags];
}

const LOSSLESS_NUMBER: ScalarTag = {
  tag: 'tag:yaml.org,2002:float',
  default: true,
  test: JSON_NUMBER,
  identify: (value) => value instanceof LosslessNumber,
  resolve: (text) => new LosslessNumber(text),
  stringify: ({ value }) => String(value),
};
