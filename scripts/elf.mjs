/**
 * What a Linux shared object asks of the system that it is loaded on, read out of the file: no
 * binutils are needed, and none that know the processor.
 */

const MAGIC = 0x464c457f;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const MACHINES = { 62: 'x64', 183: 'arm64' };

/** Section headers: what is in one, and where. */
const SECTION_BYTES = 64;
const NEEDED_VERSIONS = 0x6ffffffe;

/**
 * Resolves what is in `bytes` to `{ arch, sections, needed }`: the processor as Node names it, the
 * names of the sections, and for each library the symbol versions that are asked of it
 * (`{ 'libc.so.6': ['GLIBC_2.17', …] }`). Throws for what is no 64-bit ELF file.
 */
export function readElf(bytes) {
  const isElf = bytes.length > SECTION_BYTES && bytes.readUInt32LE(0) === MAGIC;
  if (!isElf || bytes[4] !== CLASS_64 || bytes[5] !== LITTLE_ENDIAN) {
    throw new Error('no little-endian 64-bit ELF file');
  }
  const arch = MACHINES[bytes.readUInt16LE(18)];
  if (arch === undefined) throw new Error(`machine ${bytes.readUInt16LE(18)} is not known`);
  const sections = readSections(bytes);
  const needed = sections.find(({ type }) => type === NEEDED_VERSIONS);
  return {
    arch,
    sections: sections.map(({ name }) => name),
    needed:
      needed === undefined ? {} : readNeeded(bytes, needed.offset, sections[needed.link].offset),
  };
}

/**
 * The newest version of a kind (`GLIBC`) that a file's `needed` names, such as `2.17`, or undefined
 * where it names none. Names without a number (GLIBC_PRIVATE) are newer than any number: they bind
 * to one build of the library.
 */
export function newestVersion(needed, kind) {
  const numbers = Object.values(needed)
    .flat()
    .filter((name) => name.startsWith(`${kind}_`))
    .map((name) => name.slice(kind.length + 1));
  return numbers.toSorted(compareVersions).at(-1);
}

/** Below 0 where `a` is the older one. */
export function compareVersions(a, b) {
  const parts = (version) => version.split('.').map((part) => (/^\d+$/.test(part) ? +part : 1e9));
  const [left, right] = [parts(a), parts(b)];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function readSections(bytes) {
  const at = Number(bytes.readBigUInt64LE(40));
  const count = bytes.readUInt16LE(60);
  const headers = Array.from({ length: count }, (_, index) => {
    const header = at + index * SECTION_BYTES;
    return {
      nameAt: bytes.readUInt32LE(header),
      type: bytes.readUInt32LE(header + 4),
      offset: Number(bytes.readBigUInt64LE(header + 24)),
      link: bytes.readUInt32LE(header + 40),
    };
  });
  const names = headers[bytes.readUInt16LE(62)];
  return headers.map((header) => ({
    ...header,
    name: textAt(bytes, names.offset + header.nameAt),
  }));
}

// Records of libraries, each with records of versions, linked by distances; 0 is the end.
function readNeeded(bytes, start, texts) {
  const needed = {};
  for (let library = start; ;) {
    const name = textAt(bytes, texts + bytes.readUInt32LE(library + 4));
    const versions = [];
    for (let version = library + bytes.readUInt32LE(library + 8); ;) {
      versions.push(textAt(bytes, texts + bytes.readUInt32LE(version + 8)));
      const next = bytes.readUInt32LE(version + 12);
      if (next === 0) break;
      version += next;
    }
    needed[name] = versions;
    const next = bytes.readUInt32LE(library + 12);
    if (next === 0) return needed;
    library += next;
  }
}

function textAt(bytes, offset) {
  return bytes.toString('latin1', offset, bytes.indexOf(0, offset));
}
