/**
 * Subresources that are functions of the type's author: what they are given, and what becomes of
 * their results.
 *
 *  1. An answer is an object of the subresource's kind (apiVersion and kind are put in where they
 *     are missing), or a Status, whose code is that of the answer. Nothing is a Status of success.
 *  2. A connection is handed over after an answer 101. Its end, good or bad, is the function's.
 */

import { apiVersionOf } from '../../object/index.js';
import type { JsonValue, Subresource, UnknownObject } from '../../object/index.js';
import { decodeJson, encodeJson, isJsonObject, plainJson } from '../../object/lossless/index.js';
import type { JsonObject } from '../../object/lossless/index.js';
import type { Answer, ConnectSource, Duplex } from '../../request/index.js';
import { badRequest, jsonAnswer, successStatus } from '../../request/index.js';
import { callFunction, DefinitionFault, functionFailure } from '../definition/call.js';
import type {
  ConnectContext,
  Connection,
  SubresourceContext,
  SubresourceHandlers,
} from '../definition/index.js';
import { BODY_BYTES_MAX, readBody } from '../body/index.js';
import { parseWriteOptions } from '../options/index.js';
import { hookContext } from '../store/index.js';
import { TablePrinter } from '../table/index.js';
import { callerOf } from './caller.js';
import type { Context } from './context.js';
import { objectBytes } from './read.js';
import { checkRepresentation, documentAnswer, objectAnswer } from './represent.js';

type Handlers = SubresourceHandlers<UnknownObject>;

/** Prints what is no object of the type. */
const PRINTER = new TablePrinter([]);

/** Answers GET, POST or PUT. */
export async function callSubresource(
  context: Context,
  subresource: Subresource,
  handlers: Handlers,
): Promise<Answer> {
  const verb = context.info.verb as 'get' | 'create' | 'update';
  checkRepresentation(context, false);
  const given = subresourceContext(context, subresource, verb);
  const name = `subresources.${subresource.name}.${verb}`;
  const result = await callFunction(context.type, name, given, () => handlers[verb]?.(given));
  let object: JsonObject;
  try {
    object = resultObject(result);
  } catch (error) {
    throw functionFailure(context.type, name, given, error);
  }
  if (object['kind'] === 'Status') return statusResult(context, object);
  const { kind, groupVersion } = subresource;
  const group = groupVersion?.group ?? context.type.group;
  const version = groupVersion?.version ?? context.version.name;
  const whole = { kind, apiVersion: apiVersionOf(group, version), ...object };
  const printer = kind === context.type.kind ? context.printer : PRINTER;
  return objectAnswer({ ...context, printer }, verb === 'create' ? 201 : 200, encodeJson(whole));
}

/** Answers a request for another protocol with the connection. */
export async function connectSubresource(
  context: Context,
  subresource: Subresource,
  handlers: Handlers,
): Promise<Answer> {
  const { request, type } = context;
  const protocols = request
    .headers('upgrade')
    .flatMap((value) => value.split(','))
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '');
  // A HEAD has no connection to hand over.
  if (protocols.length === 0 || request.method === 'HEAD') {
    throw badRequest('Upgrade request required');
  }
  const name = `subresources.${subresource.name}.connect`;
  const given: ConnectContext<UnknownObject> = {
    ...subresourceContext(context, subresource, context.info.verb),
    protocols,
    headers: (header) => request.headers(header),
  };
  const connection = await callFunction(type, name, given, async () =>
    checkConnection(await handlers.connect?.(given), protocols),
  );
  return {
    status: 101,
    headers: [
      ['Connection', 'Upgrade'],
      ['Upgrade', connection.protocol],
      ...(connection.headers ?? []),
    ],
    source: connectSource(connection, (error) => functionFailure(type, name, given, error)),
  };
}

function subresourceContext(
  context: Context,
  subresource: Subresource,
  verb: string,
): SubresourceContext<UnknownObject> {
  const { info, request, version, store } = context;
  const { query, signal } = request;
  const dryRun = verb !== 'get' && !subresource.connects && isDryRun(context, verb);
  const caller = callerOf(context);
  const asked = { ...info, signal, caller, dryRun };
  return {
    ...hookContext(asked, version, verb),
    query,
    object: async () => asPlain(await objectBytes(context)),
    body: async <Body>() => readValue(context, subresource) as Promise<Body | undefined>,
    update: async (change) => {
      const { namespace, name } = info;
      const written = await store.update({
        namespace,
        name,
        version,
        subresource: subresource.name,
        dryRun,
        signal,
        caller,
        change: (current) => {
          const plain = plainJson(current);
          const value = plain.value as UnknownObject;
          const changed: unknown = change(value) ?? value;
          if (changed instanceof Promise) throw new DefinitionFault('update: change is async');
          return decodeJson(encodeJson(plain.restore(changed)));
        },
      });
      return asPlain(written.bytes);
    },
  };
}

function isDryRun({ request }: Context, verb: string): boolean {
  const kind = verb === 'create' ? 'CreateOptions' : 'UpdateOptions';
  return parseWriteOptions(request.query, kind).dryRun;
}

function asPlain(bytes: Uint8Array): UnknownObject {
  return plainJson(decodeJson(bytes)).value as UnknownObject;
}

async function readValue({ request }: Context, { kind }: Subresource): Promise<unknown> {
  const bytes = await request.body(BODY_BYTES_MAX);
  if (bytes.length === 0) return undefined;
  return plainJson((await readBody(request, { kind })).value).value;
}

function resultObject(result: unknown): JsonObject {
  if (result === undefined || result === null) return successStatus() as unknown as JsonObject;
  const object: JsonValue = decodeJson(encodeJson(result));
  if (isJsonObject(object)) return object;
  throw new DefinitionFault('the result is no object');
}

// As upstream: a Status without a code goes with the code of a success.
function statusResult(context: Context, status: JsonObject): Answer {
  const created = context.info.verb === 'create' ? 201 : 200;
  const { code } = status;
  const answered = typeof code === 'number' && code >= 200 && code < 600 ? code : created;
  const whole = { kind: 'Status', apiVersion: 'v1', metadata: {}, ...status, code: answered };
  return documentAnswer(context, jsonAnswer(answered, whole));
}

function checkConnection(
  connection: Connection | undefined,
  protocols: readonly string[],
): Connection {
  const { protocol, serve } = connection ?? ({} as Partial<Connection>);
  if (connection === undefined || typeof serve !== 'function') {
    throw new DefinitionFault('the result has no function serve');
  }
  if (typeof protocol !== 'string' || !protocols.includes(protocol)) {
    throw new DefinitionFault('the protocol is none that the client offers');
  }
  return connection;
}

function connectSource(connection: Connection, fail: (error: unknown) => unknown): ConnectSource {
  return {
    type: 'connect',
    connect: (duplex: Duplex) => {
      void (async () => {
        try {
          await connection.serve(duplex);
        } catch (error) {
          fail(error);
        } finally {
          duplex.end();
        }
      })();
    },
  };
}
