/**
 * The objects that trials are about: pods of equal size in several shapes, spread over namespaces.
 *
 * Rules:
 *  1. The bytes are canonical JSON and survive JSON.parse and JSON.stringify unchanged, so that
 *     contenders that keep bytes and contenders that keep objects can be compared byte for byte.
 *  2. Making one costs next to nothing (a copied template with digits written into it), so that a
 *     churn measures the store and not the generator.
 *  3. A pod depends on its index, version and revision alone.
 */

/** A pod's place and labels. */
export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
}

/** What is written into a template: the text to look for is as wide as what replaces it. */
const FIELDS = {
  name: '@@@@@@@',
  namespace: '~~',
  bucket: '%%',
  group: '`',
  node: '&&&',
  version: '$$$$$$$$',
  revision: '##########',
} as const;

type Field = keyof typeof FIELDS;

/** Pod n is in the namespace at place n modulo this. */
export const NAMESPACES = 64;
const SHAPES = 8;
const NODES = 1_000;

/**
 * Label `bucket` has so many values (each keeps 1 % of the pods), label `group` a tenth of them.
 */
export const BUCKETS = 100;
const GROUPS = 10;

/** Revisions have ten digits throughout, so that all pods stay equally long. */
export const FIRST_REVISION = 1_000_000_000;

/** Pods may be handed out so many at a time before the first one's memory is used again. */
const SCRATCH_BUFFERS = 64;

interface Template {
  readonly bytes: Uint8Array;
  /** Where each field's text begins. */
  readonly places: Readonly<Record<Field, readonly number[]>>;
}

export class PodSource {
  readonly #templates: readonly Template[];
  readonly #scratch: readonly Uint8Array[];
  #turn = 0;

  /** Pods of exactly that many bytes. */
  constructor(objectBytes: number) {
    this.#templates = Array.from({ length: SHAPES }, (_, shape) => template(shape, objectBytes));
    this.#scratch = Array.from({ length: SCRATCH_BUFFERS }, () => new Uint8Array(objectBytes));
  }

  /** The pod's JSON; its memory is used again for the 64th pod after it. */
  bytes(index: number, version: number, revision: number): Uint8Array {
    const target = this.#scratch[this.#turn++ % SCRATCH_BUFFERS] as Uint8Array;
    const { bytes, places } = this.#templates[index % SHAPES] as Template;
    target.set(bytes);
    const bucket = bucketOf(index);
    write(target, places.name, FIELDS.name.length, index);
    write(target, places.namespace, FIELDS.namespace.length, index % NAMESPACES);
    write(target, places.bucket, FIELDS.bucket.length, bucket);
    write(target, places.group, FIELDS.group.length, bucket % GROUPS);
    write(target, places.node, FIELDS.node.length, (index * 31) % NODES);
    write(target, places.version, FIELDS.version.length, version);
    write(target, places.revision, FIELDS.revision.length, revision);
    return target;
  }
}

export function podIdentity(index: number): PodIdentity {
  return {
    namespace: `team-${digits(index % NAMESPACES, FIELDS.namespace.length)}`,
    name: `web-${digits(index, FIELDS.name.length)}`,
  };
}

/** The value of the pod's label `bucket`, as a number. Every namespace has all of them. */
export function bucketOf(index: number): number {
  return (7 * (index % NAMESPACES) + Math.floor(index / NAMESPACES)) % BUCKETS;
}

/** Indexes of so many pods in the order of their keys. */
export function keyOrder(count: number): Uint32Array {
  const order = new Uint32Array(count);
  let at = 0;
  for (let namespace = 0; namespace < NAMESPACES; namespace++) {
    for (let index = namespace; index < count; index += NAMESPACES) order[at++] = index;
  }
  return order;
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

function write(target: Uint8Array, places: readonly number[], width: number, value: number): void {
  for (const place of places) {
    let rest = value;
    for (let at = place + width - 1; at >= place; at--) {
      target[at] = 0x30 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
  }
}

function template(shape: number, objectBytes: number): Template {
  let containers = 1;
  while (podText(shape, containers + 1, '').length <= objectBytes) containers++;
  const missing = objectBytes - podText(shape, containers, '').length;
  if (missing < 0) throw new RangeError(`a pod does not fit into ${objectBytes} bytes`);
  const text = podText(shape, containers, 'lorem ipsum dolor '.repeat(99).slice(0, missing));
  const places = Object.fromEntries(
    Object.entries(FIELDS).map(([field, mark]) => [field, indexesOf(text, mark)]),
  ) as Record<Field, readonly number[]>;
  return { bytes: Buffer.from(text), places };
}

function indexesOf(text: string, mark: string): readonly number[] {
  const places: number[] = [];
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + mark.length)) {
    places.push(at);
  }
  return places;
}

// Keys stand in canonical order; what is undefined is left out, which makes the shapes.
function podText(shape: number, containers: number, note: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      annotations: {
        'example.com/note': note,
        'example.com/version': FIELDS.version,
        ...(shape % 2 === 1 ? { 'example.com/zone': 'eu-central-1a' } : {}),
      },
      creationTimestamp: '2024-05-01T12:00:00Z',
      generation: 1,
      labels: {
        app: `shop-${shape}`,
        bucket: FIELDS.bucket,
        group: FIELDS.group,
        tier: 'web',
      },
      name: `web-${FIELDS.name}`,
      namespace: `team-${FIELDS.namespace}`,
      resourceVersion: FIELDS.revision,
      uid: `5d1c6c1e-0000-4000-8000-00000${FIELDS.name}`,
    },
    spec: {
      containers: Array.from({ length: containers }, (_, number) => container(shape, number)),
      nodeName: `node-${FIELDS.node}`,
      ...(shape % 4 === 2 ? { priority: 100 } : {}),
      restartPolicy: 'Always',
      ...(shape % 3 === 0 ? { terminationGracePeriodSeconds: 30 } : {}),
    },
    status: {
      conditions: ['Initialized', 'Ready'].map((type) => ({
        lastTransitionTime: '2024-05-01T12:00:03Z',
        status: 'True',
        type,
      })),
      phase: 'Running',
      podIP: '10.1.2.3',
      ...(shape === 7 ? { qosClass: 'Burstable' } : {}),
    },
  });
}

function container(shape: number, number: number): object {
  return {
    env: [
      { name: 'POD_NAME', value: `web-${FIELDS.name}` },
      { name: 'LOG_LEVEL', value: shape % 2 === 0 ? 'info' : 'debug' },
    ],
    image: `images.example.com/shop/web-${number}:1.${shape}.0`,
    imagePullPolicy: 'IfNotPresent',
    name: `web-${number}`,
    ports: [{ containerPort: 8080 + number, protocol: 'TCP' }],
    resources: { limits: { memory: '128Mi' }, requests: { cpu: '100m', memory: '64Mi' } },
  };
}
