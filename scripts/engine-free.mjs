/**
 * Tests whose subject knows no engine, so that running them once for each would show nothing more.
 * What is below these paths imports neither lib/engine nor anything that does (test/tidy).
 */
export const ENGINE_FREE = [
  'test/auth/',
  'test/client/',
  'test/history/',
  'test/metrics/',
  'test/object/',
  'test/patch/',
  'test/request/',
  'test/rest-table/',
  'test/scripts/',
  'test/server/defragment',
  'test/server/store-etcd',
  'test/storage/',
  'test/tidy/',
];
