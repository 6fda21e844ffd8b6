/**
 * No parsing on the way out: with JSON.parse and JSON.stringify made to throw, whole objects are
 * still served. Alone in its file: test files have environments of their own.
 */

import test from 'ava';
import { TestServer, WatchReader, widget, WIDGETS_URL } from './fixture.js';

test('GET, LIST and WATCH of whole objects move bytes', async (t) => {
  const server = await TestServer.start();
  const created = await server.ask('POST', WIDGETS_URL, { body: widget('lamp') });
  const watch = new WatchReader(await server.ask('GET', `${WIDGETS_URL}?watch=1`));
  const { parse, stringify } = JSON;
  const refuse = (): never => {
    throw new Error('an object was parsed or written on the way out');
  };
  let texts: (string | undefined)[];
  JSON.parse = refuse;
  // Selectors and names may be written; objects may not.
  JSON.stringify = (value: unknown) =>
    typeof value === 'object' && !Array.isArray(value) ? refuse() : stringify(value);
  try {
    texts = [
      (await server.ask('GET', `${WIDGETS_URL}/lamp`)).text,
      (await server.ask('GET', `${WIDGETS_URL}?limit=500`)).text,
      (await server.ask('GET', `${WIDGETS_URL}?pretty=1`)).text,
      await watch.nextLine(),
    ];
    watch.close();
  } finally {
    JSON.parse = parse;
    JSON.stringify = stringify;
  }
  const object = created.text.trimEnd();
  t.is(texts[0], created.text);
  t.is(
    texts[1],
    '{"kind":"WidgetList","apiVersion":"example.com/v1","metadata":{"resourceVersion":"2"},' +
      `"items":[${object}]}\n`,
  );
  t.is(texts[3], `{"type":"ADDED","object":${object}}`);
});
