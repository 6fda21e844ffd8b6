import test from 'ava';

import { parseTarget } from '../../lib/transport/target.js';

const ACCEPTED: readonly (readonly [target: string, path: string, query: string])[] = [
  ['/', '/', ''],
  ['/api/v1/namespaces/a/configmaps', '/api/v1/namespaces/a/configmaps', ''],
  ['/a%2Fb%20c?x=1&x=2&y', '/a%2Fb%20c', 'x=1&x=2&y='],
  ['/a?b?c=%zz', '/a', 'b%3Fc=%25zz'],
  ['//a//b/../c', '//a//b/../c', ''],
  ['/a#b', '/a#b', ''],
  ['http://host:80/a?b=c', '/a', 'b=c'],
  ['HTTPS://host', '/', ''],
  ['https://host?x=1', '/', 'x=1'],
];

for (const [target, path, query] of ACCEPTED) {
  test(`the target ${target} is the path ${path}, percent-encoded as it came`, (t) => {
    const parsed = parseTarget(target);
    t.is(parsed?.path, path);
    t.is(parsed?.query.toString(), query);
  });
}

for (const target of [
  '',
  '*',
  'a',
  'host:443',
  '/a%',
  '/a%2',
  '/a%zz',
  'ftp://host/a',
  'http://',
]) {
  test(`the target ${JSON.stringify(target)} is refused`, (t) => {
    t.is(parseTarget(target), undefined);
  });
}
