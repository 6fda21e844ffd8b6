/** kubectl through a front proxy: users are known by it, and the control plane decides. */

import test, { type ExecutionContext } from 'ava';

import { run, start } from '../../witness/command.js';
import { kubectlPath } from '../../witness/tools/index.js';
import { bench } from './bench.js';
import type { AccessSpec } from './control-plane.js';
import { userOf } from './control-plane.js';

const WIDGET = (color: string): string =>
  JSON.stringify({
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name: 'lamp', namespace: 'shop' },
    spec: { color },
  });

const READS = new Set(['get', 'list', 'watch']);

// Makers may do everything with widgets, everybody else may look; and find out what there is.
function policy({ groups, resourceAttributes }: AccessSpec): object {
  if (resourceAttributes === undefined) return { allowed: true };
  const reads = READS.has(resourceAttributes['verb'] ?? '');
  if (reads || groups.includes('makers')) return { allowed: true };
  return { allowed: false, reason: 'RBAC: role "makers" is missing' };
}

async function session(t: ExecutionContext) {
  const { plane, server } = await bench(t);
  plane.policy = policy;
  plane.users.set('ana', userOf('ana', ['makers']));
  plane.users.set('guest', userOf('guest'));
  const program = kubectlPath('1.35');
  const env = async (user: string) => ({
    HOME: plane.folder,
    KUBECONFIG: await plane.kubeconfigFor(user),
  });
  const kubectl = async (user: string, args: string, input = '') =>
    run(program, args.split(' '), { env: await env(user), input });
  const watch = async (user: string, args: string) =>
    start(program, args.split(' '), { env: await env(user) });
  return { plane, server, kubectl, watch };
}

test('kubectl creates, applies, watches and deletes by way of the front proxy', async (t) => {
  const { kubectl, watch, plane } = await session(t);
  const created = await kubectl('ana', 'create -f -', WIDGET('red'));
  t.is(created.stdout, 'widget.example.com/lamp created\n', created.stderr);
  const watching = await watch('guest', 'get wd -n shop --watch');
  await watching.until((text) => /^lamp\s+red$/m.test(text));
  const applied = await kubectl('ana', 'apply --server-side=false -f -', WIDGET('blue'));
  t.regex(applied.stdout, /^widget\.example\.com\/lamp configured$/m, applied.stderr);
  await watching.until((text) => /^lamp\s+blue$/m.test(text));
  const listed = await kubectl('guest', 'get widgets -A -o name');
  t.is(listed.stdout, 'widget.example.com/lamp\n', listed.stderr);
  const deleted = await kubectl('ana', 'delete widget lamp -n shop');
  t.regex(deleted.stdout, /widget\.example\.com "lamp" deleted/, deleted.stderr);
  watching.child.kill('SIGTERM');
  await watching.ended;
  const asked = plane.accessReviews.find(
    ({ resourceAttributes }) => resourceAttributes?.['verb'] === 'create',
  );
  t.like(asked, { user: 'ana', uid: 'uid-ana', groups: ['makers', 'system:authenticated'] });
});

test('kubectl shows who may not what, in upstream’s words', async (t) => {
  const { kubectl } = await session(t);
  const refused = await kubectl('guest', 'create -f -', WIDGET('red'));
  t.is(refused.code, 1);
  t.is(
    refused.stderr,
    'Error from server (Forbidden): error when creating "STDIN": widgets.example.com is forbidden: ' +
      'User "guest" cannot create resource "widgets" in API group "example.com" in the namespace ' +
      '"shop": RBAC: role "makers" is missing\n',
  );
  const deleted = await kubectl('guest', 'delete widget lamp -n shop');
  t.regex(
    deleted.stderr,
    /widgets\.example\.com "lamp" is forbidden: User "guest" cannot delete resource "widgets"/,
  );
  const unknown = await kubectl('nobody', 'get widgets -n shop');
  t.is(unknown.code, 1);
});
