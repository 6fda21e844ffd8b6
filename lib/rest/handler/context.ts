/**
 * What a verb's handler knows: the request, what it is about, and how it wants to be answered.
 * Immutable; made once for each request, out of tables that are made once for each handler.
 */

import type { ResourceType, ResourceVersion } from '../../object/index.js';
import type {
  Answer,
  Awaitable,
  Logger,
  RequestInfo,
  RequestRecord,
  UserInfo,
} from '../../request/index.js';
import type { Representation } from '../negotiation/index.js';
import type { ResourceStore } from '../store/index.js';
import type { TablePrinter } from '../table/index.js';

/** Rejects with a StatusError where the user may not do what the request info says. */
export type Authorize = (
  user: UserInfo,
  request: RequestRecord,
  info: RequestInfo,
) => Promise<void>;

/** Settings of a REST handler, defaults applied. */
export interface HandlerSettings {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly watchTimeoutSecondsMin: number;
  readonly watchLossErrors: boolean;
  readonly deleteCollectionWorkers: number;
  readonly authorize: Authorize;
  /** What functions of definitions tell, and what is told about them. */
  readonly logger: Logger;
}

/** A resource in one of its served versions. */
export interface ServedResource {
  readonly type: ResourceType;
  readonly version: ResourceVersion;
  /** `example.com/v1`. */
  readonly apiVersion: string;
  readonly printer: TablePrinter;
}

export interface RequestContext extends ServedResource {
  readonly request: RequestRecord;
  readonly info: RequestInfo;
  readonly user: UserInfo;
  readonly settings: HandlerSettings;
  readonly representation: Representation;
}

/** The same for a resource whose objects are in a cache, wherever they come from. */
export interface ReadContext extends RequestContext {
  readonly store: Pick<ResourceStore, 'cache'>;
}

/** The same for a resource whose objects are stored. */
export interface Context extends RequestContext {
  readonly store: ResourceStore;
}

/** Answers one verb of one resource. What it throws is answered as a Status. */
export type VerbHandler = (context: RequestContext) => Awaitable<Answer>;

/** What is served of a resource: a handler for each verb that it has. */
export type VerbTable = ReadonlyMap<string, VerbHandler>;
