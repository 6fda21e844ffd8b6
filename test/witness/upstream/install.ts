/** Brings the world of the comparison into a real API server, and takes it out again. */

import type { World } from './world.js';
import type { Reply, Target } from './target.js';

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const JSON_TYPE = { 'Content-Type': 'application/json' };

/** How long a server may take to serve a new type everywhere. */
const SERVED_TIMEOUT_MS = 120_000;
const POLL_MS = 250;

/** Resolves when every type is served, watched and described. */
export async function install(world: World, target: Target): Promise<void> {
  for (const definition of world.definitions) {
    const reply = await target.send('POST', DEFINITIONS, JSON_TYPE, JSON.stringify(definition));
    if (reply.status !== 201) throw unexpected(definition.metadata.name, reply);
  }
  await served(world, target);
}

/** Resolves when every type is served, which may be at once. */
export async function served(world: World, target: Target): Promise<void> {
  for (const { metadata, spec } of world.definitions) {
    const [resource = ''] = metadata.name.split('.');
    for (const { name } of spec.versions.filter(({ served }) => served)) {
      await until200(target, `/apis/${spec.group}/${name}/${resource}`);
      await until200(target, `/apis/${spec.group}/${name}`, (text) => text.includes(resource));
      await until200(target, `/openapi/v3/apis/${spec.group}/${name}`, (text) =>
        text.includes(`/${resource}`),
      );
    }
  }
}

/** Namespaces are objects of a real server, and none of ours. */
export async function createNamespace(name: string, target: Target): Promise<void> {
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  const reply = await target.send('POST', '/api/v1/namespaces', JSON_TYPE, body);
  if (reply.status !== 201 && reply.status !== 409) throw unexpected(name, reply);
}

export async function uninstall(world: World, target: Target): Promise<void> {
  for (const { metadata } of world.definitions) {
    await target.send('DELETE', `${DEFINITIONS}/${metadata.name}`);
  }
}

async function until200(
  target: Target,
  path: string,
  holds: (text: string) => boolean = () => true,
): Promise<void> {
  const end = Date.now() + SERVED_TIMEOUT_MS;
  for (;;) {
    const reply = await target.send('GET', path);
    if (reply.status === 200 && holds(reply.body.toString())) return;
    if (Date.now() > end) throw unexpected(path, reply);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function unexpected(subject: string, { status, body }: Reply): Error {
  return new Error(`${subject}: ${status} ${body.toString().slice(0, 500)}`);
}
