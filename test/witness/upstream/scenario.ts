/**
 * What a scenario of the comparison is: requests that follow each other, as data. Both servers get
 * the same ones, each scenario in a namespace of its own.
 *
 * In paths, headers and bodies `{{group}}` and `{{namespace}}` stand for what they say,
 * `{{widgets}}` and `{{gadgets}}` for the paths of the two types made for this (world.ts),
 * `{{name.path.to.it}}` for a value of the answer that an earlier step saved under that name, and
 * `base64(…)` for the text in it, encoded for URLs: continue tokens are made so.
 */

/** JSON as literals write it; what doubles can't hold is sent as text. */
export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface Step {
  readonly method: string;
  readonly path: string;
  readonly headers?: { readonly [name: string]: string };
  /** Text is sent as it is, anything else as JSON. */
  readonly body?: Json;
  /** Keeps the answer under this name for the steps that follow. */
  readonly save?: string;
  /** The answer is a stream of JSON documents, one a line. */
  readonly stream?: boolean;
  /** The answer is kept as text, whatever its type. */
  readonly raw?: boolean;
  /** Members of answers that are not compared, by name, at any depth. */
  readonly ignore?: readonly string[];
  /** What of the answer counts, by a function over the decoded body. */
  readonly view?: (body: unknown, group: string) => unknown;
}

export interface Scenario {
  readonly name: string;
  readonly steps: readonly Step[];
}

const JSON_TYPE = { 'Content-Type': 'application/json' };

/** A revision that no server reaches. */
export const FUTURE_REVISION = '999999999999';

export const MERGE_PATCH = 'application/merge-patch+json';
export const JSON_PATCH = 'application/json-patch+json';

type Extra = Omit<Step, 'method' | 'path' | 'body'>;

export const scenario = (name: string, ...steps: readonly Step[]): Scenario => ({ name, steps });

export const get = (path: string, extra: Extra = {}): Step => ({ method: 'GET', path, ...extra });

export const watch = (path: string, extra: Extra = {}): Step => ({
  method: 'GET',
  path,
  stream: true,
  ...extra,
});

export const post = (path: string, body: Json, extra: Extra = {}): Step => ({
  method: 'POST',
  path,
  body,
  headers: JSON_TYPE,
  ...extra,
});

export const put = (path: string, body: Json, extra: Extra = {}): Step => ({
  method: 'PUT',
  path,
  body,
  headers: JSON_TYPE,
  ...extra,
});

export const patch = (path: string, type: string, body: Json, extra: Extra = {}): Step => ({
  method: 'PATCH',
  path,
  body,
  ...extra,
  headers: { 'Content-Type': type, ...extra.headers },
});

export const remove = (path: string, body?: Json, extra: Extra = {}): Step => ({
  method: 'DELETE',
  path,
  ...(body === undefined ? {} : { body, headers: JSON_TYPE }),
  ...extra,
});

export const accept = (type: string): { readonly headers: { readonly Accept: string } } => ({
  headers: { Accept: type },
});

export interface Members {
  readonly [key: string]: Json;
}

/** A widget; `metadata` is added to its name. */
export const widget = (name: string, metadata: Members = {}, members: Members = {}): Members => ({
  apiVersion: '{{group}}/v1',
  kind: 'Widget',
  metadata: { name, ...metadata },
  ...members,
});

export const gadget = (name: string, metadata: Members = {}, members: Members = {}): Members => ({
  apiVersion: '{{group}}/v1',
  kind: 'Gadget',
  metadata: { name, ...metadata },
  ...members,
});
