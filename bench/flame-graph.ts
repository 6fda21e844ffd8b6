/** CPU profiles as V8 records them, made readable: speedscope's file format, and a short list. */

import type { Profiler } from 'node:inspector';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ROOT } from './machine.js';

interface SpeedscopeFile {
  readonly $schema: string;
  readonly shared: { readonly frames: readonly { readonly name: string }[] };
  readonly profiles: readonly {
    readonly type: 'sampled';
    readonly name: string;
    readonly unit: 'microseconds';
    readonly startValue: number;
    readonly endValue: number;
    /** Of each sample the frames from the root on. */
    readonly samples: readonly (readonly number[])[];
    readonly weights: readonly number[];
  }[];
}

/** The profile without the time in which the process had nothing to do. */
export function toSpeedscope(profile: Profiler.Profile, name: string): SpeedscopeFile {
  const places = new Map<string, number>();
  const stacks = new Map<number, readonly number[]>();
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const visit = (node: Profiler.ProfileNode, above: readonly number[]): void => {
    const place = placeOf(node);
    if (!places.has(place)) places.set(place, places.size);
    const stack = [...above, places.get(place)!];
    stacks.set(node.id, stack);
    for (const child of node.children ?? []) visit(byId.get(child)!, stack);
  };
  visit(profile.nodes[0]!, []);
  const busy = samplesOf(profile).filter(({ node }) => !isIdle(byId.get(node)!));
  return {
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    shared: { frames: [...places.keys()].map((place) => ({ name: place })) },
    profiles: [
      {
        type: 'sampled',
        name,
        unit: 'microseconds',
        startValue: 0,
        endValue: busy.reduce((sum, { us }) => sum + us, 0),
        samples: busy.map(({ node }) => stacks.get(node)!),
        weights: busy.map(({ us }) => us),
      },
    ],
  };
}

/** The functions that took most of the time that the process was busy, by themselves. */
export function heaviest(
  profile: Profiler.Profile,
  count: number,
): readonly { readonly share: number; readonly place: string }[] {
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const selfUs = new Map<string, number>();
  let busyUs = 0;
  for (const { node, us } of samplesOf(profile)) {
    const at = byId.get(node)!;
    if (isIdle(at)) continue;
    busyUs += us;
    const place = placeOf(at);
    selfUs.set(place, (selfUs.get(place) ?? 0) + us);
  }
  return [...selfUs]
    .sort((one, other) => other[1] - one[1])
    .slice(0, count)
    .map(([place, us]) => ({ share: us / busyUs, place }));
}

function samplesOf({ samples = [], timeDeltas = [] }: Profiler.Profile) {
  // A delta is the time before its sample.
  return samples.map((node, index) => ({ node, us: Math.max(0, timeDeltas[index + 1] ?? 0) }));
}

function isIdle({ callFrame }: Profiler.ProfileNode): boolean {
  return callFrame.functionName === '(idle)';
}

function placeOf({ callFrame: { functionName, url, lineNumber } }: Profiler.ProfileNode): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  const file = url.startsWith('file:') ? relative(ROOT, fileURLToPath(url)) : url;
  return `${name} ${file}:${lineNumber + 1}`;
}
