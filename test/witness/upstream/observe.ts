/** Runs a scenario's steps against one server and keeps what it answered. */

import { decodeJson } from '../../../lib/object/lossless/index.js';
import { parseAllDocuments } from 'yaml';
import { FUTURE_REVISION } from './scenario.js';
import type { Json, Scenario, Step } from './scenario.js';
import type { Reply, Target } from './target.js';
import { fill, type Values } from './template.js';

const ATTEMPTS = 10;
const RETRY_MS = 500;

export interface Observation {
  readonly status: number;
  readonly headers: Reply['headers'];
  /** Decoded as its media type says; a stream is the array of its documents. */
  readonly body: unknown;
}

/** The observations of a scenario's steps; of a step that could not be made, its failure. */
export async function observe(
  scenario: Scenario,
  target: Target,
  given: ReadonlyMap<string, string>,
): Promise<Observation[]> {
  const values = new Map<string, unknown>(given);
  const observations: Observation[] = [];
  for (const step of scenario.steps) {
    try {
      const observation = await make(step, target, values);
      observations.push(observation);
      if (step.save !== undefined) values.set(step.save, observation.body);
    } catch (error) {
      observations.push({ status: 0, headers: {}, body: `failed: ${(error as Error).message}` });
    }
  }
  return observations;
}

async function make(step: Step, target: Target, values: Values): Promise<Observation> {
  const headers = Object.fromEntries(
    Object.entries(step.headers ?? {}).map(([name, value]) => [name, fill(value, values)]),
  );
  const path = fill(step.path, values);
  const body = step.body === undefined ? undefined : fill(bodyText(step.body), values);
  let reply = await target.send(step.method, path, headers, body);
  for (let attempt = 1; isPassing(reply, path) && attempt < ATTEMPTS; attempt++) {
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    reply = await target.send(step.method, path, headers, body);
  }
  return { status: reply.status, headers: reply.headers, body: decode(step, reply) };
}

// A new type's cache is filled anew whenever its definition's status changes: that tells nothing.
function isPassing({ status, body }: Reply, path: string): boolean {
  const text = status === 429 || status === 504 ? body.toString() : '';
  if (text.includes('storage is (re)initializing')) return true;
  return text.includes('Too large resource version') && !path.includes(FUTURE_REVISION);
}

const bodyText = (body: Json): string => (typeof body === 'string' ? body : JSON.stringify(body));

function decode(step: Step, { headers, body }: Reply): unknown {
  const [type = ''] = (headers['content-type'] ?? '').split(';');
  const text = body.toString('utf8');
  if (step.raw === true) return text;
  try {
    if (step.stream === true && type === 'application/json') {
      const lines = text.split('\n').filter((line) => line !== '');
      return lines.map((line) => decodeJson(Buffer.from(line)));
    }
    if (type === 'application/json' && body.length > 0) return decodeJson(body);
    if (type === 'application/yaml') {
      return parseAllDocuments(text).map((document) => document.toJS() as unknown);
    }
  } catch (error) {
    return { undecodable: text, because: (error as Error).message };
  }
  return text;
}
