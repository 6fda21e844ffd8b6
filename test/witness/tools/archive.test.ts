/** Reading one file out of a .tgz and a .zip, and refusing what is damaged. */

import test from 'ava';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';

type Read = (archive: Buffer, path: string) => Buffer;

const { readFromTgz, readFromZip } = (await import(
  pathToFileURL(join(rootOf(import.meta.dirname), 'test/witness/tools/archive.mjs')).href
)) as { readFromTgz: Read; readFromZip: Read };

function rootOf(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : rootOf(dirname(folder));
}

const CONTENTS = Buffer.from('what is inside '.repeat(100));

function tarEntry(name: string, contents: Buffer, prefix = ''): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write(contents.length.toString(8).padStart(11, '0'), 124);
  header.write('ustar', 257);
  header.write(prefix, 345);
  return Buffer.concat([header, contents, Buffer.alloc((512 - (contents.length % 512)) % 512)]);
}

interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly flags?: number;
  readonly crc?: number;
}

function zip(entries: readonly ZipEntry[], comment = ''): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, method, flags = 0, crc = crc32(CONTENTS) } of entries) {
    const packed = method === 8 ? deflateRawSync(CONTENTS) : CONTENTS;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    local.writeUInt16LE(4, 28);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(flags, 8);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(crc, 16);
    central.writeUInt32LE(packed.length, 20);
    central.writeUInt32LE(CONTENTS.length, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(offset, 42);
    const file = Buffer.concat([local, Buffer.from(name), Buffer.alloc(4), packed]);
    files.push(file);
    directory.push(central, Buffer.from(name));
    offset += file.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...files, ...directory, end, Buffer.from(comment)]);
}

test('a file comes out of a .tgz, whatever stands before it', (t) => {
  const archive = gzipSync(
    Buffer.concat([
      tarEntry('package/other', Buffer.alloc(700)),
      tarEntry('package/empty', Buffer.alloc(0)),
      tarEntry('file', CONTENTS, 'package/deep'),
      Buffer.alloc(1024),
    ]),
  );
  t.deepEqual(readFromTgz(archive, 'package/deep/file'), CONTENTS);
  t.throws(() => readFromTgz(archive, 'package/none'), { message: /not in the archive/ });
});

test('a .tgz that is damaged or cut short is refused', (t) => {
  const entry = tarEntry('file', CONTENTS);
  t.throws(() => readFromTgz(gzipSync(entry.subarray(0, 1024)), 'file'), { message: /cut short/ });
  entry.write('notoctal', 124);
  t.throws(() => readFromTgz(gzipSync(entry), 'file'), { message: /damaged/ });
  t.throws(() => readFromTgz(Buffer.from('no gzip'), 'file'));
});

test('a file comes out of a .zip, stored or deflated', (t) => {
  const archive = zip(
    [
      { name: 'kubectl/', method: 0 },
      { name: 'stored', method: 0 },
      { name: 'kubectl/kubectl', method: 8 },
    ],
    'a comment',
  );
  t.deepEqual(readFromZip(archive, 'stored'), CONTENTS);
  t.deepEqual(readFromZip(archive, 'kubectl/kubectl'), CONTENTS);
  t.throws(() => readFromZip(archive, 'kubectl'), { message: /not in the archive/ });
});

const WRONG: readonly (readonly [about: string, archive: Buffer, message: RegExp])[] = [
  ['another method', zip([{ name: 'file', method: 12 }]), /unknown method \(12\)/],
  ['encrypted', zip([{ name: 'file', method: 8, flags: 1 }]), /encrypted/],
  ['another sum', zip([{ name: 'file', method: 8, crc: 1 }]), /damaged/],
  ['no zip', Buffer.from('file'), /not a zip/],
  ['cut short', zip([{ name: 'file', method: 8 }]).subarray(0, -10), /not a zip/],
];

for (const [about, archive, message] of WRONG) {
  test(`a .zip that can't be read is refused: ${about}`, (t) => {
    t.throws(() => readFromZip(archive, 'file'), { message });
  });
}
