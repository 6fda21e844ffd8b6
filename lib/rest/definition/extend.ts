/** Code for a type that was defined without any: in a CustomResourceDefinition file, say. */

import { qualifiedResource } from '../../object/index.js';
import type { ResourceType, UnknownObject } from '../../object/index.js';
import type { DefinedResource } from './define.js';
import { DefinitionField } from './field.js';
import { DefinitionError } from './problem.js';
import type { DefinitionProblem } from './problem.js';
import { readStrategy, strategyOf } from './strategy.js';
import type { ResourceStrategy } from './strategy.js';
import { readSubresources } from './subresources.js';
import type { OwnSubresources } from './subresources.js';

/** What of a definition is code. As in ResourceOptions. */
export interface ResourceExtension<T> {
  readonly strategy?: ResourceStrategy<T>;
  readonly subresources?: OwnSubresources<T>;
}

/**
 * The type with a strategy, subresources, or both; `type` itself stays as it is. `T` is the type of
 * its objects, as `shardwatch types` writes it.
 *
 * Throws a DefinitionError that names every option at fault, and for a type that has already what
 * it would get, or whose objects are not stored.
 *
 * @example
 * const [apps] = await readResourceTypes(['crds/apps.yaml']);
 * const type = extendResource<App>(apps, { strategy: { validate: checkApp } });
 */
export function extendResource<T extends object = UnknownObject>(
  type: ResourceType,
  extension: ResourceExtension<T>,
): DefinedResource<T> {
  const problems: DefinitionProblem[] = [];
  const root = new DefinitionField(extension, '', problems);
  root.isObject(['strategy', 'subresources']);
  const strategyField = root.member('strategy');
  const subresourcesField = root.member('subresources');
  const strategy = readStrategy<T>(strategyField);
  const own = readSubresources<T>(subresourcesField, type.kind);
  const name = qualifiedResource(type);
  if (strategy !== undefined && strategyOf(type) !== undefined) {
    strategyField.refuse(`${name} has a strategy already`);
  }
  if (own !== undefined && type.subresources !== undefined) {
    subresourcesField.refuse(`${name} has subresources of its own already`);
  }
  if (type.verbs !== undefined) root.refuse(`objects of ${name} are not stored`);
  if (problems.length > 0) throw new DefinitionError(problems);
  return Object.freeze({
    ...(type as DefinedResource<T>),
    ...(strategy === undefined ? {} : { strategy }),
    ...own,
  });
}
