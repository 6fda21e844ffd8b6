/**
 * The requirements that label and field selectors consist of, and how objects meet them
 * (apimachinery `labels.Requirement` and `fields.Selector`, restated).
 */

export type LabelOperator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'GreaterThan' | 'LessThan';

/** One term of a label selector. `values` is empty for Exists and DoesNotExist. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

/** One term of a field selector. A field that an object lacks has the value `''`. */
export interface FieldRequirement {
  /** `metadata.name`, `spec.nodeName`. */
  readonly path: string;
  readonly operator: 'Equals' | 'NotEquals';
  readonly value: string;
}
