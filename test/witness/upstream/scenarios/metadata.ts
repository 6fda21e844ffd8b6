/** Rules of metadata, with the texts of their breaches. */

import { get, MERGE_PATCH, patch, post, put, scenario, widget } from '../scenario.js';
import type { Json, Members, Scenario } from '../scenario.js';

const W = '{{widgets}}';
const LONG = 'x'.repeat(64);

const LABELS: readonly Members[] = [
  { '': 'x' },
  { 'a b': 'x' },
  { '-a': 'x' },
  { a_: 'x' },
  { [LONG]: 'x' },
  { 'a/b/c': 'x' },
  { '/a': 'x' },
  { 'a/': 'x' },
  { 'UPPER/a': 'x' },
  { [`${'p'.repeat(254)}/a`]: 'x' },
  { a: 'b c' },
  { a: '-b' },
  { a: LONG },
  { a: 'ü' },
  { 'bad key': 'bad value!' },
  { a: '' },
  { 'example.com/A_b.c-1': 'V_1.x-y' },
];

const ANNOTATIONS: readonly Members[] = [
  { '': 'x' },
  { 'a b': 'x' },
  { 'UPPER/a': 'x' },
  { 'a/b/c': 'x' },
  { [LONG]: 'x' },
  { a: 'any text\n!' },
  { a: 'x'.repeat(262_144) },
  { a: 'x'.repeat(262_143) },
];

const reference = (members: Members): Json => ({
  apiVersion: 'v1',
  kind: 'Pod',
  name: 'p',
  uid: 'u',
  ...members,
});

const OWNERS: readonly Json[] = [
  [reference({})],
  [reference({ apiVersion: '' })],
  [reference({ apiVersion: 'apps/' })],
  [reference({ apiVersion: 'a/b/c' })],
  [reference({ apiVersion: '/v1' })],
  [reference({ kind: '' })],
  [reference({ name: '' })],
  [reference({ uid: '' })],
  [reference({ kind: 'Event' })],
  [reference({ kind: 'Event', apiVersion: 'events.k8s.io/v1' })],
  [{}],
  [null],
  ['x'],
  'x',
  {},
  [reference({ controller: true }), reference({ controller: true, uid: 'v', name: 'q' })],
  [reference({ controller: false }), reference({ controller: true, uid: 'v' })],
  [reference({ controller: 'x' })],
  [reference({ blockOwnerDeletion: true })],
  [reference({ bogus: 1 })],
  [reference({}), reference({})],
  [reference({}), reference({ uid: 'v' }), reference({ uid: 'v' })],
];

const FINALIZERS: readonly Json[] = [
  ['example.com/f'],
  ['nodomain'],
  ['orphan'],
  ['foregroundDeletion'],
  ['orphan', 'foregroundDeletion'],
  ['kubernetes'],
  [''],
  ['bad name!/x'],
  ['a/b/c'],
  ['example.com/f', 'example.com/f'],
  [5],
  'x',
  [],
  null,
  ['nodomain', 'example.com/y', 'other'],
];

const TYPES: readonly (readonly [string, Json])[] = [
  ['labels', 5],
  ['labels', []],
  ['labels', 'x'],
  ['labels', null],
  ['labels', {}],
  ['labels', { a: 1 }],
  ['labels', { a: true }],
  ['labels', { a: null }],
  ['labels', { a: {} }],
  ['annotations', 'x'],
  ['annotations', { a: 1 }],
  ['annotations', { a: null }],
  ['annotations', {}],
  ['name', 5],
  ['name', null],
  ['namespace', 5],
  ['generateName', 5],
  ['uid', 5],
  ['resourceVersion', 5],
  ['generation', '5'],
  ['creationTimestamp', 5],
  ['creationTimestamp', '2001-01-01'],
  ['creationTimestamp', '2001-01-01T00:00:00.5Z'],
  ['creationTimestamp', '2001-01-01T02:00:00+02:00'],
  ['creationTimestamp', ''],
  ['deletionTimestamp', 'x'],
  ['deletionGracePeriodSeconds', 'x'],
  ['managedFields', 'x'],
  ['managedFields', [{}]],
  ['selfLink', 5],
];

const created = (metadata: readonly Members[]): ReturnType<typeof post>[] =>
  metadata.map((members, index) => post(W, widget(`n${index}`, members)));

export const METADATA: readonly Scenario[] = [
  scenario('metadata: labels', ...created(LABELS.map((labels) => ({ labels })))),
  scenario(
    'metadata: annotations',
    ...created(ANNOTATIONS.map((annotations) => ({ annotations }))),
  ),
  scenario(
    'metadata: ownerReferences',
    ...created(OWNERS.map((ownerReferences) => ({ ownerReferences }))),
  ),
  scenario('metadata: finalizers', ...created(FINALIZERS.map((finalizers) => ({ finalizers })))),
  scenario(
    'metadata: wrong types',
    ...created(TYPES.map(([field, value]) => ({ [field]: value }))),
  ),
  scenario(
    'metadata: many faults at once',
    post(
      W,
      widget('UPPER', {
        labels: { 'a b': 'x y' },
        annotations: { 'a b': '' },
        finalizers: ['bad name!'],
        ownerReferences: [reference({ kind: '', name: '' })],
      }),
    ),
    post(W, widget('a')),
    put(
      `${W}/a`,
      widget('a', {
        labels: { 'a b': 'x y' },
        annotations: { 'a b': '' },
        finalizers: ['bad name!'],
        ownerReferences: [reference({ kind: '' })],
        deletionGracePeriodSeconds: 5,
      }),
    ),
    patch(`${W}/a`, MERGE_PATCH, { metadata: { ownerReferences: [reference({ uid: '' })] } }),
    get(`${W}/a`),
  ),
];
