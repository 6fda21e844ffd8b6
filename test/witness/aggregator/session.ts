/**
 * The example of an aggregated server behind a real kube-apiserver: what its users and its operator
 * do, one after the other. Run by scripts/witness-aggregator.mjs, on Node's own test runner.
 */

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import type { RequestOptions } from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { parseAllDocuments } from 'yaml';

import { keyOf } from '../../auth/authority.js';
import type { Issued } from '../../auth/authority.js';
import { issueNow } from '../../client/server.js';
import { start } from '../command.js';
import type { RunningCommand } from '../command.js';
import { freePort } from '../free-port.js';
import { Cluster, end, until } from './cluster.js';
import type { User } from './cluster.js';

const EXAMPLE = fileURLToPath(new URL('../../../../examples/aggregated-server/', import.meta.url));
const API_SERVICE = 'apiservice/v1.rooms.example.com';
const PATH = '/apis/rooms.example.com/v1/namespaces/default/reservations';

let cluster: Cluster;
let server: RunningCommand;
let servingCa: Issued;
let port: number;

before(async () => {
  cluster = await Cluster.start({
    etcd: program('WITNESS_ETCD'),
    kubeApiserver: program('WITNESS_KUBE_APISERVER'),
    kubectl: program('WITNESS_KUBECTL'),
  });
  servingCa = await issueNow({ subject: 'CN=rooms-ca', authority: true });
  port = await freePort();
  await applyManifests();
  await startServer();
});

after(async () => {
  if (process.env['WITNESS_VERBOSE'] !== undefined) process.stderr.write(server?.stderr() ?? '');
  await end(server);
  await cluster?.stop();
});

function program(name: string): string {
  const path = process.env[name];
  if (path === undefined) throw new Error(`${name} is not set: npm run witness:aggregator`);
  return path;
}

// The example's own manifests; what runs pods is not there, so the server runs beside the cluster,
// and its Service is a name for where it does.
async function applyManifests(): Promise<void> {
  const caBundle = Buffer.from(servingCa.pem).toString('base64');
  const text = await readFile(join(EXAMPLE, 'manifests.yaml'), 'utf8');
  const objects = parseAllDocuments(text.replace('${CA_BUNDLE}', caBundle))
    .map((document) => document.toJS() as ManifestObject)
    .filter(({ kind }) => kind !== 'Deployment' && kind !== 'PersistentVolumeClaim');
  for (const object of objects) {
    if (object.kind === 'Service')
      object.spec = { type: 'ExternalName', externalName: 'localhost' };
    if (object.kind === 'APIService') Object.assign(object.spec?.['service'] ?? {}, { port });
  }
  for (const [group, role] of [
    ['makers', 'rooms:edit'],
    ['makers', 'rooms:view'],
    ['guests', 'rooms:view'],
  ] as const) {
    objects.push(binding(group, role));
  }
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  const applied = await cluster.kubectl('admin', ['apply', '-f', '-'], list);
  assert.equal(applied.code, 0, applied.stderr);
}

interface ManifestObject {
  readonly kind: string;
  spec?: { [field: string]: unknown };
}

function binding(group: string, role: string): ManifestObject {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: `${group}-${role.replace(':', '-')}`, namespace: 'default' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group }],
  } as ManifestObject;
}

async function startServer(): Promise<void> {
  const account = ['create', 'token', 'rooms-apiserver', '-n', 'rooms'];
  const token = await cluster.kubectl('admin', account);
  assert.equal(token.code, 0, token.stderr);
  await writeFile(cluster.file('rooms.token'), token.stdout);
  const kubeconfig = await cluster.writeKubeconfig('rooms.kubeconfig', {
    tokenFile: cluster.file('rooms.token'),
  });
  const hosts = ['rooms-apiserver.rooms.svc'];
  const serving = await issueNow({ subject: 'CN=rooms', issuer: servingCa, hosts });
  await writeFile(cluster.file('rooms.crt'), serving.pem);
  await writeFile(cluster.file('rooms.key'), await keyOf(serving));
  server = start(process.execPath, [
    join(EXAMPLE, 'server.mjs'),
    ...['--kubeconfig', kubeconfig, '--data-dir', cluster.file('rooms')],
    ...['--bind-address', '127.0.0.1', '--secure-port', String(port)],
    ...['--tls-cert-file', cluster.file('rooms.crt')],
    ...['--tls-private-key-file', cluster.file('rooms.key')],
  ]);
  await server.until((text) => text.includes('reservations are served on'));
}

async function kubectl(user: User, args: string, input?: object): Promise<string> {
  const text = input === undefined ? '' : JSON.stringify(input);
  const { code, stdout, stderr } = await cluster.kubectl(user, args.split(' '), text);
  assert.equal(code, 0, stderr);
  return stdout;
}

const reservation = (name: string, room: string, minutes?: number) => ({
  apiVersion: 'rooms.example.com/v1',
  kind: 'Reservation',
  metadata: { name, namespace: 'default' },
  spec: { room, minutes },
});

const available = (): Promise<string> =>
  kubectl('admin', `wait --for=condition=Available ${API_SERVICE} --timeout=120s`);

const isReachable = (): Promise<void> =>
  until('reservations are reached through kube-apiserver', async () => {
    const listed = await cluster.kubectl('mia', ['get', 'reservations']);
    return listed.code === 0;
  });

test('the APIService becomes available, and its types are the cluster’s', async () => {
  await available();
  const resources = await kubectl('mia', 'api-resources --api-group=rooms.example.com');
  assert.match(resources, /^reservations\s+rsv\s+rooms\.example\.com\/v1\s+true\s+Reservation$/m);
  await until('the aggregator has the schemas', async () => {
    const explained = await cluster.kubectl('mia', ['explain', 'reservation.spec.minutes']);
    return explained.stdout.includes('an hour unless said');
  });
  const discovered = await kubectl('mia', 'get --raw /apis/rooms.example.com/v1');
  assert.match(discovered, /"groupVersion":"rooms\.example\.com\/v1"/);
});

test('kubectl creates, gets, applies, watches and deletes', async () => {
  await isReachable();
  assert.equal(
    await kubectl('mia', 'create -f -', reservation('standup', 'blue')),
    'reservation.rooms.example.com/standup created\n',
  );
  const row = /^standup\s+blue\s+60\s+mia$/m;
  assert.match(await kubectl('gus', 'get rsv'), row);
  const watching = cluster.watch('gus', ['get', 'reservations', '--watch']);
  await watching.until((text) => row.test(text));
  assert.match(
    await kubectl('mia', 'apply -f -', reservation('standup', 'red', 30)),
    /^reservation\.rooms\.example\.com\/standup configured$/m,
  );
  await watching.until((text) => /^standup\s+red\s+30\s+mia$/m.test(text));
  await end(watching);
  const selected = await kubectl('gus', 'get rsv --field-selector spec.room=red -o name');
  assert.equal(selected, 'reservation.rooms.example.com/standup\n');
  const wrong = JSON.stringify(reservation('standup', 'red', 300));
  const refused = await cluster.kubectl('mia', ['apply', '-f', '-'], wrong);
  assert.match(refused.stderr, /spec\.minutes: Invalid value: 300: must be from 1 to 240/);
  await kubectl('mia', 'delete reservation standup');
  assert.equal(await kubectl('gus', 'get rsv -o name'), '');
});

test('users who are impersonated reach the server by the front proxy’s headers', async () => {
  const as = 'create -f - --as=carol --as-group=makers --as-group=system:authenticated';
  await kubectl('admin', as, reservation('carols', 'green'));
  const owner = 'get rsv carols -o jsonpath={.spec.owner}';
  assert.equal(await kubectl('mia', owner), 'carol');
  // Nobody changes whose it is.
  await kubectl('mia', 'apply -f -', reservation('carols', 'blue'));
  assert.equal(await kubectl('mia', owner), 'carol');
});

interface Answered {
  readonly status: number;
  readonly body: { readonly message?: string; readonly reason?: string };
}

function send(to: RequestOptions, headers: { readonly [name: string]: string }): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', agent: false, method: 'POST', path: PATH };
    const type = { 'content-type': 'application/json', accept: 'application/json' };
    const request = httpsRequest({ ...options, ...to, headers: { ...type, ...headers } });
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Answered['body'] }),
      );
    });
    request.on('error', reject);
    request.end(JSON.stringify(reservation('direct', 'blue')));
  });
}

const ours = () => ({ port, ca: servingCa.pem, servername: 'rooms-apiserver.rooms.svc' });
const bearer = (user: User) => ({ authorization: `Bearer ${cluster.token(user)}` });

test('RBAC decides, in the same words on both ways', async () => {
  const theirs = {
    port: Number(new URL(cluster.url).port),
    ca: cluster.ca,
    servername: 'kubernetes',
  };
  const through = await send(theirs, bearer('gus'));
  const direct = await send(ours(), bearer('gus'));
  const { message } = through.body;
  assert.equal(
    message,
    'reservations.rooms.example.com is forbidden: User "gus" cannot create resource ' +
      '"reservations" in API group "rooms.example.com" in the namespace "default"',
  );
  assert.deepEqual([direct.status, direct.body], [through.status, through.body]);
  assert.equal((await send(ours(), bearer('mia'))).status, 201);
  assert.equal((await send(ours(), { authorization: 'Bearer made-up' })).status, 401);
  const pretended = await send(ours(), {
    'x-remote-user': 'admin',
    'x-remote-group': 'system:masters',
  });
  assert.equal(pretended.status, 403);
  assert.match(pretended.body.message ?? '', /User "system:anonymous" cannot create/);
});

test('a role that is granted counts after the ten seconds of a refusal', async () => {
  const role = 'create rolebinding guests-edit --clusterrole=rooms:edit --group=guests';
  await kubectl('admin', role);
  await until('gus may create', async () => (await send(ours(), bearer('gus'))).status !== 403);
  await kubectl('admin', 'delete rolebinding guests-edit');
  await until('gus may not', async () => (await send(ours(), bearer('gus'))).status === 403);
});

test('another authority of the front proxy is picked up', async () => {
  const name = await cluster.rotateProxy();
  assert.match(name, /front-proxy-ca-2/);
  await isReachable();
  await newestIsBelieved();
});

test('kube-apiserver may be restarted: what is followed, is followed afterwards', async () => {
  await cluster.stopApiserver();
  // As soon as what was decided before is forgotten.
  await until('nobody is let in whom nobody knows', async () => {
    return (await send(ours(), bearer('mia'))).status === 401;
  });
  await cluster.startApiserver();
  await available();
  await isReachable();
  assert.match(await cluster.rotateProxy(), /front-proxy-ca-3/);
  await isReachable();
  await newestIsBelieved();
  await kubectl('mia', 'create -f -', reservation('afterwards', 'blue'));
  assert.equal(await kubectl('gus', 'get rsv afterwards -o jsonpath={.spec.owner}'), 'mia');
});

// The aggregator may go on with connections that it has made with an older certificate; so the
// server is asked with the newest one itself.
async function newestIsBelieved(): Promise<void> {
  const cert = await readFile(cluster.file('proxy.crt'), 'utf8');
  const key = await readFile(cluster.file('proxy.key'), 'utf8');
  await until('the newest front proxy is believed', async () => {
    const answer = await send({ ...ours(), cert, key }, { 'x-remote-user': 'nobody' });
    return answer.status === 403 && answer.body.message?.includes('User "nobody"') === true;
  });
}
