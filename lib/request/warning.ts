/**
 * Warnings that go with an answer (RFC 7234 §5.5, code 299), in the amounts upstream allows:
 * each text once, at most 4 096 characters in all; beyond that, each is cut to 256 characters.
 */

/** Characters of all warnings of one answer: clients and proxies bound what headers may take. */
const ALL_WARNINGS_MAX = 4_096;
/** Characters of each warning once all of them would be too long. */
const CUT_WARNING_MAX = 256;

/** The headers for `texts`, in order. */
export function warningHeaders(
  texts: readonly string[],
): readonly (readonly [name: 'Warning', value: string])[] {
  const unique = [...new Set(texts)].filter((text) => text !== '').map((text) => Array.from(text));
  const length = unique.reduce((sum, characters) => sum + characters.length, 0);
  if (length <= ALL_WARNINGS_MAX) return unique.map(warningHeader);
  const kept: (readonly string[])[] = [];
  let written = 0;
  for (const characters of unique) {
    if (written >= ALL_WARNINGS_MAX) break;
    const cut = characters.slice(0, CUT_WARNING_MAX);
    written += cut.length;
    kept.push(cut);
  }
  return kept.map(warningHeader);
}

function warningHeader(characters: readonly string[]): readonly ['Warning', string] {
  const text = characters
    .join('')
    // A control character would end the header.
    .replace(/\p{Cc}/gu, ' ')
    .replace(/["\\]/g, '\\$&');
  return ['Warning', `299 - "${asHeaderBytes(text)}"`];
}

// Header values travel as one byte per character: UTF-8 is spelled out, as Go sends it.
function asHeaderBytes(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}
