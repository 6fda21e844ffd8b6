/** The schemas of a Scale (`autoscaling/v1`), by the names that clients know them by. */

import type { JsonSchema } from '../object/index.js';
import { API_VERSION, KIND, describedReference, metaReference, reference } from './meta-schemas.js';

const PREFIX = 'io.k8s.api.autoscaling.v1.';

/** The name of the schema of a whole Scale. */
export const SCALE_SCHEMA: string = `${PREFIX}Scale`;

const int32 = (description: string): JsonSchema => {
  return { type: 'integer', format: 'int32', description };
};

/** All of them, by full name. */
export const SCALE_SCHEMAS: { readonly [name: string]: JsonSchema } = {
  [SCALE_SCHEMA]: {
    type: 'object',
    description: 'Scale is how often something runs: how often it should, and how often it does.',
    properties: {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: describedReference('Metadata of the object.', metaReference('ObjectMeta')),
      spec: describedReference('What is wanted.', reference(`${PREFIX}ScaleSpec`)),
      status: describedReference('What there is.', reference(`${PREFIX}ScaleStatus`)),
    },
    'x-kubernetes-group-version-kind': [{ group: 'autoscaling', kind: 'Scale', version: 'v1' }],
  },
  [`${PREFIX}ScaleSpec`]: {
    type: 'object',
    description: 'ScaleSpec is how often something should run.',
    properties: { replicas: int32('How many are wanted; absent is 0.') },
  },
  [`${PREFIX}ScaleStatus`]: {
    type: 'object',
    description: 'ScaleStatus is how often something runs.',
    required: ['replicas'],
    properties: {
      replicas: int32('How many there are.'),
      selector: { type: 'string', description: 'A label selector, as text, that finds them.' },
    },
  },
};
