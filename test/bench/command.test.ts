import test from 'ava';

import { isNamed, parseCommand } from '../../bench/command.js';

test('without arguments everything is run', (t) => {
  t.deepEqual(parseCommand([]), {
    type: 'run',
    names: [],
    quick: false,
    json: false,
    check: false,
    save: undefined,
    engine: undefined,
    othersMax: undefined,
  });
});

test('names and options are taken in any order', (t) => {
  const command = parseCommand(['list/', '--quick', 'get/*', '--engine', 'native', '--json']);
  t.like(command, {
    type: 'run',
    names: ['list/', 'get/*'],
    quick: true,
    json: true,
    engine: 'native',
  });
});

test('two files are compared', (t) => {
  t.like(parseCommand(['compare', 'a.json', 'b.json']), {
    type: 'compare',
    before: 'a.json',
    after: 'b.json',
  });
});

test('results are saved under a name', (t) => {
  t.like(parseCommand(['list/', '--save', 'before.2']), { type: 'run', save: 'before.2' });
});

test('charts are made of one file or more', (t) => {
  t.deepEqual(parseCommand(['charts', 'a.json']), { type: 'charts', results: ['a.json'] });
  t.like(parseCommand(['charts', 'a.json', 'b.json']), { results: ['a.json', 'b.json'] });
});

const WRONG: readonly (readonly [args: string[], message: RegExp])[] = [
  [['--fast'], /fast/],
  [['--engine', 'v8'], /there is no engine v8/],
  [['compare', 'a.json'], /two files/],
  [['compare', 'a', 'b', 'c'], /two files/],
  [['charts'], /needs a file/],
  [['--save'], /argument missing/],
  [['--save', '../a'], /takes a name/],
  [['--save', 'a/b'], /takes a name/],
  [['--save='], /takes a name/],
  [['--others-max', 'some'], /number of cores/],
  [['--others-max', ''], /number of cores/],
  [['--others-max=-1'], /number of cores/],
];

for (const [args, message] of WRONG) {
  test(`refused: ${args.join(' ')}`, (t) => {
    t.throws(() => parseCommand(args), { message });
  });
}

const NAMED: readonly (readonly [name: string, names: string[], expected: boolean])[] = [
  ['list/full-1k', [], true],
  ['list/full-1k', ['list/'], true],
  ['list/full-1k', ['list/*'], true],
  ['list/full-1k', ['list/full-1k'], true],
  ['list/full-1k', ['get/', 'list/full'], true],
  ['list/full-1k', ['get/'], false],
  ['list/full-1k', ['full'], false],
];

for (const [name, names, expected] of NAMED) {
  test(`${name} is ${expected ? '' : 'not '}meant by ${JSON.stringify(names)}`, (t) => {
    t.is(isNamed(name, names), expected);
  });
}
