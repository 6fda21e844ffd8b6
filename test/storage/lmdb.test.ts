import test from 'ava';

import { LmdbStorage } from '../../lib/storage/lmdb/index.js';
import { registerConformance } from './conformance.js';
import { makeFolder } from './folder.js';

registerConformance(test, 'lmdb', async (t, clock) =>
  LmdbStorage.open({ path: await makeFolder(t), clock }),
);
