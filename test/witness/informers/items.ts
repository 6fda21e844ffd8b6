/** The type that informers follow, and the requests that are made about it. */

import { defineResource, type DefinedResource } from '../../../lib/rest/index.js';

export interface Item {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly resourceVersion?: string;
    readonly labels?: { readonly [key: string]: string };
  };
  readonly spec: { readonly step: number };
}

export interface ItemList {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly Item[];
}

export const ITEMS: DefinedResource<Item> = defineResource<Item>({
  group: 'example.com',
  version: 'v1',
  kind: 'Item',
});

export const PATH = '/apis/example.com/v1/namespaces/followed/items';

export const EVEN = 'parity=even';

export function item(lane: number): Item {
  return {
    apiVersion: 'example.com/v1',
    kind: 'Item',
    metadata: {
      name: `item-${lane}`,
      namespace: 'followed',
      labels: { parity: lane % 2 === 0 ? 'even' : 'odd' },
    },
    spec: { step: 0 },
  };
}
