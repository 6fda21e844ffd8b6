/** etcd: the storage of many servers, its backup, and the client, usable by itself. */

export { BackupError, type BackupErrorCode } from '../backup/error.js';
export type { ExportOptions, ExportReport } from '../backup/export-lines.js';
export type { Finding, FindingCode, VerifyReport } from '../backup/finding.js';
export type { Existing, ImportReport, MergeReport } from '../backup/import-report.js';
export { exportEtcd, type ExportEtcdOptions } from './backup/export-etcd.js';
export { importEtcd, type ImportEtcdOptions } from './backup/import-etcd.js';
export type { EtcdBackupOptions } from './backup/options.js';
export { verifyEtcd } from './backup/verify-etcd.js';
export type { CallObserver, CallType } from './client/call-observer.js';
export type { CallOptions } from './client/caller.js';
export type { CircuitState } from './client/circuit.js';
export { EtcdClient } from './client/client.js';
export { EtcdError, type EtcdErrorCode, type EtcdErrorDetails } from './client/error.js';
export { keyBytes, prefixRange, type KeyRange } from './client/key-range.js';
export { COMPARE_RESULT, COMPARE_TARGET } from './client/kv.js';
export type {
  CompactionInit,
  DeleteRangeInit,
  KvClient,
  PutInit,
  RangeInit,
  TxnInit,
} from './client/kv.js';
export type { KeptLease, LeaseClient, LeaseGrantInit } from './client/lease.js';
export { ALARM, type MaintenanceClient } from './client/maintenance.js';
export type { AuthClient } from './client/auth.js';
export type { EtcdAuth, EtcdClientOptions, EtcdTls } from './client/options.js';
export type { PoolStats } from './client/pool.js';
export type { EtcdWatch, EtcdWatchObserver, EtcdWatchOptions } from './client/watcher.js';
export {
  CompactionRequestSchema,
  TxnRequestSchema,
  type CompactionRequest,
  type CompactionResponse,
  type Compare,
  type RequestOp,
  type ResponseOp,
  type TxnRequest,
  type TxnResponse,
} from './rpc/kv_pb.js';
export {
  LeaseGrantRequestSchema,
  type LeaseGrantRequest,
  type LeaseGrantResponse,
  type LeaseKeepAliveResponse,
  type LeaseRevokeResponse,
  type LeaseTimeToLiveResponse,
} from './rpc/lease_pb.js';
export type { AlarmMember, StatusResponse } from './rpc/maintenance_pb.js';
export {
  DeleteRangeRequestSchema,
  PutRequestSchema,
  RangeRequestSchema,
  type DeleteRangeRequest,
  type DeleteRangeResponse,
  type KeyValue,
  type PutRequest,
  type PutResponse,
  type RangeRequest,
  type RangeResponse,
  type ResponseHeader,
} from './rpc/range_pb.js';
export type { Event } from './rpc/watch_pb.js';
export { EtcdStorage, type EtcdStorageOptions } from './store/etcd-storage.js';
export type { EtcdOperation, EtcdStorageRequest, OnEtcdRequest } from './store/request-meter.js';
