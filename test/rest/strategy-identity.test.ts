/**
 * A strategy whose hooks change nothing changes nothing: whatever is written, the answers are those
 * of a type without one, byte for byte.
 */

import test from 'ava';
import fc from 'fast-check';

import { defineResource } from '../../lib/rest/index.js';
import type { ResourceStrategy } from '../../lib/rest/index.js';
import type { UnknownObject } from '../../lib/object/index.js';
import { JSON_PATCH, MERGE, TestServer, WIDGETS_URL } from './fixture.js';

const strategy: ResourceStrategy<UnknownObject> = {
  default: (object) => object,
  prepareForCreate: (object) => structuredClone(object),
  prepareForUpdate: async (object) => ({ ...object }),
  validate: () => [],
  validateUpdate: async () => [],
  warningsOnCreate: () => [],
  warningsOnUpdate: async () => [],
  canonicalize: async () => undefined,
};

const serve = (hooks: boolean): Promise<TestServer> =>
  TestServer.start({}, [
    defineResource({
      group: 'example.com',
      version: 'v1',
      kind: 'Widget',
      statusSubresource: true,
      scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
      ...(hooks ? { strategy } : {}),
    }),
  ]);

const number = fc.constantFrom('0', '1', '1.0', '-0.0', '2e3', '9007199254740993', '1.50', '7');
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3 },
    number,
    fc.constantFrom('"x"', 'null', 'true'),
    fc.array(tie('json'), { maxLength: 3 }).map((list) => `[${list.join(',')}]`),
    fc.dictionary(fc.constantFrom('a', 'b', 'replicas', '__proto__'), tie('json')).map(
      (members) =>
        `{${Object.entries(members)
          .map(([key, text]) => `"${key}":${text}`)
          .join(',')}}`,
    ),
  ),
}));

const content = fc
  .tuple(json, json, fc.constantFrom('{}', '{"l":"1"}', 'null'))
  .map(
    ([spec, status, labels]) => `"spec":${spec},"status":${status},"metadata":{"labels":${labels}`,
  );

interface Step {
  readonly method: string;
  readonly url: string;
  readonly text: string;
  readonly headers?: { readonly [name: string]: string };
}

const LAMP = `${WIDGETS_URL}/lamp`;
const whole = (text: string, more: string): string =>
  `{"apiVersion":"example.com/v1","kind":"Widget",${text},"name":"lamp"${more}}}`;

const step: fc.Arbitrary<Step> = fc.oneof(
  content.map((text): Step => ({ method: 'POST', url: WIDGETS_URL, text: whole(text, '') })),
  fc
    .tuple(content, fc.constantFrom('', '/status'), fc.integer({ min: 1, max: 8 }))
    .map(([text, sub, revision]): Step => {
      const more = `,"resourceVersion":"${revision}"`;
      return { method: 'PUT', url: `${LAMP}${sub}`, text: whole(text, more) };
    }),
  fc
    .tuple(content, fc.constantFrom('', '/status', '/scale', '?dryRun=All'))
    .map(([text, sub]): Step => {
      return { method: 'PATCH', url: `${LAMP}${sub}`, text: `{${text}}}`, headers: MERGE };
    }),
  json.map((value): Step => {
    const text = `[{"op":"add","path":"/spec","value":${value}}]`;
    return { method: 'PATCH', url: LAMP, text, headers: JSON_PATCH };
  }),
  fc.constant<Step>({ method: 'DELETE', url: LAMP, text: '' }),
);

test('hooks that change nothing change nothing', async (t) => {
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const servers = [await serve(true), await serve(false)] as const;
      for (const { method, url, text, headers = {} } of steps) {
        const options = { body: Buffer.from(text), headers };
        const [hooked, plain] = await Promise.all(
          servers.map((server) => server.ask(method, url, options)),
        );
        seen.add(hooked?.status ?? 0);
        t.deepEqual([hooked?.status, hooked?.text], [plain?.status, plain?.text]);
      }
      for (const server of servers) await server.close();
    }),
    { numRuns: 60 },
  );
  t.true(seen.has(201) && seen.has(200), 'something was written');
});
