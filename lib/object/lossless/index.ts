/**
 * JSON as JavaScript values without losing what a double can't hold: 64-bit integers, and the
 * difference of 1 and 1.0. Only for where an object has to be looked into (patches, validation,
 * admission); reads pass an object on as bytes.
 */

export { ObjectError as JsonError } from '../error.js';
export type { ObjectErrorCode as JsonErrorCode } from '../error.js';
export { cloneJson, equalJson } from './compare.js';
export { decodeJson } from './decode.js';
export type { DecodeOptions } from './decode.js';
export { encodeJson, encodeJsonText } from './encode.js';
export { getMember, isJsonObject, setMember } from './member.js';
export type { JsonObject } from './member.js';
export { isLosslessNumber, isNumber, LosslessNumber, numberLexeme } from './number.js';
export type { JsonNumber, LosslessJson } from './number.js';
export { plainJson } from './plain.js';
export type { PlainJson } from './plain.js';
