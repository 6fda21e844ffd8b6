/**
 * Text in double quotes, as upstream's messages quote names (Go's `%q`): what is printable stays as
 * it is, the rest is escaped, so that no name can break a message or a log line.
 */

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\u0007', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
  ['"', '\\"'],
  ['\\', '\\\\'],
]);

// Controls, separators other than the space, surrogates, private use, unassigned: Go escapes these.
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}|["\\]/gu;

/** `quote('a"b')` is `"a\"b"`. */
export function quote(text: string): string {
  return `"${text.replace(UNPRINTABLE, escapeCharacter)}"`;
}

function escapeCharacter(character: string): string {
  const short = SHORT_ESCAPES.get(character);
  if (short !== undefined) return short;
  const codePoint = character.codePointAt(0) ?? 0;
  const hexadecimal = codePoint.toString(16);
  if (codePoint < 0x80) return `\\x${hexadecimal.padStart(2, '0')}`;
  // A lone surrogate is no character: Go would have read it as the replacement character.
  if (codePoint >= 0xd800 && codePoint <= 0xdfff) return '\ufffd';
  return codePoint <= 0xffff
    ? `\\u${hexadecimal.padStart(4, '0')}`
    : `\\U${hexadecimal.padStart(8, '0')}`;
}
