/** Opens heaps of the native engine: new ones, and those of other threads by their tokens. */

import { randomFillSync } from 'node:crypto';

import { EngineError } from '../engine-error.js';
import type { EngineHeap, EngineHeapOptions, HeapContents, HeapShare } from '../heap.js';
import { ABI_VERSION, HEAD_LANE, STATUS } from '../wire.js';
import { closed } from '../checks.js';
import type { Connection } from './connection.js';
import { statusError } from './errors.js';
import { NativeHeap } from './heap.js';

/** What a thread that attaches to a heap brings along. */
export type HeapAttachOptions = Pick<EngineHeapOptions, 'onDispatched'>;

const TITLE = 'the queue';

/** With `contents`, the heap goes on with what another one had. */
export function createHeap(
  connection: Connection,
  { capacity, sequences = Infinity, onDispatched }: EngineHeapOptions,
  contents: HeapContents | undefined,
): EngineHeap {
  const nonce = randomFillSync(new BigUint64Array(1))[0]!;
  connection.revisions[HEAD_LANE.nonce] = nonce;
  const handle = connection.addon.openHeap(connection.handle, capacity, sequences);
  if (handle < 0) throw statusError(handle, TITLE);
  const heap = new NativeHeap(connection, handle, { nonce, capacity, onDispatched });
  if (contents !== undefined) heap.load(contents);
  return heap;
}

export function attachHeap(
  connection: Connection,
  token: HeapShare,
  { onDispatched }: HeapAttachOptions,
): EngineHeap {
  const { id, nonce } = checkToken(token);
  connection.revisions[HEAD_LANE.nonce] = nonce;
  const handle = connection.addon.attachHeap(connection.handle, id);
  if (handle === STATUS.closed) throw closed(TITLE);
  if (handle === STATUS.invalidHandle) {
    throw new EngineError('not-shareable', `${TITLE} is not in this process, or not any more`);
  }
  if (handle < 0) throw statusError(handle, TITLE);
  return new NativeHeap(connection, handle, { nonce, capacity: undefined, onDispatched });
}

function checkToken(token: HeapShare): HeapShare {
  const { type, id, nonce, abi } = (token ?? {}) as Partial<HeapShare>;
  const isToken =
    type === 'shardwatch.heap' &&
    typeof id === 'number' &&
    typeof nonce === 'bigint' &&
    nonce === BigInt.asUintN(64, nonce) &&
    typeof abi === 'number';
  if (!isToken) throw new TypeError('a queue is joined with the token that its share() made');
  if (abi === ABI_VERSION) return token;
  throw new EngineError(
    'not-shareable',
    `${TITLE} is of another version of the engine: ABI ${abi}, not ${ABI_VERSION}`,
  );
}
