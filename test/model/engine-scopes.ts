/** The scopes that model tests list and watch, each with a plain function that decides the same. */

import type { EngineSelector } from '../../lib/engine/index.js';
import type { ModelScope } from './engine-model.js';

const label = (
  key: string,
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist',
  ...values: string[]
): EngineSelector => ({ labels: [{ key, operator, values }], fields: [] });

const field = (path: string, operator: 'Equals' | 'NotEquals', value: string): EngineSelector => ({
  labels: [],
  fields: [{ path, operator, value }],
});

export const SCOPES: readonly ModelScope[] = [
  { scope: {}, matches: () => true },
  { scope: { namespace: 'a' }, matches: ({ namespace }) => namespace === 'a' },
  {
    scope: { namespace: 'a-b', name: 'b' },
    matches: ({ namespace, name }) => namespace === 'a-b' && name === 'b',
  },
  { scope: { name: '😀' }, matches: ({ name }) => name === '😀' },
  { scope: { selector: label('app', 'In', 'x') }, matches: ({ labels }) => labels?.app === 'x' },
  {
    scope: { selector: label('app', 'In', 'x', 'y'), apiVersion: 'example.com/v1' },
    matches: ({ labels }) => labels?.app === 'x' || labels?.app === 'y',
  },
  { scope: { selector: label('app', 'NotIn', 'x') }, matches: ({ labels }) => labels?.app !== 'x' },
  {
    scope: { selector: label('tier', 'Exists') },
    matches: ({ labels }) => labels?.tier !== undefined,
  },
  {
    scope: { selector: label('tier', 'DoesNotExist') },
    matches: ({ labels }) => labels?.tier === undefined,
  },
  {
    scope: { selector: field('spec.node', 'Equals', 'n1') },
    matches: ({ node }) => node === 'n1',
  },
  {
    scope: { selector: field('spec.node', 'Equals', '') },
    matches: ({ node }) => node === undefined,
  },
  {
    scope: { selector: field('spec.node', 'NotEquals', 'n1'), namespace: 'a.b' },
    matches: ({ node, namespace }) => node !== 'n1' && namespace === 'a.b',
  },
  {
    scope: { selector: field('metadata.name', 'Equals', 'ｚ') },
    matches: ({ name }) => name === 'ｚ',
  },
  {
    scope: { selector: field('metadata.namespace', 'Equals', 'ab') },
    matches: ({ namespace }) => namespace === 'ab',
  },
  {
    scope: { selector: field('metadata.name', 'NotEquals', 'b'), name: 'b' },
    matches: () => false,
  },
  {
    scope: {
      namespace: 'a',
      selector: { ...label('app', 'In', 'y'), fields: field('spec.node', 'Equals', 'n2').fields },
      apiVersion: 'example.com/v1beta1',
    },
    matches: ({ namespace, labels, node }) =>
      namespace === 'a' && labels?.app === 'y' && node === 'n2',
  },
];

/** Of these the one of no object that there can be. */
export const EMPTY_SCOPE: number = SCOPES.findIndex(
  ({ scope }) => scope.name === 'b' && scope.namespace === undefined,
);
