/** Faults and matches that contradict themselves: refused, since they would never hit. */

import test from 'ava';
import { TestingError, type TestServer } from '../../lib/testing/index.js';
import { serverFor, teams, widgets } from './fixture.js';

type Use = (server: TestServer) => unknown;

const CASES: { readonly [about: string]: readonly [use: Use, message: RegExp] } = {
  'a field that is none': [
    ({ faults }) => faults.hang({ resouce: widgets } as object),
    /the match has no field "resouce" \(verb, resource/,
  ],
  'a verb that is none': [
    ({ faults }) => faults.hang({ verb: 'put' as never }),
    /names the verb "put"; there are get, list/,
  ],
  'no verb at all': [({ faults }) => faults.hang({ verb: [] }), /allows no verb/],
  'a name that is no text': [({ faults }) => faults.hang({ name: 7 as never }), /text as its name/],
  'a where that is no function': [
    ({ faults }) => faults.hang({ where: true as never }),
    /function as its where/,
  ],
  'a namespace of what has none': [
    ({ faults }) => faults.hang({ resource: teams, namespace: 'shop' }),
    /names a namespace, but teams\.example\.com have none/,
  ],
  'a name in a deletion of many': [
    ({ faults }) => faults.hang({ resource: widgets, verb: 'deletecollection', name: 'lamp' }),
    /deletecollection is of many/,
  ],
  'a subresource of a list': [
    ({ faults }) => faults.hang({ resource: widgets, verb: 'list', subresource: 'status' }),
    /names the subresource "status", which list has not/,
  ],
  'a user whom nobody knows': [
    ({ faults }) => faults.hang({ user: 'ana' }),
    /names the user "ana"; there are shardwatch-admin/,
  ],
  'a path beside a resource': [
    ({ faults }) => faults.hang({ path: '/readyz', resource: widgets }),
    /names a path and a resource/,
  ],
  'a path with a query': [({ faults }) => faults.hang({ path: '/a?b=c' }), /with a query/],
  'a path that is none': [({ faults }) => faults.hang({ path: 'readyz' }), /does not begin in/],
  'a conflict of a read': [
    ({ faults }) => faults.conflict({ verb: 'get' }),
    /a conflict is of update and patch and delete, but the match names get/,
  ],
  'an expired write': [
    ({ faults }) => faults.expire({ verb: ['watch', 'update'] }),
    /what expires is of list and watch, but the match names update/,
  ],
  'an expired list after events': [
    ({ faults }) => faults.expire({ verb: 'list' }, { afterEvents: 1 }),
    /what expires is of watch, but the match names list/,
  ],
  'late events of a list': [
    ({ faults }) => faults.delayEvents({ verb: 'list' }, { ms: 1 }),
    /events are of watch/,
  ],
  'a break after bytes and events': [
    ({ faults }) => faults.disconnect({}, { at: 'body', afterBytes: 1, afterEvents: 1 }),
    /contradict each other/,
  ],
  'a break in a body that is never sent': [
    ({ faults }) => faults.disconnect({}, { at: 'answer', afterBytes: 1 }),
    /belong to at: 'body'/,
  ],
  'a break at nowhere': [
    ({ faults }) => faults.disconnect({}, { at: 'head' as never }),
    /at must be request, answer or body/,
  ],
  'no times': [
    ({ faults }) => faults.hang({}, { times: 0 }),
    /times must be a whole number from 1/,
  ],
  'half a time': [({ faults }) => faults.hang({}, { times: 0.5 }), /times must be a whole/],
  'fewer than none skipped': [({ faults }) => faults.hang({}, { skip: -1 }), /skip must be/],
  'all skipped': [({ faults }) => faults.hang({}, { skip: Infinity }), /skip must be/],
  'an option that is none': [
    ({ faults }) => faults.hang({}, { count: 2 } as object),
    /there is no option "count" \(skip, times\)/,
  ],
  'a success as an error': [({ faults }) => faults.answer({}, { code: 200 }), /from 400 to 599/],
  'an answer with a field that is none': [
    ({ faults }) => faults.answer({}, { code: 500, retryAfter: 1 } as never),
    /an answer has no field "retryAfter"/,
  ],
  'a delay without an end': [({ faults }) => faults.delay({}, { ms: Infinity }), /ms must be/],
  'portions of nothing': [
    ({ faults }) => faults.slow({}, { bytes: 0, everyMs: 1 }),
    /bytes must be above 0/,
  ],
  'one copy of each event': [
    ({ faults }) => faults.duplicateEvents({}, { copies: 1 }),
    /copies must be at least 2/,
  ],
  'open watches of a resource that is none': [
    ({ watches }) => watches.disconnect({ resource: 'lamps' }),
    /no resource is called "lamps"/,
  ],
  'requests by a field that is none': [
    ({ requests }) => requests.count({ kind: 'Widget' } as object),
    /the match has no field "kind"/,
  ],
};

for (const [about, [use, message]] of Object.entries(CASES)) {
  test(`refused: ${about}`, async (t) => {
    const server = await serverFor(t, { tls: false });
    t.throws(() => use(server), { instanceOf: TestingError, message });
  });
}
