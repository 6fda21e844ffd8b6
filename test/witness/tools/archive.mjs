/**
 * Taking one file out of a .tgz or a .zip, with what Node ships: neither tar nor unzip is
 * everywhere.
 *
 * Only what the fetched packages use: ustar entries, and zip entries that are stored or deflated,
 * not encrypted, below 4 GiB. Anything else is refused by name. Contents of a zip are checked by
 * CRC.
 */

import { crc32, gunzipSync, inflateRawSync } from 'node:zlib';

const TAR_BLOCK = 512;

/** The contents of the file `path` in a gzipped tar. Throws where there is none. */
export function readFromTgz(archive, path) {
  const tar = gunzipSync(archive);
  for (let offset = 0; offset + TAR_BLOCK <= tar.length;) {
    const text = (start, length) =>
      tar.toString('utf8', offset + start, offset + start + length).replace(/\0.*$/s, '');
    const name = text(0, 100);
    if (name === '') break;
    const prefix = text(345, 155);
    const size = Number.parseInt(text(124, 12), 8);
    if (Number.isNaN(size)) throw new Error(`${path}: the tar is damaged at ${offset}`);
    const start = offset + TAR_BLOCK;
    if ((prefix === '' ? name : `${prefix}/${name}`) === path) {
      if (start + size > tar.length) throw new Error(`${path}: the tar is cut short`);
      return tar.subarray(start, start + size);
    }
    offset = start + Math.ceil(size / TAR_BLOCK) * TAR_BLOCK;
  }
  throw new Error(`${path}: not in the archive`);
}

const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const ENTRY_SIGNATURE = 0x02014b50;
const ENTRY_BYTES = 46;
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_BYTES = 30;
const ENCRYPTED = 1;
const METHOD = { stored: 0, deflated: 8 };

/** The contents of the file `path` in a zip. Throws where there is none or it can't be read. */
export function readFromZip(archive, path) {
  const entry = findEntry(archive, path);
  const header = entry.offset;
  if (archive.readUInt32LE(header) !== LOCAL_SIGNATURE) throw new Error(`${path}: damaged zip`);
  const start =
    header + LOCAL_BYTES + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
  const packed = archive.subarray(start, start + entry.packedBytes);
  const bytes = entry.method === METHOD.stored ? packed : inflateRawSync(packed);
  if (bytes.length !== entry.bytes || crc32(bytes) !== entry.crc) {
    throw new Error(`${path}: damaged in the zip`);
  }
  return bytes;
}

function findEntry(archive, path) {
  const end = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0 || end + END_BYTES > archive.length || archive.readUInt32LE(end) !== END_SIGNATURE) {
    throw new Error('not a zip');
  }
  let offset = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    if (archive.readUInt32LE(offset) !== ENTRY_SIGNATURE) throw new Error('damaged zip directory');
    const nameBytes = archive.readUInt16LE(offset + 28);
    const name = archive.toString('utf8', offset + ENTRY_BYTES, offset + ENTRY_BYTES + nameBytes);
    if (name === path) return readEntry(archive, offset, path);
    offset +=
      ENTRY_BYTES +
      nameBytes +
      archive.readUInt16LE(offset + 30) +
      archive.readUInt16LE(offset + 32);
  }
  throw new Error(`${path}: not in the archive`);
}

function readEntry(archive, offset, path) {
  const method = archive.readUInt16LE(offset + 10);
  if ((archive.readUInt16LE(offset + 8) & ENCRYPTED) !== 0) throw new Error(`${path}: encrypted`);
  if (method !== METHOD.stored && method !== METHOD.deflated) {
    throw new Error(`${path}: compressed by an unknown method (${method})`);
  }
  return {
    method,
    crc: archive.readUInt32LE(offset + 16),
    packedBytes: archive.readUInt32LE(offset + 20),
    bytes: archive.readUInt32LE(offset + 24),
    offset: archive.readUInt32LE(offset + 42),
  };
}
