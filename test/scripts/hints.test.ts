/** What `npm start` prints to try, whatever arguments it was given. */

import test from 'ava';

import { loadScript } from './script.js';

const { flagValue, readyUrl, hints } = await loadScript<{
  flagValue: (args: readonly string[], flag: string) => string | undefined;
  readyUrl: (line: string) => string | undefined;
  hints: (url: string, args: readonly string[]) => string[];
}>('scripts/hints.mjs');

const ARGS = ['serve', '--data-dir', 'data', '--write-kubeconfig', 'data/kubeconfig'];

test('the last of several flags wins, in both spellings', (t) => {
  t.is(flagValue(ARGS, '--data-dir'), 'data');
  t.is(flagValue([...ARGS, '--data-dir=other'], '--data-dir'), 'other');
  t.is(flagValue(['--data-dir=a', '--data-dir', 'b'], '--data-dir'), 'b');
  t.is(flagValue(ARGS, '--data'), undefined);
});

test('the address is that of the ready line, the first of several', (t) => {
  const line = 'shardwatch is ready on https://127.0.0.1:6443 and http://127.0.0.1:80 (3 types)';
  t.is(readyUrl(line), 'https://127.0.0.1:6443');
  t.is(readyUrl('created 300 objects'), undefined);
});

test('the lines name the files that this server wrote', (t) => {
  const text = hints('https://127.0.0.1:1', [...ARGS, '--data-dir', "it's here"]).join('\n');
  t.regex(text, /kubectl --kubeconfig data\/kubeconfig get /);
  t.true(text.includes(String.raw`--cacert 'it'\''s here/pki/ca.crt'`));
  t.true(text.includes('https://127.0.0.1:1/apis/'));
});
