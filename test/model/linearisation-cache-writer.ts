/** Writes to a shared, stand-alone watch cache, in every way. */

import type { CacheChange, WatchCache } from '../../lib/cache/index.js';
import type { Widget } from '../engine/widget.js';
import { widgetSource } from '../engine/widget.js';
import {
  type PlannedChange,
  RecordingWriter,
  type ReplacedWidget,
} from './linearisation-writer.js';

export class CacheWriter extends RecordingWriter<WatchCache> {
  protected override revision(): bigint {
    return BigInt(this.cache.resourceVersion);
  }

  protected override writeSomething(): void {
    const { cache, chance, progress } = this;
    const isOne = chance.holds(0.4);
    const planned = isOne ? [this.plan()] : this.planBatch();
    const atLeast = progress.told;
    const told = isOne
      ? [this.#addEvent(planned[0]!)]
      : cache.apply(planned.map((change) => this.#change(change)));
    const changes = planned.map((change, at) => ({ ...change, revision: BigInt(told[at]!) }));
    this.commit({ type: 'batch', changes, span: this.since(atLeast) });
  }

  /** The owner's alone. */
  protected override replace(objects: readonly ReplacedWidget[], revision: bigint): void {
    const texts = objects.map((object) => sourceAt(object, object.revision));
    this.cache.replace(texts, { resourceVersion: revision.toString() });
  }

  #addEvent({ namespace, name, widget }: PlannedChange): string {
    return this.cache.addEvent(
      namespace,
      name,
      widget === undefined
        ? { type: 'DELETED' }
        : { type: 'MODIFIED', object: widgetSource(widget) },
    );
  }

  /** With its name told or not, as bytes or as text. */
  #change({ namespace, name, widget }: PlannedChange): CacheChange {
    const { chance } = this;
    if (widget === undefined) return { type: 'delete', namespace, name };
    const bytes = widgetSource(widget);
    const object = chance.holds(0.5) ? bytes : Buffer.from(bytes).toString();
    return { type: 'put', object, ...(chance.holds(0.5) ? { namespace, name } : {}) };
  }
}

/** What a state that is replaced keeps of an object is the resourceVersion that it carries. */
function sourceAt(widget: Widget, revision: bigint): string {
  const source = Buffer.from(widgetSource(widget)).toString();
  return source.replace('"resourceVersion": "999"', `"resourceVersion": "${revision}"`);
}
