/** The door of the definition folder: resource types, made by code or read from files. */

export { checkNameConflicts } from './conflicts.js';
export { defineResource } from './define.js';
export type {
  DefinedResource,
  NamedVersionOptions,
  PrinterColumnOptions,
  ResourceOptions,
  VersionOptions,
} from './define.js';
export { parseResourceTypes, readResourceTypes } from './files.js';
export { DefinitionError } from './problem.js';
export type { DefinitionProblem } from './problem.js';
