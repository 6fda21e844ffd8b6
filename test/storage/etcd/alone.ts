/** A program that does nothing but wait for etcd. Prints what it got. */

import { EtcdStorage } from '../../../lib/storage/etcd/index.js';
import { put } from '../conformance/subject.js';

const endpoints = process.argv.slice(2);
try {
  const storage = await EtcdStorage.open({ client: { endpoints } });
  const revision = await put(storage, '/g/r/a', '1');
  await storage.close();
  process.stdout.write(`written at ${revision}\n`);
} catch (error) {
  process.stdout.write(`${(error as Error).message}\n`);
}
