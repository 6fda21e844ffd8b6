/** The objects that engine tests are made of, and short ways to read what engines answer. */

import type {
  Delete,
  EngineEvent,
  EngineList,
  EngineWatch,
  Put,
  WatchBatch,
} from '../../lib/engine/index.js';

export interface Widget {
  readonly namespace: string;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly node?: string;
  readonly value?: number;
}

/** Canonical bytes of a widget as text, as an engine serves it. */
export function widgetText(
  widget: Widget,
  revision: bigint,
  apiVersion = 'example.com/v1',
): string {
  const labels = Object.entries(widget.labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify({
    apiVersion,
    kind: 'Widget',
    metadata: {
      ...(labels.length > 0 ? { labels: Object.fromEntries(labels) } : {}),
      name: widget.name,
      namespace: widget.namespace === '' ? undefined : widget.namespace,
      resourceVersion: revision.toString(),
    },
    spec: { node: widget.node, value: widget.value ?? 0 },
  });
}

/**
 * A widget's bytes as a client may send them: other order, white space, a stale resourceVersion.
 */
export function widgetSource(widget: Widget): Uint8Array {
  const { namespace, name } = widget;
  const labels = Object.keys(widget.labels ?? {}).length > 0 ? widget.labels : undefined;
  const source = {
    spec: { value: widget.value ?? 0, node: widget.node },
    metadata: { resourceVersion: '999', namespace: namespace || undefined, name, labels },
    kind: 'Widget',
    apiVersion: 'example.com/v1',
  };
  return Buffer.from(JSON.stringify(source, undefined, 1));
}

export function put(widget: Widget, revision: bigint): Put {
  const { namespace, name } = widget;
  return { type: 'put', namespace, name, object: widgetSource(widget), revision };
}

export function remove(namespace: string, name: string, revision: bigint): Delete {
  return { type: 'delete', namespace, name, revision };
}

export function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
}

/** Everything that a list has, read in chunks of that many bytes, as the text of a JSON array. */
export function listText(list: EngineList, maxBytes = 300): string {
  let result = '';
  for (;;) {
    const chunk = list.read(maxBytes);
    if (chunk === undefined) return `[${result}]`;
    result += Buffer.from(chunk).toString();
  }
}

/** The names that a list has, with their namespaces. */
export function listKeys(list: EngineList): string[] {
  const keys: string[] = [];
  for (;;) {
    const objects = list.readObjects(7);
    if (objects.length === 0) return keys;
    keys.push(...objects.map(({ namespace, name }) => `${namespace}/${name}`));
  }
}

/** All that a watch has to say at once, in short: `ADDED a/b 17`. */
export function drainAll(watch: EngineWatch): string[] {
  return drainEvents(watch).map(
    ({ type, namespace, name, revision }) => `${type} ${namespace}/${name} ${revision}`,
  );
}

/** All events that a watch has at once. */
export function drainEvents(watch: EngineWatch): EngineEvent[] {
  return drain((count) => watch.drainEvents(count), 3);
}

/** All frames that a watch has at once, as text. */
export function drainFrames(watch: EngineWatch): string[] {
  return drain((bytes) => watch.drainFrames(bytes), 300).map((frame) => String(text(frame)));
}

function drain<Item>(next: (max: number) => WatchBatch<Item>, max: number): Item[] {
  const items: Item[] = [];
  for (;;) {
    const batch = next(max);
    items.push(...batch.items);
    if (!batch.more) return items;
  }
}
