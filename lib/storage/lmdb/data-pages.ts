/**
 * The pages of LMDB's data file, read as bytes, without LMDB: it maps the file, so that a page
 * beyond the end kills the process (SIGBUS) and a damaged one may, where a clear error is wanted.
 *
 *     meta, pages 0 and 1   header 24 | magic 4, version 4, address 8, map size 8,
 *                           tree of free pages 48, tree of tables 48, last page 8, transaction 8
 *     header                page 8, transaction 8, padding 2, flags 2, lower 2, upper 2
 *                           (of an overflow run: its pages 4 in the place of the last two)
 *     tree                  padding 4 (the first one's: bytes of a page), flags 2, depth 2,
 *                           branches 8, leaves 8, overflow pages 8, entries 8, root 8
 *     branch, leaf          header 24 | offsets 2 each | free | nodes
 *     node                  low 4, flags 2, key bytes 2, key, data
 *
 *  1. Numbers have the byte order of the machine. Offsets count from behind the header.
 *  2. The file may be shorter than its last page tells: pages at its end that are free need never
 *     have been written. What a tree refers to always was.
 *  3. Whoever walks a file that is being written holds a read transaction that began before the
 *     meta page was read: no page of that tree is used again while it lasts.
 *
 * Source: mdb.c of LMDB 0.9.90 with page headers of 24 bytes, as lmdb 3.5 carries it.
 */

import { fstatSync, readSync } from 'node:fs';
import { endianness } from 'node:os';

import { StorageError } from '../contract.js';

export interface Tree {
  readonly name: string;
  readonly depth: number;
  readonly entries: number;
  readonly root: number;
}

export interface DataMeta {
  readonly pageBytes: number;
  readonly lastPage: number;
  readonly transaction: number;
  /** That of free pages, and that of tables. */
  readonly trees: readonly Tree[];
}

/** The newer of the two meta pages. Throws `corrupt` unless both are LMDB's. */
export function readDataMeta(file: number, path: string): DataMeta {
  const first = readMetaPage(file, path, 0);
  const second = readMetaPage(file, path, first.pageBytes);
  return second.transaction > first.transaction ? second : first;
}

/** Whether the file has every page up to the last one. If it has not, it may still be whole. */
export function isFullLength(file: number, meta: DataMeta): boolean {
  return fstatSync(file).size >= (meta.lastPage + 1) * meta.pageBytes;
}

/** Visits every page in use. Yields once a page: what is wrong with it, or `undefined`. */
export function* walkPages(
  file: number,
  meta: DataMeta,
): Generator<string | undefined, void, undefined> {
  const walk = new PageWalk(file, meta);
  // Trees of tables are added while that of their names is walked.
  for (const tree of walk.trees) yield* walk.walkTree(tree);
}

class PageWalk {
  readonly trees: Tree[];
  readonly #file: number;
  readonly #meta: DataMeta;
  readonly #pagesThere: number;
  readonly #visited: Uint8Array;
  #entries = 0;

  constructor(file: number, meta: DataMeta) {
    this.#file = file;
    this.#meta = meta;
    this.trees = [...meta.trees];
    this.#pagesThere = Math.floor(fstatSync(file).size / meta.pageBytes);
    const last = Math.min(meta.lastPage + 1, this.#pagesThere);
    this.#visited = new Uint8Array(Math.ceil(last / 8));
  }

  *walkTree(tree: Tree): Generator<string | undefined, void, undefined> {
    if (tree.root === NO_PAGE) return;
    this.#entries = 0;
    let isWhole = true;
    const stack = [{ page: tree.root, depth: tree.depth }];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const { page, depth } = next;
      const fault = this.#visit(page, depth, (child) => {
        stack.push({ page: child, depth: depth - 1 });
      });
      isWhole &&= fault === undefined;
      yield fault && `page ${page} (of ${tree.name}) ${fault}`;
    }
    if (isWhole && this.#entries !== tree.entries) {
      yield `${tree.name} has ${this.#entries} entries, but its tree tells ${tree.entries}`;
    }
  }

  #visit(page: number, depth: number, onChild: (page: number) => void): string | undefined {
    const bytes = this.#take(page, 1);
    if (typeof bytes === 'string') return bytes;
    const wanted = depth > 1 ? BRANCH : LEAF;
    if (readU16(bytes, FLAGS_OFFSET) !== wanted) {
      return `is no ${depth > 1 ? 'branch' : 'leaf'} page`;
    }
    const lower = readU16(bytes, LOWER_OFFSET);
    const upper = readU16(bytes, UPPER_OFFSET);
    const room = bytes.byteLength - HEADER_BYTES;
    const isOrdered = lower % 2 === 0 && lower > 0 && lower <= upper && upper <= room;
    if (!isOrdered) return 'is malformed: its bounds do not fit';
    for (let index = 0; index < lower / 2; index++) {
      const offset = readU16(bytes, HEADER_BYTES + 2 * index);
      if (offset < upper || offset + NODE_BYTES > room) return `is malformed: node ${index}`;
      const node = bytes.subarray(HEADER_BYTES + offset);
      if (depth > 1) onChild(readBranchPage(node));
      else {
        const fault = this.#visitNode(node);
        if (fault !== undefined) return `is malformed: node ${index} ${fault}`;
      }
    }
    return undefined;
  }

  #visitNode(node: Buffer): string | undefined {
    this.#entries++;
    const dataBytes = readU32(node, 0);
    const flags = readU16(node, 4);
    const start = NODE_BYTES + readU16(node, 6);
    const inPage = flags === BIG_DATA ? OVERFLOW_REFERENCE_BYTES : dataBytes;
    if (start + inPage > node.byteLength) return 'reaches beyond it';
    if (flags === BIG_DATA) return this.#visitOverflow(node.subarray(start), dataBytes);
    if (flags === SUB_DATA) {
      if (dataBytes !== TREE_BYTES) return 'is no tree';
      const name = node.toString('utf8', NODE_BYTES, start).replace(/\0$/, '');
      this.trees.push(readTree(node, start, `table ${name}`));
      return undefined;
    }
    return flags === 0 ? undefined : `has flags ${flags}`;
  }

  #visitOverflow(reference: Buffer, dataBytes: number): string | undefined {
    const page = readU64(reference, 0);
    const count = readU64(reference, 16);
    const needed = Math.ceil((HEADER_BYTES + dataBytes) / this.#meta.pageBytes);
    if (count < needed) return `has ${count} overflow pages and needs ${needed}`;
    const bytes = this.#take(page, count);
    if (typeof bytes === 'string') return `refers to page ${page}, which ${bytes}`;
    return readU16(bytes, FLAGS_OFFSET) === OVERFLOW
      ? undefined
      : `refers to page ${page}, which is no overflow page`;
  }

  // The page, the first one of a run; or what is wrong with it.
  #take(page: number, count: number): Buffer | string {
    const { pageBytes, lastPage } = this.#meta;
    const end = page + count;
    if (page < META_PAGES || end > lastPage + 1) return 'is none of the file’s';
    if (end > this.#pagesThere) return 'lies beyond the end of the file, which was cut off';
    for (let one = page; one < end; one++) {
      const bit = 1 << (one & 7);
      if ((this.#visited[one >>> 3]! & bit) !== 0) return 'is used twice';
      this.#visited[one >>> 3]! |= bit;
    }
    const bytes = Buffer.allocUnsafe(pageBytes);
    const read = readSync(this.#file, bytes, 0, pageBytes, page * pageBytes);
    if (read !== pageBytes) return 'lies beyond the end of the file, which was cut off';
    return readU64(bytes, 0) === page ? bytes : 'has another page’s content, or none';
  }
}

function readMetaPage(file: number, path: string, offset: number): DataMeta {
  const page = Buffer.alloc(META_BYTES);
  const isWhole = readSync(file, page, 0, META_BYTES, offset) === META_BYTES;
  if (!isWhole || readU32(page, MAGIC_OFFSET) !== MAGIC) {
    throw new StorageError('corrupt', `${path} is not an LMDB file, or is damaged`);
  }
  const version = readU32(page, VERSION_OFFSET) & 0xffff;
  const pageBytes = readU32(page, TREES_OFFSET);
  if (version !== DATA_VERSION || !PAGE_SIZES.has(pageBytes)) {
    const found = `version ${version}, pages of ${pageBytes} bytes`;
    throw new StorageError('corrupt', `${path} has a format that can't be read: ${found}`);
  }
  return {
    pageBytes,
    lastPage: readU64(page, LAST_PAGE_OFFSET),
    transaction: readU64(page, LAST_PAGE_OFFSET + 8),
    trees: [
      readTree(page, TREES_OFFSET, 'the free pages'),
      readTree(page, TREES_OFFSET + TREE_BYTES, 'the tables'),
    ],
  };
}

function readTree(bytes: Buffer, offset: number, name: string): Tree {
  return {
    name,
    depth: readU16(bytes, offset + 6),
    entries: readU64(bytes, offset + 32),
    root: readU64(bytes, offset + 40),
  };
}

// 48 bits: the flags of a branch's node are the top ones.
function readBranchPage(node: Buffer): number {
  return readU16(node, 4) * 2 ** 32 + readU32(node, 0);
}

function readU16(bytes: Buffer, offset: number): number {
  return IS_LITTLE ? bytes.readUInt16LE(offset) : bytes.readUInt16BE(offset);
}

function readU32(bytes: Buffer, offset: number): number {
  return IS_LITTLE ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset);
}

// Whatever a double can't hold is no page, and is refused as one beyond the file's.
function readU64(bytes: Buffer, offset: number): number {
  return Number(IS_LITTLE ? bytes.readBigUInt64LE(offset) : bytes.readBigUInt64BE(offset));
}

const IS_LITTLE = endianness() === 'LE';
const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const PAGE_SIZES = new Set([4096, 8192, 16384, 32768, 65536]);
const META_PAGES = 2;
const META_BYTES = 160;
const MAGIC_OFFSET = 24;
const VERSION_OFFSET = 28;
const TREES_OFFSET = 48;
const TREE_BYTES = 48;
const LAST_PAGE_OFFSET = 144;
const NO_PAGE = Number(0xffff_ffff_ffff_ffffn);
const HEADER_BYTES = 24;
const FLAGS_OFFSET = 18;
const LOWER_OFFSET = 20;
const UPPER_OFFSET = 22;
const NODE_BYTES = 8;
const OVERFLOW_REFERENCE_BYTES = 24;
const BRANCH = 1;
const LEAF = 2;
const OVERFLOW = 4;
const BIG_DATA = 1;
const SUB_DATA = 2;
