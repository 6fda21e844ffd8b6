/**
 * The door of `shardwatch/testing`: a whole API server inside a test, with a clock to move, faults
 * to inject, and everything that happened to look at. It depends on no test runner.
 */

export { fakeClock, type FakeClock, type FakeClockOptions } from './clock.js';
export { TestingError, type TestingErrorCode } from './error.js';
export type {
  DelayOptions,
  DisconnectOptions,
  DuplicateOptions,
  ExpireOptions,
  Fault,
  FaultAnswer,
  FaultOptions,
  Faults,
  FaultStatus,
  OpenWatches,
  SlowOptions,
} from './faults/index.js';
export type { KubeconfigClientOptions, UserAccess } from './access.js';
export type { ChangeOptions, DeleteOptions, ListSelection, PatchOptions } from './objects.js';
export type { TestServerOptions, TestUser } from './options.js';
export type { EventRecorder, RecordedEvent, RecordOptions } from './recorder.js';
export type { RecordedRequest, RequestLog } from './request-log.js';
export type { RequestMatch, Verb } from './request-match.js';
export type { ObjectReference, ResourceName, ResourceReference } from './served-types.js';
export type { TestServer, WaitForObjectsOptions } from './server.js';
export type { ObjectSnapshot, SnapshotOptions, Volatile } from './snapshot.js';
export { startTestServer } from './start.js';
export type { Truthy, WaitOptions } from './wait.js';
