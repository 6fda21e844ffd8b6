import test from 'ava';
import type { PrinterColumn } from '../../lib/object/index.js';
import { isStatusError } from '../../lib/request/index.js';
import {
  ColumnPathError,
  TablePrinter,
  parseIncludeObject,
  partialObjectMetadata,
  partialObjectMetadataList,
} from '../../lib/rest/table/index.js';
import type { TableOptions } from '../../lib/rest/table/index.js';

const now = Date.UTC(2024, 4, 10, 12, 0, 0);
const none: TableOptions = { includeObject: 'None', now };
const metadata: TableOptions = { includeObject: 'Metadata', now };
const whole: TableOptions = { includeObject: 'Object', now };

function bytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
}

function text(...pieces: readonly Uint8Array[]): string {
  return Buffer.concat(pieces).toString('utf8');
}

function column(type: PrinterColumn['type'], jsonPath: string): PrinterColumn {
  return { name: 'C', type, priority: 0, jsonPath };
}

const NAME_COLUMN = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'The name of the object, unique within its namespace and resource type.',
  priority: 0,
};
const AGE_COLUMN = {
  name: 'Age',
  type: 'date',
  format: '',
  description: 'How long ago the object was created.',
  priority: 0,
};

const widget =
  '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"creationTimestamp":' +
  '"2024-05-10T11:00:00Z","name":"w","namespace":"a","resourceVersion":"7"},' +
  '"spec":{"big":9223372036854775807}}';
const widgetMetadata =
  '{"creationTimestamp":"2024-05-10T11:00:00Z","name":"w","namespace":"a","resourceVersion":"7"}';

test('a list without columns of its own has name and age', (t) => {
  const pieces = [
    ...new TablePrinter([]).list(
      [bytes(widget), bytes(widget)],
      { resourceVersion: '9', continue: 'token', remainingItemCount: 3 },
      metadata,
    ),
  ];
  const row =
    '{"cells":["w","60m"],"object":{"kind":"PartialObjectMetadata",' +
    `"apiVersion":"meta.k8s.io/v1","metadata":${widgetMetadata}}}`;
  t.is(
    text(...pieces),
    '{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"9",' +
      '"continue":"token","remainingItemCount":3},"columnDefinitions":' +
      `${JSON.stringify([NAME_COLUMN, AGE_COLUMN])},"rows":[${row},${row}]}\n`,
  );
});

test('an empty list is a table without rows', (t) => {
  const table = text(...new TablePrinter([]).list([], { resourceVersion: '9' }, none));
  t.deepEqual(JSON.parse(table).rows, []);
  t.deepEqual(JSON.parse(table).metadata, { resourceVersion: '9' });
});

test('columns come in their order after the name, the age only where asked for', (t) => {
  const columns: PrinterColumn[] = [
    {
      name: 'Size',
      type: 'integer',
      format: 'int32',
      description: 'How large.',
      priority: 1,
      jsonPath: '.spec.size',
    },
    { name: 'Made', type: 'date', priority: 0, jsonPath: '.metadata.creationTimestamp' },
  ];
  t.deepEqual(new TablePrinter(columns).columnDefinitions, [
    NAME_COLUMN,
    { name: 'Size', type: 'integer', format: 'int32', description: 'How large.', priority: 1 },
    {
      name: 'Made',
      type: 'date',
      format: '',
      description:
        'Custom resource definition column (in JSONPath format): .metadata.creationTimestamp',
      priority: 0,
    },
  ]);
});

test('one object is a table of one row', (t) => {
  const printer = new TablePrinter([]);
  t.is(
    text(printer.object(bytes(widget), none)),
    '{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"7"},' +
      `"columnDefinitions":${JSON.stringify([NAME_COLUMN, AGE_COLUMN])},` +
      '"rows":[{"cells":["w","60m"],"object":null}]}\n',
  );
});

test('a whole object stands in its row as the bytes that it came as', (t) => {
  const printer = new TablePrinter([]);
  const row = `"rows":[{"cells":["w","60m"],"object":${widget}}]}`;
  t.true(text(printer.object(bytes(widget), whole)).endsWith(`${row}\n`));
  const list = text(...printer.list([bytes(widget)], { resourceVersion: '9' }, whole));
  t.true(list.endsWith(`${row}\n`));
});

test('the events of a watch tell the columns once', (t) => {
  const printer = new TablePrinter([]);
  const first = JSON.parse(text(printer.event(bytes(widget), none, true)));
  t.deepEqual(first.columnDefinitions, [NAME_COLUMN, AGE_COLUMN]);
  t.is(
    text(printer.event(bytes(widget), none, false)),
    '{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"7"},' +
      '"columnDefinitions":null,"rows":[{"cells":["w","60m"],"object":null}]}',
  );
});

test('a bookmark is a row with its metadata', (t) => {
  const bookmark = {
    kind: 'Widget',
    apiVersion: 'example.com/v1',
    metadata: { resourceVersion: '12', annotations: { 'k8s.io/initial-events-end': 'true' } },
  };
  const table = JSON.parse(text(new TablePrinter([]).event(bytes(bookmark), metadata, false)));
  t.deepEqual(table.metadata, { resourceVersion: '12' });
  t.deepEqual(table.rows, [
    {
      cells: ['', null],
      object: {
        kind: 'PartialObjectMetadata',
        apiVersion: 'meta.k8s.io/v1',
        metadata: bookmark.metadata,
      },
    },
  ]);
});

type Cell = readonly [type: PrinterColumn['type'], value: string, cell: string];
const cells: readonly Cell[] = [
  ['string', '"x"', '"x"'],
  ['string', '"caf\u00e9 \\"q\\""', '"caf\u00e9 \\"q\\""'],
  ['string', '7', '"7"'],
  ['string', '1.0', '"1.0"'],
  ['string', '9223372036854775807', '"9223372036854775807"'],
  ['string', 'true', '"true"'],
  ['string', '{"b":[1,2.50],"a":null}', '"{\\"a\\":null,\\"b\\":[1,2.50]}"'],
  ['string', 'null', 'null'],
  ['integer', '7', '7'],
  ['integer', '-7', '-7'],
  ['integer', '9223372036854775807', '9223372036854775807'],
  ['integer', '9223372036854775808', 'null'],
  ['integer', '2.9', '2'],
  ['integer', '-2.9', '-2'],
  ['integer', '1e3', '1000'],
  ['integer', '1e300', 'null'],
  ['integer', '"7"', 'null'],
  ['number', '7', '7'],
  ['number', '2.50', '2.50'],
  ['number', '1e300', '1e300'],
  ['number', '"7"', 'null'],
  ['boolean', 'true', 'true'],
  ['boolean', 'false', 'false'],
  ['boolean', '"true"', 'null'],
  ['date', '"2024-05-10T11:58:25Z"', '"95s"'],
  ['date', '"soon"', '"<invalid>"'],
  ['date', '""', '"<unknown>"'],
  ['date', '7', 'null'],
];

for (const [type, value, expected] of cells) {
  test(`a cell of type ${type} for ${value} is ${expected}`, (t) => {
    const printer = new TablePrinter([column(type, '.v')]);
    const table = text(printer.event(bytes(`{"metadata":{"name":"n"},"v":${value}}`), none, false));
    t.true(table.endsWith(`"rows":[{"cells":["n",${expected}],"object":null}]}`), table);
  });
}

test('a cell has the first value that its path finds, and is null without one', (t) => {
  const printer = new TablePrinter([
    column('string', '.status.conditions[?(@.type=="Ready")].status'),
    column('string', '.items[*]'),
    column('integer', '.absent'),
  ]);
  const object = {
    metadata: { name: 'n' },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
    items: ['first', 'second'],
  };
  const table = JSON.parse(text(printer.event(bytes(object), none, false)));
  t.deepEqual(table.rows[0].cells, ['n', 'True', 'first', null]);
});

test('a column with a bad path is refused when the printer is made', (t) => {
  t.throws(() => new TablePrinter([column('string', '.a..b')]), { instanceOf: ColumnPathError });
});

test('what stands beside the cells is read from the query', (t) => {
  for (const absent of [null, '']) t.is(parseIncludeObject(absent), 'Metadata');
  for (const word of ['None', 'Metadata', 'Object'] as const) t.is(parseIncludeObject(word), word);
  const error = t.throws(() => parseIncludeObject('All'));
  t.true(isStatusError(error) && error.code === 400);
  t.is(
    error?.message,
    'Unable to convert to Table as requested: includeObject: Invalid value: "All": ' +
      "must be 'Metadata', 'Object', 'None', or empty",
  );
});

test('an object is cut down to its metadata', (t) => {
  const partial =
    '{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1",' +
    `"metadata":${widgetMetadata}}`;
  t.is(text(partialObjectMetadata(bytes(widget))), partial);
  t.is(
    text(
      ...partialObjectMetadataList([bytes(widget), bytes(widget)], {
        resourceVersion: '9',
        continue: 'token',
      }),
    ),
    '{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1",' +
      `"metadata":{"resourceVersion":"9","continue":"token"},"items":[${partial},${partial}]}\n`,
  );
  t.deepEqual(JSON.parse(text(...partialObjectMetadataList([], { resourceVersion: '9' }))), {
    kind: 'PartialObjectMetadataList',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion: '9' },
    items: [],
  });
});
