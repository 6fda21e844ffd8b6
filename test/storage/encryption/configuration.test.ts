/** What an EncryptionConfiguration may say, what it means, and what is refused. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import test from 'ava';

import {
  EncryptionError,
  followEncryptionFile,
  parseEncryptionConfiguration,
  readEncryptionFile,
} from '../../../lib/storage/encryption/index.js';
import { ManualClock } from '../../clock.js';
import { bytes, text } from '../conformance/subject.js';
import { aesgcm, configuration, identity, secret, type Rule } from './configuration.js';

test('a resource has the providers of the first rule that names it', (t) => {
  const rules = parseEncryptionConfiguration(
    configuration(
      [['events', 'open.example.com'], identity],
      [['secrets', 'widgets.example.com'], aesgcm(['own', 1])],
      [['*.example.com'], aesgcm(['group', 2])],
      [['*.'], aesgcm(['core', 3])],
      [['*.*'], aesgcm(['rest', 4])],
    ),
  );
  const headOf = (group: string, resource: string): string =>
    Buffer.from(rules.encrypt({ group, resource }, bytes('{}'), '/x'))
      .toString()
      .slice(0, 24);
  t.is(headOf('', 'events'), '{}');
  t.is(headOf('example.com', 'open'), '{}');
  t.regex(headOf('', 'secrets'), /^k8s:enc:aesgcm:v1:own:/);
  t.regex(headOf('example.com', 'widgets'), /^k8s:enc:aesgcm:v1:own:/);
  t.regex(headOf('example.com', 'gadgets'), /^k8s:enc:aesgcm:v1:group/);
  t.regex(headOf('', 'pods'), /^k8s:enc:aesgcm:v1:core:/);
  // The same name in another group, and a group of which another is the end.
  t.regex(headOf('example.org', 'secrets'), /^k8s:enc:aesgcm:v1:rest:/);
  t.regex(headOf('a.example.com', 'gadgets'), /^k8s:enc:aesgcm:v1:rest:/);
});

test('what no rule names is kept as it is', (t) => {
  const rules = parseEncryptionConfiguration(configuration([['secrets'], aesgcm(['a', 1])]));
  const type = { group: 'example.com', resource: 'widgets' };
  t.is(text(rules.encrypt(type, bytes('{}'), '/x')), '{}');
  t.is(text(rules.decrypt(type, bytes('{}'), '/x').value), '{}');
  const foreign = bytes('k8s:enc:aesgcm:v1:a:…');
  t.throws(() => rules.decrypt(type, foreign, '/x'), { message: /no provider .* recognises it/ });
});

test('YAML is read as JSON is, with secrets of all sizes', (t) => {
  for (const size of [16, 24, 32]) {
    const rules = parseEncryptionConfiguration(`
# of kube-apiserver
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers:
      - aesgcm:
          keys:
            - name: key1
              secret: ${secret(7, size)}
      - identity: {}
`);
    const type = { group: '', resource: 'secrets' };
    const stored = rules.encrypt(type, bytes('{"a":1}'), '/registry/core/secrets/a');
    t.notRegex(Buffer.from(stored).toString('latin1'), /"a"/);
    const read = rules.decrypt(type, stored, '/registry/core/secrets/a');
    t.deepEqual([text(read.value), read.isStale], ['{"a":1}', false]);
    const plain = rules.decrypt(type, bytes('{}'), '/x');
    t.deepEqual([text(plain.value), plain.isStale], ['{}', true]);
  }
});

const KEY = aesgcm(['a', 1]);
const HEAD = 'apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n';
const one = (provider: object): string => configuration([['secrets'], provider]);
const keys = (...list: readonly object[]): string => one({ aesgcm: { keys: list } });

const REFUSED: readonly (readonly [about: string, text: string, says: RegExp])[] = [
  ['nothing', '', /must be one document, but there are 0/],
  ['two documents', 'a: 1\n---\nb: 1\n', /one document, but there are 2/],
  ['no YAML', `${HEAD}resources: ["secret-in-here`, /^it is no YAML: line \d+ \([A-Z_]+\)$/],
  ['no mapping', '[]', /the configuration must be a mapping/],
  ['another kind', 'apiVersion: v1\nkind: Pod\n', /they are "v1", "Pod"/],
  ['another field', `${HEAD}resource: []`, /resource is no field/],
  ['no rules', HEAD, /resources must be a list with at least one entry/],
  ['no resources', configuration([[], KEY]), /resources\[0\]\.resources must be a list/],
  ['no providers', configuration([['secrets']]), /resources\[0\]\.providers must be a list/],
  ['two providers in one', one({ ...KEY, ...identity }), /exactly one provider, but it has 2/],
  ['aescbc', one({ aescbc: {} }), /providers\[0\]: aescbc is not supported; aesgcm and identity/],
  ['another provider', one({ rot13: {} }), /rot13 is no provider/],
  ['no keys', keys(), /aesgcm\.keys must be a list/],
  ['a key without a name', keys({ secret: secret(1) }), /keys\[0\]\.name must be a text/],
  ['a name with a colon', keys({ name: 'a:b', secret: secret(1) }), /must not contain ":"/],
  [
    'a short secret',
    keys({ name: 'a', secret: secret(1, 8) }),
    /secret has 8 bytes; .* 16, 24, 32/,
  ],
  ['no base64', keys({ name: 'a', secret: 'äöü' }), /keys\[0\]\.secret is not base64/],
  ['a name twice', one(aesgcm(['a', 1], ['a', 2])), /the name a is there twice/],
  ['a subresource', configuration([['pods/status'], KEY]), /must not name a subresource/],
  ['upper case', configuration([['Secrets'], KEY]), /Secrets must be in lower case/],
  ['a star', configuration([['*'], KEY]), /"\*" alone means nothing/],
  ['no name', configuration([['a b'], KEY]), /"a b" is no resource/],
  ['one twice', configuration([['a', 'a'], KEY]), /a is there twice/],
];

for (const [about, source, says] of REFUSED) {
  test(`a configuration that can't be used is refused: ${about}`, (t) => {
    const error = t.throws(() => parseEncryptionConfiguration(source), {
      instanceOf: EncryptionError,
    });
    t.is(error?.code, 'invalid-configuration');
    t.regex(error?.message ?? '', says);
    t.notRegex(error?.message ?? '', /secret-in-here|AQEB/);
  });
}

const MASKED: readonly (readonly [rules: readonly Rule[], says: RegExp])[] = [
  [
    [
      [['a'], KEY],
      [['a'], KEY],
    ],
    /resources\[1\]\.resources: a is masked by a$/,
  ],
  [
    [
      [['*.*'], KEY],
      [['a'], KEY],
    ],
    /a is masked by \*\.\*$/,
  ],
  [
    [
      [['*.'], KEY],
      [['a'], KEY],
    ],
    /a is masked by \*\.$/,
  ],
  [
    [
      [['*.b.c'], KEY],
      [['a.b.c'], KEY],
    ],
    /a\.b\.c is masked by \*\.b\.c$/,
  ],
  [
    [
      [['*.*'], KEY],
      [['*.b.c'], KEY],
    ],
    /\*\.b\.c is masked by \*\.\*$/,
  ],
  [[[['*.*', 'a'], KEY]], /resources\[0\]\.resources: a is masked by \*\.\*$/],
  [[[['a', '*.'], KEY]], /a is masked by \*\.$/],
  [
    [
      [['*.*'], KEY],
      [['*.*'], KEY],
    ],
    /\*\.\* is masked by \*\.\*$/,
  ],
];

for (const [index, [rules, says]] of MASKED.entries()) {
  test(`a rule that could never count is refused: ${index}`, (t) => {
    t.throws(() => parseEncryptionConfiguration(configuration(...rules)), { message: says });
  });
}

test('wildcards behind what they stand for are the rest of it', (t) => {
  const rules: Rule[] = [
    [['a'], KEY],
    [['a.b'], KEY],
    [['*.b'], KEY],
    [['*.'], KEY],
    [['*.*'], KEY],
  ];
  t.notThrows(() => parseEncryptionConfiguration(configuration(...rules)));
});

test('a file that changes is taken over, and one that can not be used is not', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-encryption-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'encryption.yaml');
  const missing = await t.throwsAsync(followEncryptionFile(path), { instanceOf: EncryptionError });
  t.deepEqual([missing.code, missing.message.startsWith(path)], ['unreadable', true]);
  await writeFile(path, one({ rot13: {} }));
  const unusable = await t.throwsAsync(readEncryptionFile(path), { instanceOf: EncryptionError });
  t.regex(
    unusable.message,
    /encryption\.yaml: resources\[0\]\.providers\[0\]: rot13 is no provider/,
  );
  await writeFile(path, one(aesgcm(['old', 1])));
  const clock = new ManualClock();
  const told: string[] = [];
  let heard: () => void = () => undefined;
  const tell = (what: string): void => {
    told.push(what);
    heard();
  };
  const followed = await followEncryptionFile(path, {
    clock,
    intervalMs: 1_000,
    onReload: () => tell('reloaded'),
    onError: ({ code }) => tell(code),
  });
  const type = { group: '', resource: 'secrets' };
  const name = (): string =>
    Buffer.from(followed.rules().encrypt(type, bytes('{}'), '/'))
      .toString()
      .split(':')[4]!;
  const next = async (content: string | undefined): Promise<void> => {
    const hears = new Promise<void>((resolve) => (heard = resolve));
    if (content === undefined) await rm(path);
    else await writeFile(path, content);
    clock.advance(1_000);
    await hears;
    // The next look is arranged right behind it.
    await new Promise((resolve) => setImmediate(resolve));
  };
  t.is(name(), 'old');
  await next(one(aesgcm(['new', 2], ['old', 1])));
  t.is(name(), 'new');
  await next('nonsense');
  t.is(name(), 'new');
  await next(undefined);
  t.is(name(), 'new');
  await next(one(aesgcm(['newest', 3])));
  t.is(name(), 'newest');
  t.deepEqual(told, ['reloaded', 'invalid-configuration', 'unreadable', 'reloaded']);
  followed.stop();
  t.is(clock.pending, 0);
});
