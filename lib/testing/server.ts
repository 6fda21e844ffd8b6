/**
 * A whole API server for one test: real HTTP and TLS on a free port of this machine, objects in
 * memory, and what a test needs to look into it and to disturb it.
 *
 *     client ── socket ── requests ── faults, watches ── the server as users run it ── memory
 *                                                          │                             │
 *                                                     create, get, …     record, waitFor, snapshot
 *
 * Nothing is common to two servers but the certificates of the process.
 */

import type { KubeconfigDocument } from '../auth/index.js';
import type { EngineKind } from '../engine/index.js';
import type { KubernetesObject, UnknownObject } from '../object/index.js';
import type { ApiServer } from '../server/index.js';
import type { Clock, Storage } from '../storage/index.js';
import type { Listener } from '../transport/index.js';
import type { KubeconfigClientOptions, UserAccess } from './access.js';
import { ADMINISTRATOR } from './certificates.js';
import { describeObjects } from './describe.js';
import { TestingError } from './error.js';
import type { Faults, OpenWatches } from './faults/index.js';
import type { Front } from './front.js';
import type { ObjectState } from './object-state.js';
import type {
  ChangeOptions,
  DeleteOptions,
  ListSelection,
  ObjectAccess,
  PatchOptions,
} from './objects.js';
import { checkRecordOptions, EventRecorder, type RecordOptions } from './recorder.js';
import type { RequestLog } from './request-log.js';
import type { ObjectReference, ResourceReference, ServedTypes } from './served-types.js';
import { takeSnapshot, type ObjectSnapshot, type SnapshotOptions } from './snapshot.js';
import { waitUntil, type Truthy, type WaitBounds, type WaitOptions } from './wait.js';

/** What a test server is made of. */
export interface TestServerParts {
  readonly api: ApiServer;
  readonly storage: Storage;
  readonly types: ServedTypes;
  readonly state: ObjectState;
  readonly objects: ObjectAccess;
  readonly front: Front;
  readonly listener: Listener;
  readonly clock: Clock;
  /** By name, the administrator among them. */
  readonly users: ReadonlyMap<string, UserAccess>;
  readonly url: string;
  readonly closed: AbortController;
  readonly bounds: WaitBounds;
}

/** Options of a wait for objects. */
export interface WaitForObjectsOptions extends WaitOptions {
  /** Only objects of this namespace. Default: all. */
  readonly namespace?: string;
}

/**
 * A running test server, as `startTestServer` makes it.
 *
 * What the API refuses is thrown as a StatusError (409 for a conflict, 422 for an invalid object);
 * what makes no sense, or is waited for in vain, as a TestingError.
 */
export class TestServer {
  /** `https://127.0.0.1:41234`. */
  readonly url: string;
  /** Requests that came over sockets. */
  readonly requests: RequestLog;
  /** What is to go wrong. */
  readonly faults: Faults;
  /** Watches that clients have open. */
  readonly watches: OpenWatches;
  /** The clock of the server: the one that was given, or the system's. */
  readonly clock: Clock;
  readonly #parts: TestServerParts;
  #closing: Promise<void> | undefined;

  /** @internal Made by `startTestServer`. */
  constructor(parts: TestServerParts) {
    this.#parts = parts;
    this.url = parts.url;
    this.clock = parts.clock;
    this.requests = parts.front.requests;
    this.faults = parts.front.faults;
    this.watches = parts.front.watches;
  }

  /** Which engine serves. */
  get engine(): EngineKind {
    return this.#parts.api.engine;
  }

  /** The administrator's kubeconfig; its forms are those of `user`. */
  get kubeconfig(): KubeconfigDocument {
    return this.user().kubeconfig;
  }

  /** The administrator's kubeconfig as YAML. */
  get kubeconfigText(): string {
    return this.user().kubeconfigText;
  }

  /** The administrator's kubeconfig for `loadFromOptions` of @kubernetes/client-node. */
  get clientOptions(): KubeconfigClientOptions {
    return this.user().clientOptions;
  }

  /** Writes the administrator's kubeconfig to a file. Throws an AuthError `bad-folder`. */
  writeKubeconfig(file: string): void {
    this.user().writeKubeconfig(file);
  }

  /**
   * How a user of the options reaches the server. Default: the administrator, who may do
   * everything. Throws a TestingError `invalid-options` for somebody else.
   */
  user(name: string = ADMINISTRATOR.name): UserAccess {
    const user = this.#parts.users.get(name);
    if (user !== undefined) return user;
    const known = [...this.#parts.users.keys()].join(', ');
    throw new TestingError('invalid-options', `there is no user "${name}" (${known})`);
  }

  /** Creates an object, in `default` where it names no namespace, and resolves to it as it is. */
  create<T extends KubernetesObject>(object: T): Promise<T> {
    return this.#open().objects.create(object);
  }

  /** One object; undefined where there is none. */
  get<T = UnknownObject>(
    resource: ResourceReference<T>,
    reference: ObjectReference,
  ): Promise<T | undefined> {
    return this.#open().objects.get(resource, reference);
  }

  /** The objects of a resource, by default of all namespaces, sorted by namespace and name. */
  list<T = UnknownObject>(
    resource: ResourceReference<T>,
    selection: ListSelection = {},
  ): Promise<readonly T[]> {
    return this.#open().objects.list(resource, selection);
  }

  /** Replaces an object. One that carries a resourceVersion conflicts with a newer one. */
  update<T extends KubernetesObject>(object: T, options: ChangeOptions = {}): Promise<T> {
    return this.#open().objects.update(object, options);
  }

  /** Changes an object by a patch: `{ spec: { color: 'red' } }`. */
  patch<T = UnknownObject>(
    resource: ResourceReference<T>,
    reference: ObjectReference,
    patch: unknown,
    options: PatchOptions = {},
  ): Promise<T> {
    return this.#open().objects.patch(resource, reference, patch, options);
  }

  /** Deletes an object. Resolves to what is left of it while finalizers hold it. */
  delete<T = UnknownObject>(
    resource: ResourceReference<T>,
    reference: ObjectReference,
    options: DeleteOptions = {},
  ): Promise<T | undefined> {
    return this.#open().objects.delete(resource, reference, options);
  }

  /**
   * Waits until a condition gives something that is true, and resolves to that. It is looked at now
   * and after every change of an object, every request and answer, and every watch that opens or
   * ends; what it throws means "not yet".
   *
   * The first form is given the resource's stored objects. A state that lasts for less than a turn
   * of the event loop may be passed over: `record` has every one.
   *
   * Rejects with a TestingError: `timeout` (after 4 s, unless told) with the last state in its
   * message, `aborted`, `closed`, `unknown-type`, `invalid-options`.
   *
   * @example
   * const lit = await server.waitFor(lamps, (all) => all.find((lamp) => lamp.status?.lit));
   * await server.waitFor(() => operator.isSynced);
   */
  waitFor<T = UnknownObject, R = unknown>(
    resource: ResourceReference<T>,
    condition: (objects: readonly T[]) => R | Promise<R>,
    options?: WaitForObjectsOptions,
  ): Promise<Truthy<R>>;
  waitFor<R>(condition: () => R | Promise<R>, options?: WaitOptions): Promise<Truthy<R>>;
  async waitFor(
    subject: ResourceReference | (() => unknown),
    second: WaitOptions | ((objects: readonly UnknownObject[]) => unknown) = {},
    third: WaitForObjectsOptions = {},
  ): Promise<unknown> {
    if (typeof subject === 'function') return this.#wait(subject, second as WaitOptions);
    if (typeof second !== 'function') {
      throw new TestingError('invalid-options', 'waitFor needs a function as its condition');
    }
    const resource = this.#parts.types.nameOfStored(subject);
    const { namespace, ...options } = third;
    const { state } = this.#open();
    const condition = (): unknown =>
      second(state.list(resource, namespace) as readonly UnknownObject[]);
    return this.#wait(condition, options, resource, namespace);
  }

  /**
   * Records what happens to a resource's stored objects from now on. Throws a TestingError
   * `unknown-type`, `invalid-options` or `closed`.
   */
  record<T = UnknownObject>(
    resource: ResourceReference<T>,
    options: RecordOptions = {},
  ): EventRecorder<T> {
    checkRecordOptions(options);
    const { state, types, bounds } = this.#open();
    return new EventRecorder<T>(state, types.nameOfStored(resource), options, bounds);
  }

  /**
   * All stored objects, for an assertion. Throws a TestingError `unknown-type`, `invalid-options`
   * or `closed`.
   *
   * @example
   * t.snapshot(server.snapshot({ without: ['uid', 'resourceVersion', 'timestamps'] }));
   */
  snapshot(options: SnapshotOptions = {}): ObjectSnapshot {
    const { state, types } = this.#open();
    const asked = options.resources?.map((resource) => types.nameOfStored(resource)).sort();
    return takeSnapshot(state, asked ?? types.stored, options);
  }

  /**
   * Cuts all connections, and lets go of everything. What waits rejects with `closed`. Calling it
   * again does nothing.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { closed, listener, api, state, storage } = this.#parts;
    closed.abort();
    await listener.close({ graceMs: 0 });
    await api.close({ graceMs: 0 });
    state.close();
    await storage.close();
  }

  #open(): TestServerParts {
    if (this.#closing === undefined) return this.#parts;
    throw new TestingError('closed', 'the test server is closed');
  }

  #wait(
    condition: () => unknown,
    options: WaitOptions,
    resource?: string,
    namespace?: string,
  ): Promise<unknown> {
    const { state, types, bounds } = this.#open();
    const resources = resource === undefined ? types.stored : [resource];
    const subject = {
      subscribe: (listener: () => void) => this.#subscribe(listener),
      bounds,
      what: resource === undefined ? 'a condition' : `a condition on ${resource}`,
      describe: () => describeObjects(state, resources, namespace),
    };
    return waitUntil(condition, subject, options);
  }

  #subscribe(listener: () => void): () => void {
    const { state } = this.#parts;
    const unsubscribes = [state, this.requests, this.watches].map((each) =>
      each.subscribe(listener),
    );
    return () => {
      for (const unsubscribe of unsubscribes) unsubscribe();
    };
  }
}
