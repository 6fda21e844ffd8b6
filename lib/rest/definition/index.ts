/**
 * Resource types, made by code (`defineResource`) or read from CustomResourceDefinitions
 * (`readResourceTypes`). Both check the same rules and tell all problems at once.
 */

export { checkNameConflicts } from './conflicts.js';
export type { HookContext, UpdateContext } from './context.js';
export { defineResource } from './define.js';
export type {
  DefinedResource,
  NamedVersionOptions,
  PrinterColumnOptions,
  ResourceOptions,
  VersionOptions,
} from './define.js';
export { extendResource } from './extend.js';
export type { ResourceExtension } from './extend.js';
export { parseResourceTypes, readResourceTypes } from './files.js';
export { DefinitionError } from './problem.js';
export type { DefinitionProblem } from './problem.js';
export { strategyOf } from './strategy.js';
export type { Changed, ResourceStrategy, StrategyHook } from './strategy.js';
export { subresourceHandlersOf } from './subresources.js';
export type {
  ConnectContext,
  Connection,
  OwnSubresources,
  SubresourceContext,
  SubresourceHandlers,
  SubresourceResult,
} from './subresources.js';
