import test from 'ava';
import { decodeJson } from '../../lib/object/lossless/index.js';
import { evaluateColumnPath } from '../../lib/rest/table/evaluate.js';
import { ColumnPathError, parseColumnPath } from '../../lib/rest/table/index.js';

const object = {
  spec: {
    size: 3,
    ratio: 1.5,
    'odd.name': 'dotted',
    "it's": 'quoted',
    ports: [
      { name: 'http', port: 80, open: true },
      { name: 'https', port: 443, open: false },
      { name: 'bare' },
    ],
    matrix: [[1, 2], [3]],
    empty: [],
    nothing: null,
  },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Synced', status: 'False' },
    ],
    wanted: 'Ready',
  },
};

const found: readonly (readonly [string, readonly unknown[]])[] = [
  ['.', [object]],
  ['.spec.size', [3]],
  ['.spec.odd\\.name', ['dotted']],
  [".spec['odd.name']", ['dotted']],
  ['.spec["odd.name"]', ['dotted']],
  [".spec['it\\'s']", ['quoted']],
  ['.spec.ports[0].name', ['http']],
  ['.spec.ports.[0].name', ['http']],
  ['.spec.ports[-1].name', ['bare']],
  ['.spec.ports[3].name', []],
  ['.spec.ports[-4].name', []],
  ['.spec.ports[*].name', ['http', 'https', 'bare']],
  ['.spec.ports[*].port', [80, 443]],
  ['.spec.ports[0].*', ['http', 80, true]],
  ['.spec.ports[1:].name', ['https', 'bare']],
  ['.spec.ports[:1].name', ['http']],
  ['.spec.ports[-1:].name', ['bare']],
  ['.spec.ports[0:3:2].name', ['http', 'bare']],
  ['.spec.matrix[0][1]', [2]],
  ['.spec.nothing', [null]],
  ['.spec.nothing.more', []],
  ['.spec.absent.more', []],
  ['.spec.size.more', []],
  ['.spec[0]', []],
  ['.spec.empty[0]', []],
  ['.spec.constructor', []],
  ['.spec.ports.length', []],
  ['.spec.ratio.value', []],
  ['.status.conditions[?(@.type=="Ready")].status', ['True']],
  [".status.conditions[?(@.type == 'Synced')].status", ['False']],
  ['.status.conditions[?( @.type != "Ready" )].type', ['Synced']],
  ['.status.conditions[?("Ready"==@.type)].status', ['True']],
  ['.status.conditions[?(@.absent=="x")].status', []],
  ['.spec.ports[?(@.port)].name', ['http', 'https']],
  ['.spec.ports[?(@.port>80)].name', ['https']],
  ['.spec.ports[?(@.port>=80)].name', ['http', 'https']],
  ['.spec.ports[?(@.port<443)].name', ['http']],
  ['.spec.ports[?(@.port<=443)].name', ['http', 'https']],
  ['.spec.ports[?(@.port==8e1)].name', ['http']],
  ['.spec.ports[?(@.open==true)].name', ['http']],
  ['.spec.ports[?(@.open==false)].name', ['https']],
  // Values of different types are neither equal nor unequal.
  ['.spec.ports[?(@.port=="80")].name', []],
  ['.spec.ports[?(@.port!="80")].name', []],
  ['.spec.matrix[?(@[1]==2)][0]', [1]],
  ['.spec[?(@.size==3)]', []],
];

for (const [path, expected] of found) {
  test(`path ${path}`, (t) => {
    t.deepEqual(evaluateColumnPath(parseColumnPath(path), object), expected);
  });
}

test('numbers that keep their text compare by value', (t) => {
  const decoded = decodeJson('{"a":[{"n":1.0,"v":"x"},{"n":2,"v":"y"}]}');
  t.deepEqual(evaluateColumnPath(parseColumnPath('.a[?(@.n==1)].v'), decoded), ['x']);
  t.deepEqual(evaluateColumnPath(parseColumnPath('.a[0].n.value'), decoded), []);
});

const refused: readonly (readonly [string, string])[] = [
  ['', 'must begin with a dot'],
  ['spec.size', 'must begin with a dot'],
  ['{.spec}', 'must begin with a dot'],
  ['..size', 'recursive descent (..) is not supported at character 2'],
  ['.spec..size', 'recursive descent (..) is not supported at character 7'],
  ['.spec.', 'a member name is missing at character 7'],
  ['.spec size', 'unexpected text at character 6'],
  ['.spec{', 'unexpected text at character 6'],
  ['.a[', 'an index, a quoted name or a filter is missing at character 4'],
  ['.a[]', 'an index, a quoted name or a filter is missing at character 4'],
  ['.a[0', '"]" is missing at character 5'],
  ['.a[0,1]', 'unions are not supported at character 5'],
  [".a['b','c']", 'unions are not supported at character 7'],
  ['.a[0:2:0]', 'the stride of a slice must be positive at character 9'],
  ['.a[99999999999999999]', 'the index is too large at character 21'],
  [".a['b]", 'the quoted text does not end at character 4'],
  ['.a[?(b==1)]', 'a filter compares @ paths, quoted text, numbers, true or false at character 6'],
  [
    '.a[?(@.b==)]',
    'a filter compares @ paths, quoted text, numbers, true or false at character 11',
  ],
  ['.a[?(@.b=1)]', '")" is missing at character 9'],
  ['.a[?(@.b==1 && @.c==2)]', '")" is missing at character 13'],
  ['.a[?(@.b==1]', '")" is missing at character 12'],
];

for (const [path, message] of refused) {
  test(`no path: ${path}`, (t) => {
    t.throws(() => parseColumnPath(path), { instanceOf: ColumnPathError, message });
  });
}
