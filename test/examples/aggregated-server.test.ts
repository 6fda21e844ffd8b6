/** The example of an aggregated server, behind a front proxy and reviews, driven with kubectl. */

import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { parseAllDocuments } from 'yaml';

import { keyOf } from '../auth/authority.js';
import { issueNow } from '../client/server.js';
import { startControlPlane, userOf } from '../server/aggregated/control-plane.js';
import { run, start } from '../witness/command.js';
import { kubectlPath } from '../witness/tools/index.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const EXAMPLE = join(ROOT, 'examples/aggregated-server');

test('reservations belong to whoever the front proxy names', async (t) => {
  const plane = await startControlPlane();
  t.teardown(() => plane.close());
  const file = (name: string): string => join(plane.folder, name);
  const authority = await issueNow({ subject: 'CN=rooms-ca', authority: true });
  const servername = 'rooms-apiserver.rooms.svc';
  const serving = await issueNow({ subject: 'CN=rooms', issuer: authority, hosts: [servername] });
  await writeFile(file('tls.crt'), serving.pem);
  await writeFile(file('tls.key'), await keyOf(serving));
  const server = start(process.execPath, [
    join(EXAMPLE, 'server.mjs'),
    ...['--kubeconfig', plane.kubeconfig, '--data-dir', file('data')],
    ...['--bind-address', '127.0.0.1', '--secure-port', '0'],
    ...['--tls-cert-file', file('tls.crt'), '--tls-private-key-file', file('tls.key')],
  ]);
  t.teardown(async () => {
    server.child.kill('SIGKILL');
    await server.ended;
  });
  await server.until((text) => text.includes('\n'));
  const [, port] =
    /^reservations are served on https:\/\/127\.0\.0\.1:(\d+)\n/.exec(server.stdout()) ?? [];
  plane.aggregated = { port: Number(port), ca: authority.pem, servername };
  plane.users.set('mia', userOf('mia', ['makers']));
  plane.users.set('gus', userOf('gus'));
  plane.policy = ({ groups, resourceAttributes }) => ({
    allowed: groups.includes('makers') || resourceAttributes?.['verb'] !== 'create',
  });
  const kubectl = async (user: string, args: string, spec: object = {}) =>
    run(kubectlPath('1.35'), args.split(' '), {
      env: { HOME: plane.folder, KUBECONFIG: await plane.kubeconfigFor(user) },
      input: JSON.stringify({
        apiVersion: 'rooms.example.com/v1',
        kind: 'Reservation',
        metadata: { name: 'standup', namespace: 'default' },
        spec,
      }),
    });
  const created = await kubectl('mia', 'create -f -', { room: 'blue', owner: 'somebody' });
  t.is(created.stdout, 'reservation.rooms.example.com/standup created\n', created.stderr);
  const shown = await kubectl('gus', 'get rsv');
  t.regex(shown.stdout, /^NAME +ROOM +MINUTES +OWNER\nstandup +blue +60 +mia\n$/, shown.stderr);
  const wrong = await kubectl('mia', 'apply -f -', { room: '', minutes: 500 });
  t.regex(wrong.stderr, /spec\.room: Required value: a reservation is of a room/);
  t.regex(wrong.stderr, /spec\.minutes: Invalid value: 500: must be from 1 to 240/);
  const refused = await kubectl('gus', 'create -f -', { room: 'red' });
  t.regex(refused.stderr, /User "gus" cannot create resource "reservations" in API group/);
  server.child.kill('SIGTERM');
  await server.ended;
  t.is(server.child.exitCode, 0, server.stderr());
});

test('the manifests in the document are those of the example', (t) => {
  const manifests = readFileSync(join(EXAMPLE, 'manifests.yaml'), 'utf8');
  const document = readFileSync(join(ROOT, 'docs/aggregation.md'), 'utf8');
  const all = parseAllDocuments(manifests).map((object) => object.toJS() as unknown);
  const quoted = [...document.matchAll(/^```yaml\n([^]*?)^```$/gm)].flatMap(([, block = '']) =>
    parseAllDocuments(block).map((object) => object.toJS() as { readonly kind: string }),
  );
  t.deepEqual(
    quoted.map(({ kind }) => kind),
    ['ServiceAccount', 'ClusterRoleBinding', 'RoleBinding', 'ClusterRole', 'Service', 'APIService'],
  );
  for (const object of quoted) {
    t.true(
      all.some((one) => JSON.stringify(one) === JSON.stringify(object)),
      `${object.kind} is another one`,
    );
  }
});
