import test from 'ava';
import fc from 'fast-check';
import {
  DurationError,
  isStatusError,
  parseAccept,
  parseGoDuration,
  parseRequestInfo,
  quote,
  warningHeaders,
} from '../../lib/request/index.js';

const RUNS = { numRuns: 300 };

test('whatever the path and query, there is request info or a Status', (t) => {
  const segment = fc.oneof(
    fc.constantFrom('api', 'apis', 'v1', 'namespaces', 'watch', 'status', '', '%2F', '%zz', 'a.b'),
    fc.string(),
  );
  fc.assert(
    fc.property(
      fc.constantFrom('GET', 'POST', 'DELETE', 'PATCH', 'PUT', 'HEAD', 'X'),
      fc.array(segment, { maxLength: 9 }),
      fc.dictionary(
        fc.constantFrom('watch', 'limit', 'fieldSelector', 'labelSelector'),
        fc.string(),
      ),
      (method, segments, query) => {
        try {
          const path = `/${segments.join('/')}`;
          const info = parseRequestInfo(method, path, new URLSearchParams(query));
          if (info.isResourceRequest) t.is(info.resource, info.parts[0] ?? '');
          else t.is(info.resource + info.name + info.namespace, '');
        } catch (error) {
          t.true(isStatusError(error));
        }
      },
    ),
    RUNS,
  );
});

test('whatever the text, a duration is a number or a DurationError', (t) => {
  const part = fc.constantFrom('1', '0', '.', '-', '+', 'h', 'm', 's', 'ms', 'ns', 'x', ' ');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      try {
        t.true(Number.isFinite(parseGoDuration(parts.join(''))));
      } catch (error) {
        t.true(error instanceof DurationError);
      }
    }),
    RUNS,
  );
});

test('whatever the header, clauses are wanted less and less', (t) => {
  const part = fc.constantFrom(
    'a/b',
    '*/*',
    'a/*',
    ',',
    ';',
    'q=',
    '0.5',
    '1',
    '"',
    '\\',
    ' ',
    'x=y',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
      const qualities = parseAccept(parts.join('')).map(({ quality }) => quality);
      t.deepEqual(
        qualities,
        qualities.toSorted((a, b) => b - a),
      );
      t.true(qualities.every((quality) => quality > 0 && quality <= 1));
    }),
    RUNS,
  );
});

test('quoted text and warnings never break the line they stand in', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      t.notRegex(quote(text), /[\p{Cc}\u2028\u2029]/u);
      for (const [, value] of warningHeaders([text])) {
        t.regex(value, /^[\x20-\x7e\x80-\xff]*$/);
      }
    }),
    RUNS,
  );
});
