/**
 * What callers ask of a ResourceStore, and what they get. Requests are never changed: a caller may
 * use one again. Results are the caller's own.
 */

import type { Selectors } from '../../cache/index.js';
import type { Logger, RequestInfo, UserInfo } from '../../request/index.js';
import type { CachedObject } from '../../watch/index.js';
import type { JsonValue, ResourceVersion } from '../../object/index.js';
import type { DeletionOptions } from './deletion.js';
import type { JsonObject } from '../../object/lossless/index.js';

/** What happens to metadata fields that do not exist: they are dropped in any case. */
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/** Whose request it is: what hooks of the type's strategy are told besides the object. */
export interface Caller {
  readonly user: UserInfo;
  readonly requestInfo: RequestInfo;
  /** The audit ID. */
  readonly requestId: string;
  readonly logger: Logger;
}

interface WriteOptions {
  /** Default: the server itself, `system:apiserver`, with no request and a silent logger. */
  readonly caller?: Caller;
  /** The version that is asked and answered in. Default: the storage version. */
  readonly version?: ResourceVersion;
  /** Everything but the write. Default false. */
  readonly dryRun?: boolean;
  /** Stops between attempts. A write that has been sent is not taken back. */
  readonly signal?: AbortSignal;
}

export interface CreateRequest extends WriteOptions {
  /** `''` for a cluster-scoped type. */
  readonly namespace: string;
  /** A value of `decodeJson`. Not changed. */
  readonly object: JsonValue;
  /** Default Warn. */
  readonly fieldValidation?: FieldValidation;
}

export interface UpdateRequest extends WriteOptions {
  readonly namespace: string;
  readonly name: string;
  /** With `status` everything but the status stays as it is; others are only told to hooks. */
  readonly subresource?: string;
  /**
   * The object that is to be, made of the present one. Called again when somebody else was faster:
   * must depend on nothing else. The argument is the callee's own.
   */
  readonly change: (current: JsonObject) => JsonValue;
  /** Whether the change is a patch: what its result lacks is told in other words. */
  readonly isPatch?: boolean;
  readonly fieldValidation?: FieldValidation;
  /**
   * What is created where there is no such object, if the type's strategy allows it. Default: that
   * is 404 in any case.
   */
  readonly creation?: {
    readonly object: JsonValue;
    /** Rejects where the caller may not create. Asked once. */
    readonly authorize: () => Promise<void>;
  };
}

export interface DeleteRequest extends WriteOptions, DeletionOptions {
  readonly namespace: string;
  readonly name: string;
}

export interface DeleteCollectionRequest extends WriteOptions, DeletionOptions, Selectors {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  /** Only the first page is deleted. */
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'NotOlderThan' | 'Exact';
  /** Deletions at the same time. Default 1. */
  readonly workers?: number;
}

/** An object after a write. */
export interface Written {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The whole object, as JSON in the requested version. */
  readonly bytes: Uint8Array;
  /** `undefined` for what a dry run would have created. */
  readonly resourceVersion: string | undefined;
  readonly warnings: readonly string[];
}

export interface Updated extends Written {
  /** Whether it was not there before. */
  readonly created: boolean;
}

export interface Deleted extends Written {
  /** Whether the object is gone; else it waits for its finalizers. */
  readonly gone: boolean;
}

export interface DeletedCollection {
  /** Of the list that the objects are from. */
  readonly resourceVersion: string;
  /** Where a limit left some: how to go on, and how many they are. */
  readonly continue?: string | undefined;
  readonly remainingItemCount?: number | undefined;
  /** The shard selector, if there was one. */
  readonly shardSelector?: string | undefined;
  /** The objects as they were listed. */
  readonly objects: readonly CachedObject[];
}
