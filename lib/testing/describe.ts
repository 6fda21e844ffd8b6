/** States in the words of an error: short enough to read, long enough to see what was wrong. */

import type { KubernetesObject } from '../object/index.js';
import type { ObjectState } from './object-state.js';

/** Objects and events that are shown in full; more are only counted. */
const SHOWN_MAX = 20;
const TEXT_LENGTH_MAX = 600;

/** The objects of these resources, a line each. */
export function describeObjects(
  state: ObjectState,
  resources: readonly string[],
  namespace?: string,
): string {
  const lines = resources.flatMap((resource) =>
    state.entries(resource, namespace).map((entry) => {
      const place = entry.namespace === '' ? entry.name : `${entry.namespace}/${entry.name}`;
      return `  ${resource} ${place} ${contentOf(entry.parse())}`;
    }),
  );
  if (resources.length === 0) return 'no objects are stored here';
  if (lines.length === 0) return `the last state has no ${resources.join(', ')}`;
  return ['the last state:', ...shown(lines)].join('\n');
}

/** `ADDED shop/lamp, DELETED shop/lamp`; of many the last ones. */
export function describeEvents(
  events: readonly { readonly type: string; readonly object: unknown }[],
): string {
  if (events.length === 0) return 'nothing';
  const texts = events.map(({ type, object }) => {
    const { namespace, name } = (object as KubernetesObject).metadata ?? {};
    return `${type} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
  });
  const left = texts.length - SHOWN_MAX;
  return `${left > 0 ? `${left} events, then ` : ''}${texts.slice(-SHOWN_MAX).join(', ')}`;
}

/** `shown` of many lines, and how many more there are. */
export function shown(lines: readonly string[]): readonly string[] {
  const left = lines.length - SHOWN_MAX;
  return left <= 0 ? lines : [...lines.slice(0, SHOWN_MAX), `  … and ${left} more`];
}

// What tests ask about: the system's own fields would only hide it.
function contentOf(object: KubernetesObject): string {
  const { apiVersion, kind, metadata, ...content } = object;
  void [apiVersion, kind];
  const { resourceVersion, labels, finalizers, deletionTimestamp } = metadata ?? {};
  const told = { resourceVersion, labels, finalizers, deletionTimestamp };
  const text = JSON.stringify({ metadata: told, ...content });
  return text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX)}…` : text;
}
