/**
 * The events that a watch has to tell, made of nothing but the states before and after: what enters
 * the selection is ADDED, what stays MODIFIED, what leaves DELETED as it last was.
 */

import type { WatchStream } from '../../../lib/cache/index.js';
import type { Widget } from '../../cache/fixture.js';
import {
  type Entry,
  isIn,
  line,
  type ModelledCache,
  show,
  type State,
  type View,
} from '../../cache/model-checks.js';

/** `TYPE key@revision value`, of all revisions above `after`, in order. */
export function eventsAfter(model: ModelledCache, view: View, after: bigint): string[] {
  const events: string[] = [];
  let before = model.states.get(after)!;
  for (const [revision, state] of model.states) {
    if (revision <= after) continue;
    events.push(...eventsBetween(before, state, revision, view));
    before = state;
  }
  return events;
}

/** A watch of the state begins with these. */
export function initialEvents(state: State, view: View): string[] {
  return show(state, view).map((text) => `ADDED ${text}`);
}

function eventsBetween(before: State, after: State, revision: bigint, view: View): string[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].flatMap((key) => {
    const [old, now] = [before.get(key), after.get(key)];
    if (old === now) return [];
    const [was, is] = [old, now].map((entry) => entry !== undefined && isIn(view, entry));
    if (!was && !is) return [];
    const type = is ? (was ? 'MODIFIED' : 'ADDED') : 'DELETED';
    const { object } = (is ? now : old) as Entry;
    return [`${type} ${line(key, revision, object)}`];
  });
}

type Source = ReturnType<WatchStream<Widget>['source']>;

/** What a stream has told, in the words of `eventsAfter`. */
export class ToldEvents {
  readonly events: string[] = [];
  /** But for the one that ends the initial events. */
  readonly bookmarks: bigint[] = [];
  /** The bookmarks that end the initial events, and how many events stand before each. */
  readonly ends: { readonly revision: bigint; readonly events: number }[] = [];
  readonly #source: Source;
  isOver = false;

  constructor(stream: WatchStream<Widget>) {
    this.#source = stream.source();
  }

  /** Takes about so many events, or all that there are. */
  take(max = Infinity): void {
    for (let count = 0; count < max;) {
      const drained = this.#source.drain(Math.min(max, 7));
      if (drained.type === 'end') this.isOver = true;
      if (drained.type !== 'events') return;
      count += drained.events.length;
      for (const event of drained.events) {
        if (event.type === 'BOOKMARK') {
          const revision = BigInt(event.object.resourceVersion);
          if (event.isInitialEventsEnd !== true) this.bookmarks.push(revision);
          else this.ends.push({ revision, events: this.events.length });
          continue;
        }
        const { namespace, name, resourceVersion } = event.object;
        const object = event.object.parse();
        // The revision stands beside the object and in it.
        const revision = `${resourceVersion}${object.metadata.resourceVersion === resourceVersion ? '' : '!'}`;
        this.events.push(`${event.type} ${line(`${namespace}/${name}`, revision, object)}`);
      }
    }
  }
}

/** What lines of a JSON stream tell, in the same words. */
export function framesTold(text: string): string[] {
  return text
    .split('\n')
    .filter((frame) => frame !== '')
    .map((frame) => {
      const { type, object } = JSON.parse(frame) as { type: string; object: Widget };
      const { namespace, name, resourceVersion } = object.metadata;
      return `${type} ${line(`${namespace}/${name}`, resourceVersion ?? '', object)}`;
    });
}
