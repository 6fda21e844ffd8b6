import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import test from 'ava';

import {
  AuthError,
  bearerToken,
  parseTokenFile,
  tokenFileAuthenticator,
} from '../../lib/auth/index.js';
import { isStatusError } from '../../lib/request/index.js';
import { requestOf } from './authority.js';

type Row = readonly [token: string, username: string, uid: string, groups: readonly string[]];

const GOOD: readonly (readonly [name: string, text: string, rows: readonly Row[]])[] = [
  ['an empty file', '', []],
  ['three columns', 'secret,anna,7\n', [['secret', 'anna', '7', []]]],
  ['no line end at the end', 'secret,anna,7', [['secret', 'anna', '7', []]]],
  ['an empty uid', 'secret,anna,', [['secret', 'anna', '', []]]],
  ['one group', 'secret,anna,7,dev\n', [['secret', 'anna', '7', ['dev']]]],
  ['groups', 'secret,anna,7,"dev,ops"\n', [['secret', 'anna', '7', ['dev', 'ops']]]],
  ['no groups', 'secret,anna,7,""\n', [['secret', 'anna', '7', []]]],
  ['further columns', 'secret,anna,7,dev,more\n', [['secret', 'anna', '7', ['dev']]]],
  ['quotes', '"se,""cret","anna\nb",7\n', [['se,"cret', 'anna\nb', '7', []]]],
  [
    'Windows line ends, empty lines and a byte order mark',
    '\ufeffa,b,c\r\n\r\nd,e,f\r\n',
    [
      ['a', 'b', 'c', []],
      ['d', 'e', 'f', []],
    ],
  ],
];

for (const [name, text, rows] of GOOD) {
  test(`a token file with ${name} is read`, (t) => {
    const expected = rows.map(([token, username, uid, groups]) => ({
      token,
      user: { username, uid, groups: [...groups], extra: {} },
    }));
    t.deepEqual(parseTokenFile(text, 'tokens.csv'), expected);
  });
}

const BAD: readonly (readonly [name: string, text: string, message: string])[] = [
  [
    'too few columns',
    'a,b,c\n\nhidden,e\n',
    'line 3: needs at least 3 columns (token, user name, user uid), found 2',
  ],
  ['an empty token', 'a,b,c\n,d,e\n', 'line 2: the token is empty'],
  ['an empty user name', 'hidden,,c\n', 'line 1: the user name is empty'],
  [
    'one token twice',
    'hidden,b,c\n"x\ny",z,1\nhidden,e,f\n',
    'line 4: has the same token as line 1',
  ],
  ['a quote in the middle', 'hid"den,b,c\n', 'line 1: a quote within a field that is not quoted'],
  ['a quote that does not end', 'a,b,c\n"hidden,b,c\n', 'line 2: a quoted field that does not end'],
  ['text behind a quote', '"hidden"x,b,c', 'line 1: text behind the closing quote of a field'],
];

for (const [name, text, message] of BAD) {
  test(`a token file with ${name} is refused by its line, not by its text`, (t) => {
    const error = t.throws(() => parseTokenFile(text, '/etc/tokens.csv'), {
      instanceOf: AuthError,
    });
    t.is(error?.code, 'bad-token-file');
    t.is(error?.message, `token file /etc/tokens.csv, ${message}`);
    t.false(error?.message.includes('hidden'));
  });
}

test('tokens of a file are users, others are 401, no token is nobody', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'shardwatch-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'tokens.csv');
  writeFileSync(file, 'secret,anna,7,"dev,ops"\nother,bert,8\n');
  const authenticator = tokenFileAuthenticator(file);
  const authenticate = async (authorization?: string) =>
    authenticator.authenticate(requestOf(authorization === undefined ? {} : { authorization }));
  t.deepEqual(await authenticate('Bearer secret'), {
    username: 'anna',
    uid: '7',
    groups: ['dev', 'ops'],
    extra: {},
  });
  t.is((await authenticate('bearer other'))?.username, 'bert');
  t.is((await authenticate('Bearer secret'))?.username, 'anna', 'the same header again');
  t.is(await authenticate(), undefined);
  t.is(await authenticate('Basic c2VjcmV0'), undefined);
  for (const token of ['secret2', 'secre', 'SECRET', 'x'.repeat(10_000)]) {
    const error = await t.throwsAsync(authenticate(`Bearer ${token}`));
    t.true(isStatusError(error));
    t.like(error, { code: 401 });
  }
});

test('a token file that is not there is told by its name', (t) => {
  const error = t.throws(() => tokenFileAuthenticator('/nowhere/tokens.csv'), {
    instanceOf: AuthError,
  });
  t.regex(error?.message ?? '', /\/nowhere\/tokens\.csv/);
});

const HEADERS: readonly (readonly [header: string | undefined, token: string | undefined])[] = [
  [undefined, undefined],
  ['', undefined],
  ['Bearer', undefined],
  ['Bearer ', undefined],
  ['Bearer  spaced', undefined],
  ['Bearer secret', 'secret'],
  ['bEARER secret', 'secret'],
  ['  Bearer secret  ', 'secret'],
  ['Bearer secret more', 'secret'],
  ['Basic secret', undefined],
];

for (const [header, token] of HEADERS) {
  const has = token === undefined ? 'no token' : 'a token';
  test(`the header ${JSON.stringify(header)} has ${has}`, (t) => {
    const request = {
      header: (name: string) => (name === 'authorization' ? header : undefined),
      headers: () => [],
    };
    t.is(bearerToken(request), token);
  });
}
