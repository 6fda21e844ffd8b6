/** docs/metrics.md and what servers expose, in a form in which they can be compared. */

import { readFile } from 'node:fs/promises';

export interface ListedMetric {
  readonly type: string;
  readonly labels: readonly string[];
}

export interface ScrapedMetric extends ListedMetric {
  /** The sum of all samples; of a histogram the number of observations. */
  readonly total: number;
  /** Of a histogram: its upper bounds. */
  readonly bounds: readonly string[];
}

/** The heading of the metrics that only a server over etcd has. */
const ETCD = '\n## etcd\n';

/** The rows of the tables in docs/metrics.md that have a type and labels. */
export async function listedMetrics(part: 'server' | 'etcd'): Promise<Map<string, ListedMetric>> {
  const file = new URL('../../../docs/metrics.md', import.meta.url);
  const [before = '', rest = ''] = (await readFile(file, 'utf8')).split(ETCD);
  const behind = rest.indexOf('\n## ');
  const page = part === 'etcd' ? rest.slice(0, behind) : before + rest.slice(behind);
  const row = /^\| `(\w+)`\s+\| (counter|gauge|histogram)\s+\| ([^|]*)\|/gm;
  const rows = [...page.matchAll(row)];
  return new Map(
    rows.map(([, name = '', type = '', labels = '']) => [
      name,
      { type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label).sort() },
    ]),
  );
}

export function parseExposition(exposition: string): Map<string, ScrapedMetric> {
  const families = new Map<string, ScrapedMetric>();
  let name = '';
  for (const line of exposition.split('\n')) {
    const declared = /^# TYPE (\w+) (\w+)$/.exec(line);
    if (declared !== null) {
      name = declared[1]!;
      families.set(name, { type: declared[2]!, labels: [], total: 0, bounds: [] });
    }
    const sample = /^(\w+?)(_bucket|_count|_sum)?(?:\{(.*)\})? (\S+)$/.exec(line);
    if (sample === null || line.startsWith('#')) continue;
    const [, , part, labelText = '', value] = sample;
    const family = families.get(name)!;
    const isHistogram = family.type === 'histogram';
    const labels = [...labelText.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
    const bound = labels.find(([, label]) => label === 'le')?.[2];
    families.set(name, {
      type: family.type,
      labels: labels
        .map(([, label = '']) => label)
        .filter((label) => label !== 'le')
        .sort(),
      total: isHistogram && part !== '_count' ? family.total : family.total + Number(value),
      bounds:
        bound === undefined || family.bounds.includes(bound)
          ? family.bounds
          : [...family.bounds, bound],
    });
  }
  return families;
}
