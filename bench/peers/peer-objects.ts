/** The objects of rows against kube-apiserver: of one of its own types, and of a custom one. */

const NAMESPACES = 100;

/** A type with a text in its objects. */
export interface Kind {
  readonly base: string;
  readonly plural: string;
  /** An object that holds a text; with a `resourceVersion` it is to replace another one. */
  make(
    name: string,
    namespace: string,
    app: string,
    text: string,
    resourceVersion?: string,
  ): object;
  textOf(object: KubeObject): string;
}

export interface KubeObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Record<string, string>;
  };
  readonly data?: Record<string, string>;
  readonly spec?: { readonly text: string };
}

export const CONFIG_MAPS: Kind = {
  base: '/api/v1',
  plural: 'configmaps',
  make: (name, namespace, app, text, resourceVersion) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, labels: { app }, resourceVersion },
    data: { text },
  }),
  textOf: ({ data }) => data?.['text'] ?? '',
};

export const WIDGETS: Kind = {
  base: '/apis/example.com/v1',
  plural: 'widgets',
  make: (name, namespace, app, text, resourceVersion) => ({
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name, namespace, labels: { app }, resourceVersion },
    spec: { text },
  }),
  textOf: ({ spec }) => spec?.text ?? '',
};

/** Where the objects are that are read. */
export const namespaces: readonly string[] = Array.from(
  { length: NAMESPACES },
  (_, index) => `team-${index}`,
);
/** Where those are that are written. */
export const WRITTEN = 'written';

export function nameOf(index: number): string {
  return `web-${String(index).padStart(6, '0')}`;
}

export function namespaceOf(index: number): string {
  return namespaces[index % NAMESPACES] ?? '';
}
