/**
 * What LIST and GET refuse, over HTTP: the whole Status and its headers, row by row of upstream's
 * tables, on every engine over every storage.
 */

import { ALL_PATH, fill, type Json, listTest, PATH, serve, shown, tokenOf } from './fixture.js';

interface Refusal {
  readonly row: string;
  readonly path: string;
  readonly code: number;
  readonly reason: string;
  readonly message: string | RegExp;
  readonly details?: Json;
  /** The token of the Status. */
  readonly continue?: string;
}

const EXACT = 'resourceVersionMatch=Exact';
const NOT_OLDER = 'resourceVersionMatch=NotOlderThan';

type Cause = readonly [field: string, reason: string, message: string];

const MATCH = 'resourceVersionMatch';
const NEEDS_REVISION: Cause = [
  MATCH,
  'FieldValueForbidden',
  'Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
];
const NO_CONTINUE: Cause = [
  MATCH,
  'FieldValueForbidden',
  'Forbidden: resourceVersionMatch is forbidden when continue is provided',
];
const NOT_ZERO: Cause = [
  MATCH,
  'FieldValueForbidden',
  'Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
];
const UNKNOWN: Cause = [
  MATCH,
  'FieldValueNotSupported',
  'Unsupported value: "Newest": supported values: "Exact", "NotOlderThan", ""',
];
const NO_INITIAL_EVENTS: Cause = [
  'sendInitialEvents',
  'FieldValueForbidden',
  'Forbidden: sendInitialEvents is forbidden for list',
];

/** A 422 that names every fault. */
function invalid(row: string, query: string, ...causes: readonly Cause[]): Refusal {
  const texts = causes.map(([field, , message]) => `${field}: ${message}`);
  const text = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  return {
    row,
    path: `${PATH}?${query}`,
    code: 422,
    reason: 'Invalid',
    message: `ListOptions.meta.k8s.io "" is invalid: ${text}`,
    details: {
      group: 'meta.k8s.io',
      kind: 'ListOptions',
      causes: causes.map(([field, reason, message]) => ({ reason, message, field })),
    },
  };
}

function bad(row: string, query: string, message: string | RegExp): Refusal {
  return { row, path: `${PATH}?${query}`, code: 400, reason: 'BadRequest', message };
}

function tooLarge(row: string, path: string): Refusal {
  return {
    row,
    path,
    code: 504,
    reason: 'Timeout',
    message: 'Timeout: Too large resource version: 99, current: 8',
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  };
}

const CONTINUE_EXPIRED =
  'The provided continue parameter is too old to display a consistent list result. You can start ' +
  'a new list without the continue parameter, or use the continue token in this response to ' +
  'retrieve the remainder of the results. Continuing with the provided token results in an ' +
  'inconsistent list - objects that were created, modified, or deleted between the time the first ' +
  'chunk was returned and now may show up in the list.';
const TOKEN = 'invalid continue token: continue key is not valid: ';
const OTHER_LIST = `${TOKEN}it was not given with a page of this list`;

const raw = (json: string): string => `continue=${Buffer.from(json).toString('base64url')}`;

const ROWS: readonly Refusal[] = [
  invalid('13', `resourceVersion=0&${EXACT}`, NOT_ZERO),
  invalid('13, with a limit', `resourceVersion=0&${EXACT}&limit=1`, NOT_ZERO),
  invalid('14', NOT_OLDER, NEEDS_REVISION),
  invalid('14, Exact', `${EXACT}&limit=1`, NEEDS_REVISION),
  invalid(
    '14, with a token',
    `${EXACT}&continue=${tokenOf(5n, 'a\0')}`,
    NEEDS_REVISION,
    NO_CONTINUE,
  ),
  bad(
    '18',
    `resourceVersion=5&continue=${tokenOf(5n, 'a\0')}`,
    'specifying resource version is not allowed when using continue',
  ),
  invalid('19', `resourceVersion=5&${EXACT}&continue=${tokenOf(5n, 'a\0')}`, NO_CONTINUE),
  invalid('19, whatever the token', `resourceVersion=5&${NOT_OLDER}&continue=x`, NO_CONTINUE),
  tooLarge('20', `${PATH}?resourceVersion=99`),
  tooLarge('20, NotOlderThan', `${PATH}?resourceVersion=99&${NOT_OLDER}`),
  tooLarge('20, NotOlderThan with a limit', `${PATH}?resourceVersion=99&${NOT_OLDER}&limit=1`),
  tooLarge('21', `${PATH}?resourceVersion=99&${EXACT}`),
  tooLarge('21, exact by the limit', `${PATH}?resourceVersion=99&limit=1`),
  tooLarge('21, continued', `${PATH}?continue=${tokenOf(99n, 'a\0')}`),
  tooLarge('GET of the future', `${PATH}/a?resourceVersion=99`),
  {
    row: '22, Exact',
    path: `${PATH}?resourceVersion=2&${EXACT}`,
    code: 410,
    reason: 'Expired',
    message: 'The resourceVersion for the provided list is too old.',
  },
  {
    row: '22, exact by the limit',
    path: `${PATH}?resourceVersion=2&limit=1`,
    code: 410,
    reason: 'Expired',
    message: 'The resourceVersion for the provided list is too old.',
  },
  {
    row: '22, continued',
    path: `${PATH}?limit=1&continue=${tokenOf(2n, 'a\0')}`,
    code: 410,
    reason: 'Expired',
    message: CONTINUE_EXPIRED,
    continue: tokenOf(-1n, 'a\0'),
  },
  invalid('23', 'resourceVersion=5&resourceVersionMatch=Newest', UNKNOWN),
  invalid(
    '23, and all that is wrong besides',
    'resourceVersionMatch=Newest&continue=x&sendInitialEvents=true',
    NEEDS_REVISION,
    NO_CONTINUE,
    UNKNOWN,
    NO_INITIAL_EVENTS,
  ),
  bad('24', 'resourceVersion=abc', /^invalid resource version: /),
  bad('24, negative', 'resourceVersion=-1', /^invalid resource version: /),
  bad('24, a fraction', 'resourceVersion=1.5', /^invalid resource version: /),
  bad('24, too long', 'resourceVersion=18446744073709551616', /^invalid resource version: /),
  bad('24, with a limit', 'resourceVersion=abc&limit=1', /^invalid resource version: /),
  bad('24, Exact', `resourceVersion=abc&${EXACT}`, /^invalid resource version: /),
  {
    ...bad('GET, malformed', '', /^invalid resource version: /),
    path: `${PATH}/a?resourceVersion=x`,
  },
  invalid('sendInitialEvents', 'sendInitialEvents=true', NO_INITIAL_EVENTS),
  invalid('sendInitialEvents, false', 'sendInitialEvents=false', NO_INITIAL_EVENTS),
  bad('a limit that is no integer', 'limit=x', 'strconv.ParseInt: parsing "x": invalid syntax'),
  bad('a label selector', 'labelSelector=a%20in', /^unable to parse requirement: /),
  bad('a field selector', 'fieldSelector=a', /^invalid selector: /),
  bad('an unknown field', 'fieldSelector=spec.x%3D1', 'field label not supported: spec.x'),
  bad('a token that is none', 'continue=nonsense!', `${TOKEN}illegal base64 data`),
  bad(
    'a token of revision 0',
    raw('{"v":"meta.k8s.io/v1","rv":0,"start":"a"}'),
    `${TOKEN}incorrect encoded start resourceVersion (version meta.k8s.io/v1)`,
  ),
  bad(
    'a token without a start',
    raw('{"v":"meta.k8s.io/v1","rv":5,"start":""}'),
    `${TOKEN}encoded start key empty (version meta.k8s.io/v1)`,
  ),
  bad(
    'a token of another version',
    raw('{"v":"meta.k8s.io/v9","rv":5,"start":"a"}'),
    `${TOKEN}server does not recognize this encoded version meta.k8s.io/v9`,
  ),
  bad(
    'a token that climbs out',
    raw('{"v":"meta.k8s.io/v1","rv":5,"start":"../other/z"}'),
    `${TOKEN}../other/z`,
  ),
  bad('a token of another namespace', `continue=${tokenOf(5n, 'a\0', 'other')}`, OTHER_LIST),
  {
    ...bad('a token of one namespace, for all', '', OTHER_LIST),
    path: `${ALL_PATH}?continue=${tokenOf(5n, 'a\0')}`,
  },
  {
    ...bad('a token of another type', '', OTHER_LIST),
    path: `${PATH.replace('widgets', 'gadgets')}?continue=${tokenOf(5n, 'a\0')}`,
  },
];

listTest('each refusal of LIST and GET is upstream’s', async (t, { engine, open }) => {
  const scene = await serve(t, await open(t), { engine });
  await fill(scene);
  for (const { row, path, code, reason, message, details, continue: token } of ROWS) {
    const { status, headers, json } = await (code === 504 ? scene.outwait(path) : scene.ask(path));
    t.is(status, code, row);
    t.is(headers['content-type'], 'application/json', row);
    const seconds = details?.retryAfterSeconds;
    t.is(headers['retry-after'], seconds === undefined ? undefined : String(seconds), row);
    if (typeof message !== 'string') t.regex(json.message, message, row);
    t.deepEqual(
      json,
      {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: token === undefined ? {} : { continue: token },
        status: 'Failure',
        message: typeof message === 'string' ? message : json.message,
        reason,
        ...(details === undefined ? {} : { details }),
        code,
      },
      row,
    );
  }
});

listTest('the token of an expired page goes on at the newest revision', async (t, place) => {
  const scene = await serve(t, await place.open(t), { engine: place.engine });
  await fill(scene);
  const gone = await scene.ask(`${PATH}?limit=1&continue=${tokenOf(2n, 'a\0')}`);
  const page = await scene.ask(`${PATH}?limit=1&continue=${gone.json.metadata.continue}`);
  t.deepEqual(shown(page), ['c@4']);
  t.is(page.json.metadata.resourceVersion, '8');
  const last = await scene.ask(`${PATH}?continue=${page.json.metadata.continue}`);
  t.deepEqual(shown(last), ['d@7']);
  t.is(last.json.metadata.resourceVersion, '8');
});
