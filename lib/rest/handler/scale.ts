/**
 * `/scale`: the counts of an object as a Scale (`autoscaling/v1`), read and written (apiextensions,
 * `ScaleREST`).
 *
 *  1. A write is an update of the object itself, by its strategy, and answered with the Scale that
 *     it has then.
 *  2. As upstream's clients leave a count of 0 out, an absent one is 0, both ways. Only a patch of
 *     an object without a count must name one.
 *  3. resourceVersion and uid of a Scale are preconditions; that of an update may be left out.
 */

import type { JsonValue, ResourceType, ScaleSubresource } from '../../object/index.js';
import { decodeJson, isNumber, numberLexeme, setMember } from '../../object/lossless/index.js';
import type { Answer } from '../../request/index.js';
import { badRequest, internalError, warningHeaders } from '../../request/index.js';
import { readBody } from '../body/index.js';
import { parseWriteOptions } from '../options/index.js';
import type { FieldValidation, JsonObject, UpdateRequest } from '../store/index.js';
import {
  cannotBeHandled,
  checkAddress,
  isJsonObject,
  pathNames,
  readCount,
  readIncoming,
  readText,
  unknownFieldTexts,
} from '../store/index.js';
import { TablePrinter } from '../table/index.js';
import type { Context } from './context.js';
import { readPatchRequest } from './patching.js';
import { objectBytes } from './read.js';
import { checkRepresentation, objectAnswer } from './represent.js';
import { checkDuplicates, target } from './write.js';

const API_VERSION = 'autoscaling/v1';
const KIND = 'Scale';

/** A Scale is read as an object of this type. */
const SCALES: ResourceType = {
  group: 'autoscaling',
  resource: 'scales',
  singular: 'scale',
  kind: KIND,
  listKind: 'ScaleList',
  namespaced: true,
  shortNames: [],
  categories: [],
  versions: [
    {
      name: 'v1',
      served: true,
      storage: true,
      deprecated: false,
      statusSubresource: false,
      printerColumns: [],
      selectableFields: [],
    },
  ],
};
const [SCALES_V1] = SCALES.versions as [ResourceType['versions'][number]];

const PRINTER = new TablePrinter([
  {
    name: 'Desired',
    type: 'integer',
    description: 'How many are wanted.',
    priority: 0,
    jsonPath: '.spec.replicas',
  },
  {
    name: 'Available',
    type: 'integer',
    description: 'How many there are.',
    priority: 0,
    jsonPath: '.status.replicas',
  },
  {
    name: 'Age',
    type: 'date',
    description: 'How long ago the object was created.',
    priority: 0,
    jsonPath: '.metadata.creationTimestamp',
  },
]);

/** What a patch sees where the object has no count, and must not leave so. Upstream's. */
const NO_REPLICAS = -(2 ** 31);
const REPLICAS_MAX = 2 ** 31 - 1;

/** 500 where the object has no count: nothing says what it is scaled to. */
export async function getScale(context: Context): Promise<Answer> {
  checkRepresentation(context, false);
  const scale = scaleOf(context);
  const object = decodeJson(await objectBytes(context)) as JsonObject;
  const { replicas } = readScale(object, scale);
  if (replicas === undefined) {
    throw internalError(
      `the spec replicas field ${JSON.stringify(scale.specReplicasPath)} does not exist`,
    );
  }
  return scaleAnswer(context, object);
}

export async function updateScale(context: Context): Promise<Answer> {
  const { request, info } = context;
  checkRepresentation(context, false);
  const options = parseWriteOptions(request.query, 'UpdateOptions');
  const { value, duplicates } = await readBody(request, SCALES);
  const warnings = [
    ...checkDuplicates({ version: SCALES_V1 }, value, duplicates, options.fieldValidation),
    ...checkUnknown(value, options.fieldValidation),
  ];
  const wanted = readWanted(value);
  checkAddress(wanted.metadata, info.name, info.namespace);
  return write(context, warnings, {
    ...target(context, options),
    change: (current) => scaled(context, current, wanted),
  });
}

export async function patchScale(context: Context): Promise<Answer> {
  const { info } = context;
  checkRepresentation(context, false);
  const patch = await readPatchRequest(context);
  return write(context, patch.warnings, {
    ...target(context, patch.options),
    isPatch: true,
    change: (current) => {
      const wanted = readWanted(patch.apply(toScale(current, scaleOf(context), NO_REPLICAS)));
      checkAddress(wanted.metadata, info.name, info.namespace);
      const { uid, ...metadata } = wanted.metadata;
      void uid;
      return scaled(context, current, { ...wanted, metadata });
    },
  });
}

async function write(
  context: Context,
  warnings: readonly string[] | (() => readonly string[]),
  request: UpdateRequest,
): Promise<Answer> {
  const written = await context.store.update(request);
  const told = typeof warnings === 'function' ? warnings() : warnings;
  const headers = warningHeaders([...told, ...written.warnings]);
  return scaleAnswer(context, decodeJson(written.bytes) as JsonObject, headers);
}

function scaleAnswer(
  context: Context,
  object: JsonObject,
  headers: Answer['headers'] = [],
): Answer {
  const shown = toScale(object, scaleOf(context), 0);
  // A cell of a table is not left out.
  const isTable = context.representation.transformation === 'Table';
  const printed = isTable
    ? { ...shown, spec: { replicas: 0, ...(shown['spec'] as object) } }
    : shown;
  const bytes = Buffer.from(JSON.stringify(printed));
  return objectAnswer({ ...context, printer: PRINTER }, 200, bytes, headers);
}

// The route leads here only where there is one.
function scaleOf({ version }: Pick<Context, 'version'>): ScaleSubresource {
  return version.scale as ScaleSubresource;
}

interface Counts {
  readonly replicas: number | undefined;
  readonly statusReplicas: number;
  readonly selector: string;
}

function readScale(object: JsonObject, scale: ScaleSubresource): Counts {
  const replicas = readCount(object, scale.specReplicasPath);
  const statusReplicas = readCount(object, scale.statusReplicasPath);
  const { labelSelectorPath } = scale;
  const selector =
    labelSelectorPath === undefined ? { value: '' } : readText(object, labelSelectorPath);
  for (const { fault } of [replicas, statusReplicas, selector as { fault?: string }]) {
    if (fault !== undefined) throw internalError(fault);
  }
  return {
    replicas: replicas.value,
    statusReplicas: statusReplicas.value ?? 0,
    selector: selector.value ?? '',
  };
}

// Fields in upstream's order, and without those that are empty.
function toScale(object: JsonObject, scale: ScaleSubresource, otherwise: number): JsonObject {
  const { replicas = otherwise, statusReplicas, selector } = readScale(object, scale);
  const metadata = object['metadata'] as JsonObject;
  const shown = ['name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp'];
  return {
    kind: KIND,
    apiVersion: API_VERSION,
    metadata: Object.fromEntries(
      shown.flatMap((field) => {
        const value = metadata[field];
        return value === undefined ? [] : [[field, value]];
      }),
    ),
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: statusReplicas, ...(selector === '' ? {} : { selector }) },
  };
}

interface WantedScale {
  readonly metadata: {
    readonly name?: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
  };
  readonly replicas: number;
}

function readWanted(value: JsonValue): WantedScale {
  const { metadata, content } = readIncoming(SCALES, SCALES_V1, value, false);
  const { kind } = content;
  if (kind !== KIND) throw badRequest(`the object provided is a ${String(kind)}, not a ${KIND}`);
  const spec = content['spec'] ?? {};
  if (!isJsonObject(spec)) throw cannotBeHandled(KIND, SCALES_V1, 'spec must be an object');
  const replicas = spec['replicas'] ?? 0;
  const lexeme = isNumber(replicas) ? numberLexeme(replicas) : '';
  const count = Number(lexeme);
  if (!/^-?[0-9]+$/.test(lexeme) || count < NO_REPLICAS || count > REPLICAS_MAX) {
    throw cannotBeHandled(KIND, SCALES_V1, 'spec.replicas must be an integer of 32 bits');
  }
  return { metadata, replicas: count };
}

const KNOWN_FIELDS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['', new Set(['apiVersion', 'kind', 'metadata', 'spec', 'status'])],
  ['spec', new Set(['replicas'])],
  ['status', new Set(['replicas', 'selector'])],
]);

function checkUnknown(value: JsonValue, fieldValidation: FieldValidation): readonly string[] {
  if (fieldValidation === 'Ignore' || !isJsonObject(value)) return [];
  const unknown = [...KNOWN_FIELDS].flatMap(([part, known]) => {
    const holder = part === '' ? value : value[part];
    if (!isJsonObject(holder)) return [];
    const names = Object.keys(holder).filter((name) => !known.has(name));
    return names.map((name) => (part === '' ? name : `${part}.${name}`));
  });
  const texts = unknownFieldTexts(unknown);
  if (texts.length === 0 || fieldValidation === 'Warn') return texts;
  throw cannotBeHandled(KIND, SCALES_V1, `strict decoding error: ${texts.join(', ')}`);
}

/** The object with the count that is wanted. */
function scaled(context: Context, current: JsonObject, wanted: WantedScale): JsonObject {
  const { specReplicasPath } = scaleOf(context);
  const { metadata, replicas } = wanted;
  if (replicas === NO_REPLICAS) {
    throw badRequest(`the spec replicas field ${JSON.stringify(specReplicasPath)} cannot be empty`);
  }
  const { uid, resourceVersion } = metadata;
  return {
    ...withValue(current, pathNames(specReplicasPath), replicas),
    metadata: {
      ...(current['metadata'] as JsonObject),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
  };
}

function withValue(
  object: JsonObject,
  [name = '', ...deeper]: readonly string[],
  value: JsonValue,
): JsonObject {
  const changed = { ...object };
  const member = Object.hasOwn(object, name) ? object[name] : undefined;
  const holder = isJsonObject(member) ? member : {};
  setMember(changed, name, deeper.length === 0 ? value : withValue(holder, deeper, value));
  return changed;
}
