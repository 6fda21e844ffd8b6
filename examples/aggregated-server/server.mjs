/**
 * An API server of one's own inside a cluster: reservations of rooms, served through the cluster's
 * kube-apiserver. Users, RBAC, kubectl and audit are the cluster's; the objects are ours.
 *
 * In a pod it needs no flag but the certificate:
 *
 *   node server.mjs --tls-cert-file /tls/tls.crt --tls-private-key-file /tls/tls.key
 *
 * manifests.yaml has all that the cluster has to know; docs/aggregation.md explains it.
 */

import { parseArgs } from 'node:util';

import { createAggregatedServer, defineResource, MemoryStorage } from 'shardwatch';
import { fieldInvalid, fieldRequired } from 'shardwatch/request';
import { lineLogger } from 'shardwatch/server';
import { LmdbStorage } from 'shardwatch/storage/lmdb';

const MINUTES_MAX = 240;

const { values: flags } = parseArgs({
  options: {
    kubeconfig: { type: 'string' },
    'bind-address': { type: 'string', default: '0.0.0.0' },
    'secure-port': { type: 'string', default: '6443' },
    'tls-cert-file': { type: 'string' },
    'tls-private-key-file': { type: 'string' },
    'data-dir': { type: 'string' },
    v: { type: 'string', default: '1' },
  },
});

const reservations = defineResource({
  group: 'rooms.example.com',
  version: 'v1',
  kind: 'Reservation',
  shortNames: ['rsv'],
  categories: ['all'],
  selectableFields: ['spec.room', 'spec.owner'],
  printerColumns: [
    { name: 'Room', type: 'string', jsonPath: '.spec.room' },
    { name: 'Minutes', type: 'integer', jsonPath: '.spec.minutes' },
    { name: 'Owner', type: 'string', jsonPath: '.spec.owner' },
  ],
  schema: {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        required: ['room'],
        properties: {
          room: { type: 'string', description: 'Which room.' },
          minutes: { type: 'integer', description: 'For how long; an hour unless said.' },
          owner: { type: 'string', description: 'Who has made it; set by the server.' },
        },
      },
    },
  },
  strategy: {
    default: (object) => ({ ...object, spec: { minutes: 60, ...object.spec } }),
    // Whoever the front proxy, the certificate or the token says it is.
    prepareForCreate: ({ spec }, { user }) => {
      spec.owner = user.username;
    },
    prepareForUpdate: ({ spec }, { old }) => {
      spec.owner = old.spec.owner;
    },
    validate: ({ spec }) => [
      ...(spec.room ? [] : [fieldRequired('spec.room', 'a reservation is of a room')]),
      ...(spec.minutes > 0 && spec.minutes <= MINUTES_MAX
        ? []
        : [fieldInvalid('spec.minutes', spec.minutes, `must be from 1 to ${MINUTES_MAX}`)]),
    ],
  },
});

const path = flags['data-dir'];
const storage = path === undefined ? new MemoryStorage() : await LmdbStorage.open({ path });
const server = await createAggregatedServer({
  resources: [reservations],
  storage,
  kubeconfig: flags.kubeconfig,
  logger: lineLogger((line) => process.stderr.write(line), Number(flags.v)),
});
await server.ready();
const { url } = await server.listen({
  host: flags['bind-address'],
  port: Number(flags['secure-port']),
  tls: { certFile: flags['tls-cert-file'], keyFile: flags['tls-private-key-file'] },
});
console.log(`reservations are served on ${url}`);

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await server.close();
    await storage.close();
  });
}
