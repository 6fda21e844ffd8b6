/**
 * How resource types, versions and API versions are named, with and without a group (the core group
 * has none).
 */

import test from 'ava';

import type { ResourceType, ResourceVersion } from '../../lib/object/index.js';
import { apiVersionOf, qualifiedResource, storageVersion } from '../../lib/object/index.js';

function version(name: string, storage: boolean): ResourceVersion {
  return {
    name,
    storage,
    served: true,
    deprecated: false,
    statusSubresource: false,
    printerColumns: [],
    selectableFields: [],
  };
}

function widgets(...versions: readonly ResourceVersion[]): ResourceType {
  return {
    group: 'example.com',
    resource: 'widgets',
    singular: 'widget',
    kind: 'Widget',
    listKind: 'WidgetList',
    namespaced: true,
    shortNames: [],
    categories: [],
    versions,
  };
}

test('a type is named by resource and group, in the core group by its resource', (t) => {
  t.is(qualifiedResource({ group: 'example.com', resource: 'widgets' }), 'widgets.example.com');
  t.is(qualifiedResource({ group: '', resource: 'pods' }), 'pods');
});

test('an API version has the group before it, in the core group nothing', (t) => {
  t.is(apiVersionOf('example.com', 'v1'), 'example.com/v1');
  t.is(apiVersionOf('', 'v1'), 'v1');
});

test('the stored version is the one marked so', (t) => {
  const stored = version('v1', true);
  t.is(storageVersion(widgets(version('v1beta1', false), stored)), stored);
});

test('a type that stores no version is refused', (t) => {
  const error = t.throws(() => storageVersion(widgets(version('v1', false))), {
    instanceOf: RangeError,
  });
  t.is(error.message, 'widgets.example.com stores no version');
});
