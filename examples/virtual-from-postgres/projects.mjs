/**
 * The type: how a row of the table `projects` is an object, and what a write means to the table.
 * Nothing in here knows which database it is.
 *
 * A row: { namespace, name, owner, budget, labels, version, created }. Its `version` is drawn from
 * one counter by a trigger, at every change by whomever: the object's `metadata.generation`.
 */

import { defineResource, readThrough } from 'shardwatch/rest';
import { alreadyExists, conflict } from 'shardwatch/request';

const TYPE = { group: 'example.com', resource: 'projects' };

/** The resource type over an open database. */
export function projects(database) {
  return defineResource({
    group: TYPE.group,
    version: 'v1',
    kind: 'Project',
    shortNames: ['pj'],
    selectableFields: ['spec.owner'],
    printerColumns: [
      { name: 'Owner', type: 'string', jsonPath: '.spec.owner' },
      { name: 'Budget', type: 'integer', jsonPath: '.spec.budget' },
      { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    ],
    schema: {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          properties: { owner: { type: 'string' }, budget: { type: 'integer' } },
        },
      },
    },
    readThrough: readThrough({
      ...database.source,
      key: ({ namespace, name }) => ({ namespace, name }),
      version: (row) => row.version,
      object: toObject,
    }),
    handlers: {
      async create({ object, name }) {
        const row = await database.insert(toRow(object));
        if (row === undefined) throw alreadyExists(TYPE, name);
        return toObject(row);
      },
      // The version that the client has seen must be the row's still: the table decides.
      async update({ object, old, name }) {
        const row = await database.update(toRow(object), old.metadata.generation);
        if (row === undefined) throw conflict(TYPE, name);
        return toObject(row);
      },
      delete: ({ namespace, name }) => database.remove(namespace, name),
    },
  });
}

function toObject({ namespace, name, owner, budget, labels, version, created }) {
  return {
    metadata: {
      namespace,
      name,
      labels,
      generation: Number(version),
      creationTimestamp: new Date(created).toISOString().replace(/\.\d+Z$/, 'Z'),
    },
    spec: { owner, budget },
  };
}

function toRow({ metadata, spec }) {
  const { namespace, name, labels = {} } = metadata;
  return { namespace, name, labels, owner: spec?.owner ?? '', budget: spec?.budget ?? 0 };
}
