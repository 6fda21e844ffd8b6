/** Which of the objects that handlers give meet the selectors of a request. */

import type { FieldRequirement, LabelRequirement, ShardSelector } from '../../object/index.js';
import { FieldMatcher, isInShard, LabelMatcher } from '../../object/index.js';
import type { RequestContext } from '../handler/context.js';
import type { ListOptions } from '../options/index.js';
import type { ParsedSelector } from './contract.js';
import type { OutgoingObject } from './outgoing.js';

export class Selection {
  readonly labelSelector: ParsedSelector<LabelRequirement>;
  readonly fieldSelector: ParsedSelector<FieldRequirement>;
  readonly shardSelector: ShardSelector | undefined;
  readonly #paths: readonly string[];
  readonly #labels: LabelMatcher;
  readonly #fields: FieldMatcher;

  constructor({ version, request }: RequestContext, options: ListOptions) {
    const { labelSelector, fieldSelector, shardSelector } = options;
    this.shardSelector = shardSelector;
    this.labelSelector = {
      text: request.query.get('labelSelector') ?? '',
      requirements: labelSelector,
    };
    this.fieldSelector = {
      text: request.query.get('fieldSelector') ?? '',
      requirements: fieldSelector,
    };
    this.#paths = version.selectableFields;
    this.#labels = new LabelMatcher(labelSelector);
    this.#fields = new FieldMatcher(fieldSelector);
  }

  /** Whether everything meets them. */
  get isEmpty(): boolean {
    const { labelSelector, fieldSelector } = this;
    const count = labelSelector.requirements.length + fieldSelector.requirements.length;
    return count === 0 && this.shardSelector === undefined;
  }

  meets(object: OutgoingObject): boolean {
    return (
      this.#labels.matches(object.labels.flat()) &&
      this.#fields.matches((path) => this.#field(object, path)) &&
      this.#isInShard(object)
    );
  }

  #isInShard({ namespace, uid }: OutgoingObject): boolean {
    const shard = this.shardSelector;
    if (shard === undefined) return true;
    return isInShard(shard, shard.field === 'object.metadata.uid' ? uid : namespace);
  }

  #field(object: OutgoingObject, path: string): string | undefined {
    if (path === 'metadata.name') return object.name;
    if (path === 'metadata.namespace') return object.namespace;
    return object.fields[this.#paths.indexOf(path)];
  }
}
