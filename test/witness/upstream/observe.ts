/** Runs a scenario's steps against one server and keeps what it answered. */

import { decodeJson } from '../../../lib/object/lossless/index.js';
import { parseAllDocuments } from 'yaml';
import type { Json, Scenario, Step } from './scenario.js';
import type { Reply, Target } from './target.js';
import { fill, type Values } from './template.js';

export interface Observation {
  readonly status: number;
  readonly headers: Reply['headers'];
  /** Decoded as its media type says; a stream is the array of its documents. */
  readonly body: unknown;
}

/** The observations of a scenario's steps; a step that could not be made ends it with its failure. */
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
  const reply = await target.send(
    step.method,
    fill(step.path, values),
    headers,
    step.body === undefined ? undefined : fill(bodyText(step.body), values),
  );
  return { status: reply.status, headers: reply.headers, body: decode(step, reply) };
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
