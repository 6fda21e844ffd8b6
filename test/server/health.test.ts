/** Health endpoints: what probes read. */

import test from 'ava';
import { healthAnswer, isHealthPath, type HealthCheck } from '../../lib/server/health.js';
import { makeRecord } from '../request/make-record.js';

const CHECKS: readonly HealthCheck[] = [
  { name: 'ping', endpoints: ['healthz', 'livez', 'readyz'], check: () => undefined },
  { name: 'storage', endpoints: ['healthz', 'readyz'], check: () => 'the disk is full' },
  { name: 'poststarthook/caches', endpoints: ['readyz'], check: () => undefined },
];

interface Case {
  readonly path: string;
  readonly status?: number;
  readonly text?: string;
  readonly reported?: readonly string[];
}

const CASES: readonly Case[] = [
  { path: '/livez', status: 200, text: 'ok' },
  { path: '/livez?verbose', status: 200, text: '[+]ping ok\nlivez check passed\n' },
  {
    path: '/healthz',
    status: 500,
    text: '[+]ping ok\n[-]storage failed: reason withheld\nhealthz check failed\n',
    reported: ['healthz storage: the disk is full'],
  },
  {
    path: '/readyz?verbose&exclude=storage&exclude=nothing',
    status: 200,
    text:
      '[+]ping ok\n[+]storage excluded: ok\n[+]poststarthook/caches ok\n' +
      'warn: some health checks cannot be excluded: no matches for "nothing"\nreadyz check passed\n',
  },
  { path: '/readyz/poststarthook/caches', status: 200, text: 'ok' },
  {
    path: '/readyz/storage',
    status: 500,
    text: 'internal server error: the disk is full\n',
    reported: ['readyz storage: the disk is full'],
  },
  { path: '/livez/storage' },
  { path: '/readyz/unknown' },
];

for (const { path, status, text, reported = [] } of CASES) {
  test(`GET ${path}`, (t) => {
    const seen: string[] = [];
    const answer = healthAnswer(makeRecord(path), CHECKS, (endpoint, check, reason) =>
      seen.push(`${endpoint} ${check}: ${reason}`),
    );
    t.is(answer?.status, status);
    t.deepEqual(seen, reported);
    if (answer?.source.type === 'bytes') {
      t.is(new TextDecoder().decode(answer.source.bytes), text ?? '');
    }
  });
}

test('only the three endpoints and what is below them are health paths', (t) => {
  for (const path of ['/healthz', '/livez/ping', '/readyz']) t.true(isHealthPath(path), path);
  for (const path of ['/healthzz', '/', '/apis/healthz', '/version']) {
    t.false(isHealthPath(path), path);
  }
});
