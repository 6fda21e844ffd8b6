/** Which of the objects that handlers give meet the selectors of a request. */

import type { FieldRequirement, LabelRequirement } from '../../object/index.js';
import { matchesFields, matchesLabels } from '../../object/index.js';
import type { RequestContext } from '../handler/context.js';
import type { ListOptions } from '../options/index.js';
import type { ParsedSelector } from './contract.js';
import type { OutgoingObject } from './outgoing.js';

export class Selection {
  readonly labelSelector: ParsedSelector<LabelRequirement>;
  readonly fieldSelector: ParsedSelector<FieldRequirement>;
  readonly #paths: readonly string[];

  constructor({ version, request }: RequestContext, options: ListOptions) {
    const { labelSelector, fieldSelector } = options;
    this.labelSelector = {
      text: request.query.get('labelSelector') ?? '',
      requirements: labelSelector,
    };
    this.fieldSelector = {
      text: request.query.get('fieldSelector') ?? '',
      requirements: fieldSelector,
    };
    this.#paths = version.selectableFields;
  }

  /** Whether everything meets them. */
  get isEmpty(): boolean {
    return this.labelSelector.requirements.length + this.fieldSelector.requirements.length === 0;
  }

  meets(object: OutgoingObject): boolean {
    return (
      matchesLabels(this.labelSelector.requirements, new Map(object.labels)) &&
      matchesFields(this.fieldSelector.requirements, (path) => this.#field(object, path))
    );
  }

  #field(object: OutgoingObject, path: string): string | undefined {
    if (path === 'metadata.name') return object.name;
    if (path === 'metadata.namespace') return object.namespace;
    return object.fields[this.#paths.indexOf(path)];
  }
}
