/**
 * An object as it is served: its key, its revision and its JSON bytes, parsed only on demand.
 *
 * The bytes are the caller's own: nothing else refers to them, and they stay as they are. Parsing
 * is never done on the way to a socket; `parse` is for programs that look inside.
 */

import type { EngineObject } from '../engine/index.js';
import type { UnknownObject } from '../object/index.js';

/**
 * One version of an object. `T` is what `parse` makes of it.
 *
 * @example
 * const widget = await cache.get('team-a', 'lamp');
 * if (widget !== undefined) {
 *   response.end(widget.bytes); // as JSON, without parsing
 *   console.log(widget.resourceVersion, widget.parse().spec);
 * }
 */
export interface CachedObject<T = UnknownObject> {
  /** `''` for a cluster-scoped object. */
  readonly namespace: string;
  readonly name: string;
  /**
   * A decimal string. Of an event: the revision of the event, also where the object is the version
   * before it (DELETED).
   */
  readonly resourceVersion: string;
  /** The whole object as compact JSON, `metadata.resourceVersion` included. */
  readonly bytes: Uint8Array;
  /**
   * Parses the bytes with `JSON.parse`: a new value each time. Integers above 2^53 lose precision
   * there; whoever needs them reads `bytes` with a decoder of numbers' texts.
   */
  parse<As = T>(): As;
}

/** Wraps what an engine gave out. */
export function cachedObject<T>(source: EngineObject): CachedObject<T> {
  return new ObjectView<T>(source);
}

const decoder = new TextDecoder();

class ObjectView<T> implements CachedObject<T> {
  readonly #source: EngineObject;

  constructor(source: EngineObject) {
    this.#source = source;
  }

  get namespace(): string {
    return this.#source.namespace;
  }

  get name(): string {
    return this.#source.name;
  }

  get resourceVersion(): string {
    return this.#source.revision.toString();
  }

  get bytes(): Uint8Array {
    return this.#source.object;
  }

  parse<As = T>(): As {
    return JSON.parse(decoder.decode(this.#source.object)) as As;
  }
}
